"""What a curation may choose by name; a dotted name is a function of your own."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

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
