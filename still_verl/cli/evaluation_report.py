"""What `still-verl eval` does with numbers: compares them with another model's, and writes a report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from still_verl.evaluation.rows import Row
    from still_verl.evaluation.score import Scorer
    from still_verl.report.evaluation.evaluation import Evaluation
    from still_verl.stats.paired import Comparison


def evaluation_of(
    name: str,
    source: Path,
    rows: Sequence["Row"],
    numbers: Mapping[str, Any],
    notes: Sequence[str],
    with_texts: bool,
) -> "Evaluation":
    """Gather what a report shows of one model.

    Args:
        source: where the samples are, with their texts: the run folder, or what was given as `--from`.
        with_texts: whether to read the responses, for keywords and examples.
    """
    from still_verl.evaluation.saved import read_saved, saved_files
    from still_verl.logs.files import Notes
    from still_verl.report.evaluation.evaluation import Evaluation
    from still_verl.report.evaluation.texts import read_texts

    texts = {}
    if with_texts:
        notes_of_second_reading = Notes()  # the same as those of the first
        files = saved_files(source, notes_of_second_reading)
        texts = read_texts(read_saved(files, notes_of_second_reading), rows)
    return Evaluation(name, rows, numbers, notes, texts)


def saved_evaluation(path: Path, scorer: "Scorer", with_texts: bool) -> "Evaluation":
    """Score another model's samples, the same way as the first one's.

    Raises:
        ConfigError: there are no samples.
    """
    from still_verl.config_errors import ConfigError
    from still_verl.evaluation.results import fault_lines, numbers
    from still_verl.evaluation.saved import read_saved, saved_files
    from still_verl.logs.files import Notes

    notes = Notes()
    try:
        rows = scorer.score(read_saved(saved_files(path, notes), notes))
    except ConfigError as error:
        raise ConfigError(str(error).replace("--from", "--against", 1)) from error
    said = [*notes.texts(), *fault_lines(rows)]
    return evaluation_of(str(path), path, rows, numbers(rows), said, with_texts)


def figures_table(evaluation: "Evaluation") -> Table:
    """Return the figures of a model for the terminal; a column for each benchmark."""
    from still_verl.report.evaluation.tables import figures

    columns = [(evaluation, benchmark) for benchmark in evaluation.numbers]
    title = "Accuracy in percent, with its standard error over problems"
    return _table(title, list(evaluation.numbers), figures(columns))


def comparison_table(comparisons: Mapping[str, "Comparison"], first: str, second: str) -> Table:
    """Return the comparison of two models for the terminal; a column for each benchmark."""
    from still_verl.report.evaluation.tables import comparison_rows

    return _table(f"{first} against {second}, in points", list(comparisons), comparison_rows(comparisons))


def _table(title: str, headings: Sequence[str], rows: Sequence[tuple[str, list[str]]]) -> Table:
    table = Table("", title=_plain(title), title_justify="left")
    for heading in headings:
        table.add_column(_plain(heading), justify="right")
    for label, cells in rows:
        table.add_row(_plain(label), *[_plain(cell) for cell in cells])
    return table


def _plain(text: str) -> Text:
    """Return a text without markup and without what a terminal would obey: names come from files."""
    return Text("".join(character for character in text if character.isprintable()))
