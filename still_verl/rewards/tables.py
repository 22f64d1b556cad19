"""What `still-verl score` prints: means, how often each reason was given, and the slowest rows."""

from collections import defaultdict
from statistics import mean

from rich.table import Table
from rich.text import Text

from still_verl.rewards.offline import Scored, means, timings

WIDTH = 60  # characters of a response in a cell


def tables(scored: list[Scored]) -> list[Table | str]:
    """Everything to print, for at least one row."""
    speed = "  ".join(f"{name} {value:{',.0f' if value >= 100 else '.3g'}}" for name, value in timings(scored).items())
    return [_means(scored), _reasons(scored), _slowest(scored), speed]


def _means(scored: list[Scored]) -> Table:
    table = Table("key", title=f"{len(scored)} rows", title_justify="left")
    for column in ("mean", "min", "max"):
        table.add_column(column, justify="right")
    for key, numbers in means(scored).items():
        table.add_row(key, *(f"{number:.4g}" for number in numbers))
    return table


def _reasons(scored: list[Scored], most: int = 12) -> Table:
    by_reason: dict[str, list[float]] = defaultdict(list)
    for each in scored:
        by_reason[str(each.result.get("reason", "-"))].append(float(each.result["score"]))
    table = Table("reason", title="Why", title_justify="left")
    for column in ("rows", "mean score"):
        table.add_column(column, justify="right")
    for reason, paid in sorted(by_reason.items(), key=lambda item: -len(item[1]))[:most]:
        table.add_row(_cell(reason), str(len(paid)), f"{mean(paid):.3f}")
    return table


def _slowest(scored: list[Scored], most: int = 5) -> Table:
    table = Table("row", "ms", "score", "gold", "answer", "reason", title="Slowest rows", title_justify="left")
    for number, each in sorted(enumerate(scored, 1), key=lambda pair: -pair[1].seconds)[:most]:
        answer = each.result.get("pred", each.row["solution_str"][-WIDTH:])
        shown = (each.row["ground_truth"], answer, each.result.get("reason", "-"))
        table.add_row(str(number), f"{1e3 * each.seconds:.1f}", f"{each.result['score']:.3g}", *map(_cell, shown))
    return table


def _cell(value: object) -> Text:
    """What a model wrote, on one line: no markup is read in it."""
    line = " ".join(str(value).split())
    return Text(line if len(line) <= WIDTH else line[: WIDTH - 3] + "...")
