"""The metrics of groups against figures made by hand."""

import numpy as np
import pytest

from still_verl.monitor.groups import group_metrics
from still_verl.monitor.rows import StepRows


def rows(groups: dict[str, list[tuple[float, float, list[int]]]]) -> StepRows:
    """Rows of groups of (score, acc, response)."""
    uids = [uid for uid, samples in groups.items() for _ in samples]
    samples = [sample for each in groups.values() for sample in each]
    infos = [{"acc": acc} for _, acc, _ in samples]
    scores = np.array([score for score, _, _ in samples])
    return StepRows(uids, scores, [""] * len(uids), infos, [{}] * len(uids), [ids for _, _, ids in samples])


def test_shares_of_groups() -> None:
    found = group_metrics(
        rows(
            {
                "right, with one bonus": [(1.0, 1, [1]), (1.1, 1, [2])],
                "wrong and equal": [(0.0, 0, [3, 4]), (0.0, 0, [3, 4]), (0.0, 0, [3, 4])],
                "mixed": [(1.0, 1, [5]), (0.0, 0, [6])],
                "mixed, one reward": [(0.5, 1, [7]), (0.5, 0, [7])],
                "alone": [(1.0, 1, [8])],
            }
        )
    )
    assert found == pytest.approx(
        {
            "groups/all_right": 1 / 4,
            "groups/all_wrong": 1 / 4,
            "groups/pass_at_n": 3 / 4,
            "groups/equal_reward": 2 / 4,
            "groups/effective_batch": 4,
            "groups/reward_spread": (0.05 + 0 + 0.5 + 0) / 4,
            "groups/distinct": (1 + 1 / 3 + 1 + 1 / 2) / 4,
        }
    )


def test_without_groups_there_is_nothing() -> None:
    assert group_metrics(rows({"a": [(1.0, 1, [1])], "b": [(0.0, 0, [2])]})) == {}
    assert group_metrics(rows({})) == {}
