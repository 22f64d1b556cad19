"""Frames of a run, one after the other, until it is over."""

import time
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live

from still_verl.watch.follow import Follower
from still_verl.watch.frame import frame, progress_of

LOOK_EVERY_S = 1.0  # between two looks


def watch_once(path: Path, console: Console) -> None:
    """Print one frame."""
    console.print(_look(Follower(path), console)[0])


def watch_live(path: Path, console: Console) -> None:
    """Draw a frame each second; returns when the run's last step is logged, which leaves its summary on the screen."""
    follower = Follower(path)
    picture, over = _look(follower, console)
    with Live(picture, console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while not over:
            time.sleep(LOOK_EVERY_S)
            picture, over = _look(follower, console)
            live.update(picture, refresh=True)
        live.vertical_overflow = "visible"


def _look(follower: Follower, console: Console) -> tuple[RenderableType, bool]:
    run = follower.look()
    return frame(run, follower.age(time.time()), follower.last_sample(), console.width), progress_of(run).over
