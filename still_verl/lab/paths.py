"""Where the lab keeps its models and data, and how they come to be there.

Imports in milliseconds: a Hydra resolver calls `lab_home` in every process. What builds is imported when it builds.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TRAIN_FILE, VAL_FILE = "train.parquet", "val.parquet"


@dataclass(frozen=True)
class Lab:
    """One model and its task: a Hugging Face directory and two parquet files in verl's schema."""

    model: Path
    train: Path
    val: Path


def lab_home() -> Path:
    """`$XDG_CACHE_HOME` (or `~/.cache`) / still_verl / lab."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "still_verl" / "lab"


def prepare(name: str) -> Lab:
    """Build the model and data called `name` under `lab_home()` unless they are there, and say where they are.

    `tiny` learns to add (about two minutes to build), `smollm2` is a real pre-trained model, `random` and
    `random-untied` are untrained models that build in a second.

    Raises:
        ValueError: no such name; the message lists those that exist.
    """
    makers: dict[str, Callable[[Path, Path], None]] = {
        "tiny": _tiny,
        "smollm2": _smollm2,
        "random": _random,
        "random-untied": _random_untied,
    }
    if name not in makers:
        raise ValueError(f"no lab called '{name}'; there are: {', '.join(makers)}")
    home = lab_home() / name
    model, data = home / "model", home / "data"
    makers[name](model, data)
    return Lab(model, data / TRAIN_FILE, data / VAL_FILE)


def _tiny(model: Path, data: Path) -> None:
    from still_verl.lab.model import build_tiny_model

    _addition(data, train=2048, val=256)
    build_tiny_model(model)


def _random(model: Path, data: Path) -> None:
    from still_verl.lab.model import build_random_model

    _addition(data, train=16, val=8)
    build_random_model(model)


def _random_untied(model: Path, data: Path) -> None:
    from still_verl.lab.model import build_random_model

    _addition(data, train=16, val=8)
    build_random_model(model, tied=False)


def _smollm2(model: Path, data: Path) -> None:
    from still_verl.lab.cache import ensure
    from still_verl.lab.smollm2 import build_smollm2, write_smollm2_arithmetic

    recipe = "arithmetic 5 train=1024 val=128"
    ensure(data, recipe, lambda folder: write_smollm2_arithmetic(folder, train=1024, val=128, seed=0))
    build_smollm2(model)


def _addition(data: Path, train: int, val: int) -> None:
    from still_verl.lab.cache import ensure
    from still_verl.lab.tasks import write_addition

    recipe = f"addition 1 train={train} val={val}"
    ensure(data, recipe, lambda folder: write_addition(folder, train=train, val=val, seed=0))
