r"""A reward for each source of data, where one run has several domains.

    python -m verl.trainer.main_ppo reward.custom_reward_function.path=reward_fns/mixed.py \
        '+reward.custom_reward_function.reward_kwargs.routes=[{source: a, reward: boxed}, {source: b*, reward: zero}]' \
        data.train_files=train.parquet data.val_files=test.parquet actor_rollout_ref.model.path=MODEL

`source` is a pattern of the column `data_source`: exact, or with `*` for any text. `reward` is a preset of
still_verl's, or the dotted name of a preset or of a function (sample) -> number of your own. `weight`, `normalize` and
`name` are as in `still.reward.routes`, see docs/domains.md. A source without a route is an error, and so are two routes
for one source. Every row has the same keys. Terms of length need `still.reward.routes` and the manager `still`.
"""

from collections.abc import Sequence
from typing import Any

from still_verl.rewards.drop_in import score_by_route


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: dict[str, Any] | None = None,
    *,
    routes: Sequence[Any],
    verifier: str | None = None,
    **kwargs: Any,
) -> dict[str, float | str | None]:
    """Score one response by the route of its source; a term that another domain has is None."""
    return score_by_route(data_source, solution_str, ground_truth, routes, extra_info, verifier)
