r"""1 for the right answer, plus a small bonus when the code interpreter helped: at least one call of it succeeded.

    python -m verl.trainer.main_ppo reward.custom_reward_function.path=reward_fns/tools.py \
        +recipe=base still/rollout=code \
        +reward.custom_reward_function.reward_kwargs.bonus=0.1 \
        data.train_files=train.parquet data.val_files=test.parquet actor_rollout_ref.model.path=MODEL

The agent loop `still_code` counts its calls, and verl hands the counts to the reward in `extra_info`. A wrong answer
gets no bonus, and more calls get no more, so that a model cannot earn by calling for calling's sake.
"""

from typing import Any

from still_verl.rewards.drop_in import counted, score_response
from still_verl.rewards.presets import Preset


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: dict[str, Any] | None = None,
    bonus: float = 0.1,
    verifier: str = "strict",
    **kwargs: Any,
) -> dict[str, float | str]:
    """Score one response: `score` is 0.0, 1.0 or 1.0 + `bonus`; `term_tools` is 1.0 where the bonus is paid."""
    preset = Preset({"correct": 1.0, "tools": bonus}, verifier=verifier)
    tool_ok = counted(extra_info, "tool_ok")
    return score_response(solution_str, ground_truth, preset, extra_info, tool_ok=tool_ok)
