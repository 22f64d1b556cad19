"""Builds the demo models and their data. Each builder is imported only when it is needed."""

from collections.abc import Callable, Iterable
from pathlib import Path

from still_verl.demo.cache import ensure
from still_verl.demo.files import SKILLS, TINY, TRAIN_FILE, VAL_FILE, DemoModel, home
from still_verl.demo.skills.mixture import write_skills
from still_verl.demo.smollm2 import build_smollm2, write_smollm2_arithmetic
from still_verl.demo.tasks import write_addition
from still_verl.demo.tiny_model import build_random_model, build_tiny_model
from still_verl.demo.tools.powers import write_powers

# Made in about a second, of this package alone; `smollm2` is converted from another package and is asked for.
QUICK = ("tiny", "skills", "tools", "random", "random-untied")


def prepare_missing(paths: Iterable[str]) -> None:
    """Build each quick model that one of `paths` belongs to and lacks; nothing else is looked at.

    So a job with a recipe for a laptop starts from a fresh clone.

    Raises:
        FileExistsError: files of somebody else lie where the model should be.
    """
    for path in map(Path, paths):
        if home() in path.parents and not path.exists():
            name = path.relative_to(home()).parts[0]
            if name in QUICK:
                prepare(name)


def prepare(name: str) -> DemoModel:
    """Build the model and data called `name` under `home()` unless they are there, and say where they are.

    `tiny` can add, `skills` can also write programs and solve a puzzle (their weights are shipped, so nothing is
    trained), `tools` is `tiny` with problems for a model that writes programs, `smollm2` is a real pre-trained model
    that is converted, `random` and `random-untied` are untrained models.

    Raises:
        ValueError: there is no such name (the message lists those that exist), or the shipped weights are damaged.
        ModuleNotFoundError: a package that `smollm2` comes from is not installed.
        ConfigError: the puzzles of `skills` are not installed.
        FileExistsError: files of somebody else lie where the model should be.
    """
    makers: dict[str, Callable[[Path, Path], None]] = {
        "tiny": _tiny,
        "skills": _skills,
        "tools": _tools,
        "smollm2": _smollm2,
        "random": _random,
        "random-untied": _random_untied,
    }
    if name not in makers:
        raise ValueError(f"no demo model called '{name}'; there are: {', '.join(makers)}")
    folder = home() / name
    model, data = folder / "model", folder / "data"
    makers[name](model, data)
    return DemoModel(model, data / TRAIN_FILE, data / VAL_FILE)


def _tiny(model: Path, data: Path) -> None:
    _addition(data, train=2048, val=256)
    build_tiny_model(model, TINY)


def _skills(model: Path, data: Path) -> None:
    def fill(folder: Path) -> None:
        write_skills(folder, train=1024, val=256)

    ensure(data, "skills 1 train=1024 val=256", fill)
    build_tiny_model(model, SKILLS)


def _tools(model: Path, data: Path) -> None:
    def fill(folder: Path) -> None:
        write_powers(folder, train=1024, val=192, taught=320, more=192)

    ensure(data, "powers 1 train=1024 val=192 taught=320 more=192", fill)
    build_tiny_model(model, TINY)


def _random(model: Path, data: Path) -> None:
    _addition(data, train=16, val=8)
    build_random_model(model)


def _random_untied(model: Path, data: Path) -> None:
    _addition(data, train=16, val=8)
    build_random_model(model, tied=False)


def _smollm2(model: Path, data: Path) -> None:
    def fill(folder: Path) -> None:
        write_smollm2_arithmetic(folder, train=1024, val=128, seed=0)

    ensure(data, "arithmetic 6 train=1024 val=128", fill)
    build_smollm2(model)


def _addition(data: Path, train: int, val: int) -> None:
    def fill(folder: Path) -> None:
        write_addition(folder, train=train, val=val, seed=0)

    ensure(data, f"addition 2 train={train} val={val}", fill)
