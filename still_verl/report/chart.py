"""A chart of a page, and what has one colour in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from still_verl.report.comparison.arms import Arm
from still_verl.report.run import Run

# Each is at least 3:1 against the white and the dark page (WCAG 1.4.11). Each two are 15 apart or more by CIEDE2000,
# also to people who see no red, no green or no blue: tests/report/test_palette_on_cpu.py.
COLORS = ("#a578ff", "#969600", "#e14b78", "#00a596", "#875aa5", "#1e785a")
NEUTRAL = "#7f7f7f"
SYMBOLS = {"circle": "●", "square": "■", "triangle-up": "▲", "diamond": "◆", "cross": "✚", "star": "★", "x": "✖"}

LegendEntry = tuple[str, str, str]  # label, colour ("" where the colour tells the run), dash pattern of SVG
ChartTableRow = tuple[str, list[str]]  # line, [first, lowest, highest, last]


@dataclass(frozen=True)
class Chart:
    """A chart of a page.

    Attributes:
        about: what it shows, in a sentence or two.
        figure: `data` and `layout` of plotly.
        height: px.
        description: what a screen reader says in its place.
        table: the figures of its lines, for those who want numbers.
    """

    title: str
    about: str
    figure: dict[str, Any]
    height: int
    description: str
    legend: list[LegendEntry] = field(default_factory=list)
    table: list[ChartTableRow] = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    """What has one look in all charts: a run, or the runs of an arm, of which a mean and a band are drawn.

    Attributes:
        symbol: plotly's name of the marker. Groups with the same colour have other symbols.
    """

    name: str
    runs: tuple[Run, ...]
    color: str
    symbol: str

    @property
    def glyph(self) -> str:
        """The symbol as a character."""
        return SYMBOLS[self.symbol]


def groups_of(arms: Sequence[Arm]) -> list[Group]:
    """Return a group for each arm where several arms are compared and one has several runs; else one for each run."""
    if len(arms) > 1 and any(len(arm.runs) > 1 for arm in arms):
        members = [(arm.name, tuple(arm.runs)) for arm in arms]
    else:
        members = [(run.name, (run,)) for arm in arms for run in arm.runs]
    groups = []
    for rank, (name, runs) in enumerate(members):
        groups.append(Group(name, runs, COLORS[rank % len(COLORS)], symbol_of(rank)))
    return groups


def symbol_of(rank: int) -> str:
    """Return the symbol of a group: another one each time that the colours begin again."""
    symbols = list(SYMBOLS)
    return symbols[rank // len(COLORS) % len(symbols)]
