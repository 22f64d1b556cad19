r"""1 when the answer in the last `\boxed{}` is right, else 0; answers are compared as mathematics.

    python -m verl.trainer.main_ppo reward.custom_reward_function.path=reward_fns/boxed_math.py \
        data.train_files=train.parquet data.val_files=test.parquet actor_rollout_ref.model.path=MODEL

To accept an answer outside of a box as well, name the extractors in the order to try them:

        '+reward.custom_reward_function.reward_kwargs.extractors=[boxed,answer_tag,answer_is,after_think]'

Training compares strictly. For evaluation, accept what a person who grades would (in every file of `reward_fns/`):

        +reward.custom_reward_function.reward_kwargs.verifier=lenient

Works with every verl reward manager that calls a function, synchronous or not, and without still_verl's plugin.
"""

from collections.abc import Sequence
from typing import Any

from still_verl.rewards.drop_in import score_by_preset


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: dict[str, Any] | None = None,
    extractors: Sequence[str] | None = None,
    order: Sequence[str] | None = None,
    verifier: str = "strict",
    **kwargs: Any,
) -> dict[str, float | str]:
    """Score one response: `score` and `acc` are 1.0 or 0.0; `pred`, `extracted_by` and `reason` say why.

    `order` is the old name of `extractors`, read for one release.
    """
    return score_by_preset("boxed", solution_str, ground_truth, extra_info, extractors or order, verifier)
