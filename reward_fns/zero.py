r"""The Zero reward of STILL-3: 1 when the answer is right and the response well formed, else 0.

    python -m verl.trainer.main_ppo reward.custom_reward_function.path=reward_fns/zero.py \
        data.train_files=train.parquet data.val_files=test.parquet actor_rollout_ref.model.path=MODEL

Well formed is `<think>...</think><answer>...</answer>` and nothing else. The prompt is taken to end in `<think>`, as in
the study. When the model writes that tag itself:

        +reward.custom_reward_function.reward_kwargs.prefilled_think=False

Only the response is read, so tags in the prompt change nothing.
"""

from dataclasses import replace
from typing import Any

from still_verl.rewards.drop_in import score_response
from still_verl.rewards.presets import ZERO


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: dict[str, Any] | None = None,
    prefilled_think: bool = True,
    verifier: str = "strict",
    **kwargs: Any,
) -> dict[str, float | str]:
    """Score one response: `score` is 1.0 or 0.0, `acc` leaves the format out, `term_format` is the format alone."""
    preset = replace(ZERO, prefilled_think=prefilled_think, verifier=verifier)
    return score_response(solution_str, ground_truth, preset, extra_info)
