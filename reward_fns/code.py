r"""1 when the program in the response passes all tests of its row, else 0; every test in a sandbox.

    python -m verl.trainer.main_ppo reward.custom_reward_function.path=reward_fns/code.py \
        data.train_files=train.parquet data.val_files=test.parquet actor_rollout_ref.model.path=MODEL

`ground_truth` has the tests, in the layouts of APPS, TACO, PrimeIntellect, CodeContests, LiveCodeBench, KodCode,
HumanEval and MBPP, as a mapping or as JSON; see docs/code.md. In place of `verl.utils.reward_score.prime_code`:

        '+reward.custom_reward_function.reward_kwargs={seconds: 10, fraction: true}'

The options are those of `still.reward.tests`. Without a sandbox the reward raises: that is no fault of the program.
"""

from typing import Any

from still_verl.rewards.code.settings import CodeConfig
from still_verl.rewards.drop_in import score_response
from still_verl.rewards.presets import Preset


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: dict[str, Any] | None = None,
    *,
    seconds: float = 6.0,
    seconds_per_answer: float = 60.0,
    memory_mb: int = 1024,
    fraction: bool = False,
    most: int | None = None,
    seed: int = 0,
    comparison: str | None = None,
    tolerance: float = 1e-9,
    sandbox: str = "local",
    url: str | None = None,
    minimum_tier: str = "basic",
    allow_unsandboxed: bool = False,
    **kwargs: Any,
) -> dict[str, float | str | None]:
    """Score one response: `score` is 1.0 or 0.0, or the share of tests with `fraction`; `reason` says why."""
    tests = CodeConfig(
        seconds=seconds,
        seconds_per_answer=seconds_per_answer,
        memory_mb=memory_mb,
        fraction=fraction,
        most=most,
        seed=seed,
        comparison=comparison,
        tolerance=tolerance,
        sandbox=sandbox,
        url=url,
        minimum_tier=minimum_tier,
        allow_unsandboxed=allow_unsandboxed,
    )
    preset = Preset({"tests": 1.0}, extractors=("program",), judge="tests", tests=tests)
    return score_response(solution_str, ground_truth, preset, extra_info)
