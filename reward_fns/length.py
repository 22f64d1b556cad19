r"""RRL of STILL-3 (section 4.2): +1 or -1 for the answer, plus L/L_max for the length of the response in tokens.

    python -m verl.trainer.main_ppo reward.custom_reward_function.path=reward_fns/length.py \
        +reward.custom_reward_function.reward_kwargs.max_tokens=8192 \
        +reward.custom_reward_function.reward_kwargs.tokenizer=MODEL \
        data.train_files=train.parquet data.val_files=test.parquet actor_rollout_ref.model.path=MODEL

The study found that it lengthens responses most and hurts accuracy: it is here for the ablation.
"""

from dataclasses import replace
from typing import Any

from still_verl.rewards.drop_in import count_tokens, score_response
from still_verl.rewards.presets import RRL


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: dict[str, Any] | None = None,
    *,
    max_tokens: int,
    tokenizer: str | None = None,
    verifier: str = "strict",
    **kwargs: Any,
) -> dict[str, float | str]:
    """Score one response: `score` lies between -1.0 and 2.0; `term_length` is L/L_max."""
    tokens = count_tokens(solution_str, extra_info, tokenizer)
    preset = replace(RRL, verifier=verifier)
    return score_response(solution_str, ground_truth, preset, extra_info, tokens=tokens, max_tokens=max_tokens)
