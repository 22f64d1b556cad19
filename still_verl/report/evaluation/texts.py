"""What only the responses of a model tell: how it reasons in words, and which answers were not found."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from still_verl.evaluation.rows import Row
from still_verl.monitor.keywords import ACTION, Keywords, split_words

EXAMPLES = 3  # of each kind


@dataclass
class Texts:
    """The responses of a model to one benchmark.

    Attributes:
        responses: how many were read.
        words: of all of them.
        hits: by category, how many keywords are in them.
        unanswered: responses that ended by themselves and in which no answer was found, some of them.
        disputed: those whose answer the strict verifier calls wrong and the lenient one right, some of them.
    """

    responses: int = 0
    words: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    unanswered: list[Row] = field(default_factory=list)
    disputed: list[Row] = field(default_factory=list)

    def per_thousand_words(self) -> dict[str, float]:
        """Return the keywords of each category for each 1,000 words; nothing where there are no words."""
        if not self.words:
            return {}
        return {name: 1000 * count / self.words for name, count in self.hits.items() if name != ACTION}

    def add(self, text: str, row: Row, keywords: Keywords) -> None:
        """Count one response; `row` is its scored sample, with the text."""
        self.responses += 1
        self.words += len(split_words(text))
        for name, count in keywords.count(text).items():
            self.hits[name] = self.hits.get(name, 0) + count
        if row.extracted_by is not None and not row.answered and row.finish_reason != "length":
            _keep(self.unanswered, row)
        elif row.strict is not None and row.strict != row.lenient:
            _keep(self.disputed, row)


def read_texts(texts: Iterable[Row], scored: Iterable[Row], keywords: Keywords | None = None) -> dict[str, Texts]:
    """Read the responses of each benchmark, one after the other: they need not fit into memory.

    Args:
        texts: the samples with their prompts and responses.
        scored: the same samples in the same order, scored; they may have lost their texts.

    Raises:
        ValueError: there are more of one than of the other.
    """
    words = keywords or Keywords()
    found: dict[str, Texts] = {}
    for sample, row in zip(texts, scored, strict=True):
        if row.scored and sample.response is not None:
            whole = replace(row, prompt=sample.prompt, response=sample.response)
            found.setdefault(row.benchmark, Texts()).add(sample.response, whole, words)
    return found


def _keep(examples: list[Row], row: Row) -> None:
    if len(examples) < EXAMPLES:
        examples.append(row)
