"""1 when the final answer of the response is right, else 0; answers are compared as mathematics.

    python -m verl.trainer.main_ppo reward.custom_reward_function.path=reward_fns/boxed_math.py \
        data.train_files=train.parquet data.val_files=test.parquet ...

Works with any verl reward manager that calls a function, synchronous or asynchronous, and without still_verl's plugin.
"""

from typing import Any

from still_verl.rewards.compose import boxed_math


def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: dict[str, Any] | None = None, **kwargs: Any
) -> dict[str, float | str]:
    """Score one response: `score` and `acc` are 1.0 or 0.0; `pred`, `extracted_by` and `reason` say why."""
    return boxed_math(solution_str, str(ground_truth))
