r"""The reward of STILL-3 for a model that was distilled: +1 when the boxed answer is right, else -1.

    python -m verl.trainer.main_ppo reward.custom_reward_function.path=reward_fns/distill.py \
        data.train_files=train.parquet data.val_files=test.parquet actor_rollout_ref.model.path=MODEL

An unfinished response has no box and so gets -1, as in the study.
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
    """Score one response: `score` is 1.0 or -1.0, `acc` is 1.0 or 0.0."""
    return score_by_preset("distill", solution_str, ground_truth, extra_info, verifier=verifier)
