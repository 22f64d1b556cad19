"""Problems of a benchmark that a model was trained on, found in the training set itself."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from still_verl.config_errors import ConfigError
from still_verl.evaluation.problems import Benchmark, read_texts

MANIFEST = "manifest.json"  # of a folder that `still-verl data curate` wrote
WINDOW = 8  # words by which a problem is looked for in longer texts; a shorter problem must be the whole text

_WORD = re.compile(r"\w+|[^\w\s]")

Words = tuple[str, ...]


def trained_on(benchmarks: Sequence[Benchmark], files: Iterable[Path]) -> list[str]:
    """Return a warning for each benchmark that shares problems with a training set.

    A problem is found in any prompt that has its words and signs in a row, whatever template is around them; white
    space and case do not count. One that is worded in another way is not found.

    Args:
        benchmarks: what is measured.
        files: of the training set, in any layout that benchmarks may have, verl's parquet among them; or folders that
            `still-verl data curate` wrote, whose manifests say which evaluations were kept out.

    Raises:
        ConfigError: a file cannot be read, or has no problems.
    """
    finder = _Finder()
    for benchmark in benchmarks:
        for problem in benchmark.problems:
            finder.add(benchmark.name, problem.id, problem.text)
    lines = []
    for file in files:
        if (file / MANIFEST).is_file():
            lines += _not_kept_out(benchmarks, file)
            file = file / "train.parquet"
        for text in read_texts("--trained-on", file):
            finder.look_in(text)
    for benchmark in benchmarks:
        seen = len(finder.seen.get(benchmark.name, ()))
        if seen:
            share = 100 * seen / len(benchmark.problems)
            lines.append(
                f"warning: the model was trained on {seen:,} of the {len(benchmark.problems):,} problems of "
                f"{benchmark.name} ({share:.1f} %): its accuracy there says little"
            )
    return lines


def _not_kept_out(benchmarks: Sequence[Benchmark], folder: Path) -> list[str]:
    """Say which benchmarks a curated training set was not compared with."""
    try:
        against = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["against"]
        names = {_letters(Path(label).name.split(".")[0]) for label in against}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"--trained-on {folder}: its {MANIFEST} cannot be read: {error!r}") from error
    missing = [benchmark.name for benchmark in benchmarks if _letters(benchmark.name) not in names]
    if not missing:
        return []
    return [
        f"warning: {folder} was curated without --against {' or '.join(missing)}: only problems that stand there word "
        "for word are found"
    ]


def _letters(name: str) -> str:
    """Return what is left of a name however it is written."""
    return re.sub(r"[\W_]", "", name.lower())


class _Finder:
    """Looks for many problems at once: by their first words, and then by all of them.

    Attributes:
        seen: ids of the problems that were found, by benchmark.
    """

    def __init__(self) -> None:
        self.seen: dict[str, set[str]] = {}
        self._by_beginning: dict[Words, list[tuple[str, str, Words]]] = {}

    def add(self, benchmark: str, problem: str, text: str) -> None:
        """Remember a problem to look for."""
        words = words_of(text)
        self._by_beginning.setdefault(words[:WINDOW], []).append((benchmark, problem, words))

    def look_in(self, text: str) -> None:
        """Note the problems that are in a text."""
        words = words_of(text)
        for start, beginning in _beginnings(words):
            for benchmark, problem, wanted in self._by_beginning.get(beginning, ()):
                if words[start : start + len(wanted)] == wanted:
                    self.seen.setdefault(benchmark, set()).add(problem)


def _beginnings(words: Words) -> Iterator[tuple[int, Words]]:
    if len(words) < WINDOW:
        yield 0, words
    for start in range(len(words) - WINDOW + 1):
        yield start, words[start : start + WINDOW]


def words_of(text: str) -> Words:
    """Return the words and signs of a text, in lower case."""
    return tuple(_WORD.findall(text.lower()))
