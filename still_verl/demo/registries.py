"""What a user may choose by name for the demo."""

from typing import TYPE_CHECKING, Any

from still_verl.registry import Registry

if TYPE_CHECKING:
    from still_verl.demo.failures.failure import DemoFailure

_TABLE = "still_verl.demo.failures.table"


def _is_failure(found: Any) -> bool:
    from still_verl.demo.failures.failure import DemoFailure

    return isinstance(found, DemoFailure)


FAILURES: "Registry[DemoFailure]" = Registry(
    "--failure",
    "a still_verl.demo.failures.failure.DemoFailure",
    {
        "constant_reward": f"{_TABLE}.CONSTANT_REWARD",
        "length": f"{_TABLE}.LENGTH",
        "words": f"{_TABLE}.WORDS",
        "entropy_collapse": f"{_TABLE}.ENTROPY_COLLAPSE",
        "cold": f"{_TABLE}.COLD",
        "truncation": f"{_TABLE}.TRUNCATION",
        "no_stop": f"{_TABLE}.NO_STOP",
        "too_hard": f"{_TABLE}.TOO_HARD",
        "too_easy": f"{_TABLE}.TOO_EASY",
    },
    _is_failure,
)
