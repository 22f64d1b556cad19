"""What a demonstration's sample has beside its text, for `judge`."""

from collections.abc import Iterable, Sequence
from typing import Any

OWN_OUTPUT = "own_output"  # why a response ended: the teacher made up an output


def record_of(
    outcomes: Sequence[str], programs: Sequence[str], own_outputs: int, models: Iterable[str]
) -> dict[str, Any]:
    """Return the record of a sample.

    Args:
        outcomes: how each program ended, see `interpreter.tool_stats.OUTCOMES`.
        programs: their code.
        own_outputs: outputs that the teacher wrote itself.
        models: names that the server gave to the model; an empty one where it gave none.
    """
    return {
        "outcomes": list(outcomes),
        "programs": list(programs),
        "own_outputs": own_outputs,
        "models": sorted(filter(None, models)),
    }
