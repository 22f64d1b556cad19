"""A row on its way: what it was read as, and what became of it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from still_verl.curation.tokens import Tokens, plain_text, tokens_of_plain
from still_verl.rewards.gold import UnreadableGold, read_gold

SCORED_BY_TESTS = "tests"  # the kind of a row whose ground truth is a program's tests
KINDS = ("math", SCORED_BY_TESTS)


class Reject(ValueError):
    """A row that cannot be read; the message says why."""


class MissingColumn(Reject):
    """A row without a column that names a problem."""


@dataclass(frozen=True)
class Fields:
    """What an adapter finds in a row.

    Attributes:
        problem: what is asked, without a template around it.
        answer: the right answer in any form that `rewards.gold.read_gold` reads; None where there is none.
        solution: a worked solution, "" without one.
        id: the name that the row has for itself, "" without one.
        data_source: where it says that it is from, "" without one.
        kind: "math", or "tests" where the answer is a program's tests.
        extra: further columns to keep, as text or numbers.
    """

    problem: str
    answer: Any = None
    solution: str = ""
    id: str = ""
    data_source: str = ""
    kind: str = "math"
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class Row:
    """A row that was read, for filters.

    Attributes:
        fields: what the adapter found.
        id: its name; made from file and line where it has none.
        file: the label of its file.
    """

    fields: Fields
    id: str
    file: str

    @property
    def problem(self) -> str:
        """Return what is asked."""
        return self.fields.problem

    @cached_property
    def right_answers(self) -> tuple[str, ...]:
        """Return the right answers as text, one of which is enough; empty where there is none that can be read."""
        if self.fields.answer is None or self.fields.kind == SCORED_BY_TESTS:
            return ()
        try:
            return read_gold(self.fields.answer)
        except UnreadableGold:
            return ()

    @cached_property
    def tokens(self) -> Tokens:
        """Return the tokens of the problem."""
        return tokens_of_plain(self.problem, self.plain_cased)

    @cached_property
    def plain(self) -> str:
        """Return the problem without markup, in lower case, with single spaces."""
        return " ".join(self.plain_cased.lower().split())

    @cached_property
    def plain_cased(self) -> str:
        """Return the problem without markup."""
        return plain_text(self.problem)
