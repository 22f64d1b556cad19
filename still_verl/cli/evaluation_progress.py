"""The bar that `still-verl eval` draws: samples, samples a second, time left."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

if TYPE_CHECKING:
    from still_verl.evaluation.engines.base import Reply


class Speed(ProgressColumn):
    """Samples a second, of the last while."""

    def render(self, task: Task) -> Text:
        """Return the speed; nothing before the second sample."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f} samples/s" if speed else "")


class Progress:
    """Watches a run, and draws on the error stream: what is printed may be read by a program."""

    def __init__(self) -> None:
        columns = (TextColumn("samples"), BarColumn(), MofNCompleteColumn(), Speed(), TimeRemainingColumn())
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self._task = TaskID(0)

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def started(self, total: int, there: int) -> None:
        """Draw the bar; samples that are there already are done, and no part of the speed."""
        self._task = self._bar.add_task("", total=total, completed=there)

    def sample(self, reply: "Reply") -> None:
        """Move the bar on."""
        self._bar.advance(self._task)
