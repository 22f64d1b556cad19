r"""RRA of STILL-3 (section 4.2): +1 or -1 for the answer, plus min(A, 20)/20 for A words of reasoning actions.

    python -m verl.trainer.main_ppo reward.custom_reward_function.path=reward_fns/actions.py \
        data.train_files=train.parquet data.val_files=test.parquet actor_rollout_ref.model.path=MODEL

The words are however, but, wait, verify, alternatively. Of the study's ways to lengthen responses it is the one that
did not hurt accuracy.
"""

from typing import Any

from still_verl.rewards.drop_in import score_by_preset


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: dict[str, Any] | None = None,
    verifier: str = "strict",
    **kwargs: Any,
) -> dict[str, float | str]:
    """Score one response: `score` lies between -1.0 and 2.0; `term_actions` is the bonus."""
    return score_by_preset("rra", solution_str, ground_truth, extra_info, verifier=verifier)
