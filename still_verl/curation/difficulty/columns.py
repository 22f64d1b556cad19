"""The columns that a graded training set has besides its own."""

from collections.abc import Sequence
from typing import Any, NamedTuple

COLUMNS = ("pass_rate", "n", "interval", "difficulty", "difficulty_model", "difficulty_settings")


class Grade(NamedTuple):
    """What is known of one row.

    Attributes:
        right: samples that are right.
        samples: that were judged.
        interval: of the pass rate.
        decision: one of `sequential.DECISIONS`.
    """

    right: int
    samples: int
    interval: tuple[float, float]
    decision: str

    @property
    def rate(self) -> float | None:
        """Return the share of right samples; None without any."""
        return self.right / self.samples if self.samples else None


def with_columns(table: Any, grades: Sequence[Grade], model: str, settings: str) -> Any:
    """Return a `pyarrow.Table` with the columns of `COLUMNS` behind its own.

    Args:
        table: a row for each grade, in their order.
        grades: of the rows.
        model: its name, the same for all rows.
        settings: of the samples and of the rule as JSON, likewise.
    """
    import pyarrow as pa

    values = {
        "pass_rate": pa.array([grade.rate for grade in grades], pa.float64()),
        "n": pa.array([grade.samples for grade in grades], pa.int32()),
        "interval": pa.array([list(grade.interval) for grade in grades], pa.list_(pa.float64())),
        "difficulty": pa.array([grade.decision for grade in grades], pa.string()),
        "difficulty_model": pa.array([model] * len(grades), pa.string()),
        "difficulty_settings": pa.array([settings] * len(grades), pa.string()),
    }
    for name in COLUMNS:
        table = table.append_column(name, values[name])
    return table
