"""What a curation may choose by name; a dotted name is a function of your own."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from still_verl.config_errors import ConfigError
from still_verl.registry import Registry

if TYPE_CHECKING:
    from still_verl.curation.rows import Fields, Row

FILTERS: "Registry[Callable[[Row], str]]" = Registry(
    "--filter",
    "a function (still_verl.curation.rows.Row) -> why the row is dropped, or an empty text",
    {
        "no_answer": "still_verl.curation.filters.answers.no_answer",
        "unreadable_answer": "still_verl.curation.filters.answers.unreadable_answer",
        "prose_answer": "still_verl.curation.filters.answers.prose_answer",
        "several_answers": "still_verl.curation.filters.several_answers.several_answers",
        "answer_given": "still_verl.curation.filters.answer_given.answer_given",
        "multiple_choice": "still_verl.curation.filters.multiple_choice.multiple_choice",
        "proof": "still_verl.curation.filters.proof.proof",
        "several_parts": "still_verl.curation.filters.several_parts.several_parts",
        "open_ended": "still_verl.curation.filters.open_ended.open_ended",
        "missing_picture": "still_verl.curation.filters.missing_picture.missing_picture",
        "incomplete": "still_verl.curation.filters.incomplete.incomplete",
        "yes_or_no": "still_verl.curation.filters.yes_or_no.yes_or_no",
    },
    arguments=1,
)

ADAPTERS: "Registry[Callable[[Mapping[str, Any]], Fields]]" = Registry(
    "--adapter",
    "a function (columns of a row) -> still_verl.curation.rows.Fields",
    {
        "auto": "still_verl.curation.adapters.auto",
        "columns": "still_verl.curation.adapters.columns",
        "verl": "still_verl.curation.adapters.verl",
        "conversations": "still_verl.curation.adapters.conversations",
        "human_eval": "still_verl.curation.adapters.human_eval",
        "champ": "still_verl.curation.adapters.champ",
    },
    arguments=1,
)

# What is dropped by comparison, in every run, and how to do without.
COMPARED = {
    "leak": "--against says with what rows are compared",
    "suspect": "--keep-suspects keeps such rows",
    "duplicate": "rows are always compared with each other",
    "conflict": "rows are always compared with each other",
}
TAKEN = (*COMPARED, "reviewed")  # names under which rows are dropped that are no filter's


def check_filters(option: str, names: Sequence[str]) -> None:
    """Refuse names that are no filter of single rows, or two that rows would be dropped under alike.

    Raises:
        ConfigError: names the option, the value and the fix.
    """
    called: dict[str, str] = {}
    for name in names:
        if name in COMPARED:
            raise ConfigError(
                f"{option} {name}: it is no filter of single rows, and cannot be chosen: {COMPARED[name]}"
            )
        FILTERS.find(name, option)
        label = FILTERS.label(name)
        if label in TAKEN:
            raise ConfigError(f"{option} {name}: rows are dropped as {label!r} for another reason; rename the function")
        if called.setdefault(label, name) != name:
            raise ConfigError(f"{option} {name}: {called[label]} drops rows as {label!r}, too; leave out one of them")
