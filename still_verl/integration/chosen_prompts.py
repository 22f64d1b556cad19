"""The prompts of a run in an order that is decided as it goes, in place of verl's loader of training data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from verl.utils.dataset.rl_dataset import collate_fn

if TYPE_CHECKING:
    from omegaconf import DictConfig

MEDIA = ("image_key", "video_key", "audio_key")  # settings of `data` that name columns of what is no text


class ChosenPrompts:
    """Endless batches of prompts, each chosen when it is asked for: nothing is fetched ahead, so no choice is late.

    It stands where verl has a `StatefulDataLoader`, and has what verl calls of one.
    """

    def __init__(self, dataset: Any, size: Callable[[], int], choose: Callable[[int], list[int]]) -> None:
        """Prepare to read a data set.

        Args:
            dataset: of training.
            size: returns the number of prompts of a batch.
            choose: returns so many numbers of rows.
        """
        self._dataset = dataset
        self._size = size
        self._choose = choose

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            yield collate_fn([self._dataset[row] for row in self._choose(self._size())])

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: the callback keeps what decides the order."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Ignore the place in an order that this run does not have."""


def problem_keys(dataset: Any, data: DictConfig) -> list[str]:
    """Return for each row what stands for its problem: rows that ask the same, and pay the same, have one key.

    Where rows have images, or a data set of the user's own shows no table, each row is a problem.

    Args:
        dataset: of training.
        data: the node `data` of the job.
    """
    table = getattr(dataset, "dataframe", None)
    names = getattr(table, "column_names", None)
    if table is None or names is None or any(data.get(key) in names for key in MEDIA):
        return [f"row {number}" for number in range(len(dataset))]
    wanted = [data.prompt_key, data.reward_fn_key, "reward_model", "agent_name"]
    columns = [name for name in dict.fromkeys(wanted) if name in names]
    keys = []
    for batch in table.select_columns(columns).iter(1000):
        for row in zip(*(batch[name] for name in columns), strict=True):
            text = json.dumps(row, sort_keys=True, default=str)
            keys.append(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest())
    return keys


def graded(dataset: Any, rows: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return right and wrong samples of some rows, from the columns that `still-verl data difficulty` adds.

    Raises:
        ValueError: the data set shows no such columns.
    """
    table = getattr(dataset, "dataframe", None)
    if table is None or not {"pass_rate", "n"} <= set(table.column_names):
        raise ValueError("still.curriculum.graded=true: the data set has no columns pass_rate and n; set it to false")
    samples = np.array(table["n"], dtype=float)[rows]
    rates = np.array([rate or 0.0 for rate in table["pass_rate"]], dtype=float)[rows]
    return samples * rates, samples * (1 - rates)
