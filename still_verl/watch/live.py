"""Frames of a run, one after the other, until it is over."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live

from still_verl.watch.follow import Follower
from still_verl.watch.frame import frame
from still_verl.watch.progress import progress_of

LOOK_EVERY_S = 1.0  # between two looks


def watch_once(path: Path, console: Console, formats: Sequence[str] = ()) -> None:
    """Print one frame.

    Raises:
        ValueError: the path holds several runs, or is a binary file that is no log; or a format is unknown.
    """
    console.print(_look(Follower(path, formats), console)[0])


def watch_live(path: Path, console: Console, formats: Sequence[str] = ()) -> None:
    """Draw a frame each second; returns when the run's last step is logged, which leaves its summary on the screen.

    Raises:
        ValueError: as for `watch_once`.
    """
    follower = Follower(path, formats)
    picture, over = _look(follower, console)
    with Live(picture, console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while not over:
            time.sleep(LOOK_EVERY_S)
            picture, over = _look(follower, console)
            live.update(picture, refresh=True)
        live.vertical_overflow = "visible"


def _look(follower: Follower, console: Console) -> tuple[RenderableType, bool]:
    run = follower.look()
    picture = frame(run, follower.age(), follower.last_sample(), console.width, follower.waits_for)
    return picture, progress_of(run).over or follower.ended
