"""How the demo models and their data come to be there. What builds is imported when it builds."""

from collections.abc import Callable
from pathlib import Path

from still_verl.demo.files import TRAIN_FILE, VAL_FILE, DemoModel, home


def prepare(name: str) -> DemoModel:
    """Build the model and data called `name` under `home()` unless they are there, and say where they are.

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
        raise ValueError(f"no demo model called '{name}'; there are: {', '.join(makers)}")
    folder = home() / name
    model, data = folder / "model", folder / "data"
    makers[name](model, data)
    return DemoModel(model, data / TRAIN_FILE, data / VAL_FILE)


def _tiny(model: Path, data: Path) -> None:
    from still_verl.demo.tiny_model import build_tiny_model

    _addition(data, train=2048, val=256)
    build_tiny_model(model)


def _random(model: Path, data: Path) -> None:
    from still_verl.demo.tiny_model import build_random_model

    _addition(data, train=16, val=8)
    build_random_model(model)


def _random_untied(model: Path, data: Path) -> None:
    from still_verl.demo.tiny_model import build_random_model

    _addition(data, train=16, val=8)
    build_random_model(model, tied=False)


def _smollm2(model: Path, data: Path) -> None:
    from still_verl.demo.cache import ensure
    from still_verl.demo.smollm2 import build_smollm2, write_smollm2_arithmetic

    recipe = "arithmetic 5 train=1024 val=128"
    ensure(data, recipe, lambda folder: write_smollm2_arithmetic(folder, train=1024, val=128, seed=0))
    build_smollm2(model)


def _addition(data: Path, train: int, val: int) -> None:
    from still_verl.demo.cache import ensure
    from still_verl.demo.tasks import write_addition

    recipe = f"addition 1 train={train} val={val}"
    ensure(data, recipe, lambda folder: write_addition(folder, train=train, val=val, seed=0))
