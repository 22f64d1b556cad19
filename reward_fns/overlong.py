r"""+1 or -1 for the answer, minus DAPO's soft penalty in the last tokens before the limit (arXiv 2503.14476, eq. 13).

    python -m verl.trainer.main_ppo reward.custom_reward_function.path=reward_fns/overlong.py \
        +reward.custom_reward_function.reward_kwargs.max_tokens=8192 \
        +reward.custom_reward_function.reward_kwargs.buffer=2048 \
        +reward.custom_reward_function.reward_kwargs.tokenizer=MODEL \
        data.train_files=train.parquet data.val_files=test.parquet actor_rollout_ref.model.path=MODEL
"""

from dataclasses import replace
from typing import Any

from still_verl.rewards.drop_in import count_tokens, score_response
from still_verl.rewards.presets import OVERLONG


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: dict[str, Any] | None = None,
    *,
    max_tokens: int,
    buffer: int,
    tokenizer: str | None = None,
    verifier: str = "strict",
    **kwargs: Any,
) -> dict[str, float | str]:
    """Score one response: `score` lies between -2.0 and 1.0; `term_overlong` is the penalty."""
    tokens = count_tokens(solution_str, extra_info, tokenizer)
    preset = replace(OVERLONG, overlong_buffer=buffer, verifier=verifier)
    return score_response(solution_str, ground_truth, preset, extra_info, tokens=tokens, max_tokens=max_tokens)
