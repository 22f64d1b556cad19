"""What `still-verl score` prints: means, how often each reason was given, and the slowest rows."""

from collections import defaultdict
from statistics import mean

from rich.table import Table
from rich.text import Text

from still_verl.rewards.offline import Scored, means, timings

WIDTH = 60  # characters of a response in a column


def tables(scored: list[Scored]) -> list[Table | str]:
    """Return everything to print, for at least one row."""
    return [_means(scored), _reasons(scored), _slowest(scored), _speed(scored)]


def _means(scored: list[Scored]) -> Table:
    table = Table("key", title=f"{len(scored)} rows", title_justify="left")
    for column in ("mean", "min", "max"):
        table.add_column(column, justify="right")
    for key, (average, smallest, largest) in means(scored).items():
        table.add_row(key, f"{average:.4g}", f"{smallest:.4g}", f"{largest:.4g}")
    return table


def _reasons(scored: list[Scored], most: int = 12) -> Table:
    by_reason: dict[str, list[float]] = defaultdict(list)
    for each in scored:
        by_reason[str(each.result.get("reason", "-"))].append(float(each.result["score"]))
    table = Table("reason", title="Why", title_justify="left")
    for column in ("rows", "mean score"):
        table.add_column(column, justify="right")
    frequent = sorted(by_reason, key=lambda reason: len(by_reason[reason]), reverse=True)
    for reason in frequent[:most]:
        scores = by_reason[reason]
        table.add_row(_on_one_line(reason), str(len(scores)), f"{mean(scores):.3f}")
    return table


def _slowest(scored: list[Scored], most: int = 5) -> Table:
    table = Table("row", "ms", "score", "gold", "answer", "reason", title="Slowest rows", title_justify="left")
    numbered = sorted(enumerate(scored, 1), key=lambda pair: pair[1].seconds, reverse=True)
    for number, each in numbered[:most]:
        answer = each.result.get("pred", each.row["solution_str"][-WIDTH:])
        table.add_row(
            str(number),
            f"{1e3 * each.seconds:.1f}",
            f"{each.result['score']:.3g}",
            _on_one_line(each.row["ground_truth"]),
            _on_one_line(answer),
            _on_one_line(each.result.get("reason", "-")),
        )
    return table


def _speed(scored: list[Scored]) -> str:
    figures = []
    for name, value in timings(scored).items():
        digits = ".3g"
        if value >= 100:
            digits = ",.0f"
        figures.append(f"{name} {value:{digits}}")
    return "  ".join(figures)


def _on_one_line(value: object) -> Text:
    """What a model wrote, shortened; as `Text`, so that no markup is read in it."""
    line = " ".join(str(value).split())
    if len(line) > WIDTH:
        line = line[: WIDTH - 3] + "..."
    return Text(line)
