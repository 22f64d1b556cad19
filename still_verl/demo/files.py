"""Where the demo models and their data are kept, and the weights that this package ships.

Imports in milliseconds: a Hydra resolver calls `home` in every process.
"""

import os
from dataclasses import dataclass
from pathlib import Path

TRAIN_FILE, VAL_FILE = "train.parquet", "val.parquet"


@dataclass(frozen=True)
class Weights:
    """A file of weights that this package ships, and its checksum."""

    file: Path
    sha256: str


# What `python -m still_verl.demo.build_weights` wrote. Another file is another model: the demo's figures then change.
_FOLDER = Path(__file__).parent / "weights"
TINY = Weights(_FOLDER / "tiny.safetensors", "33f9f027eab02d43ec082d1e3101b08d0c3c92e0ba5c759dbdb2080bac81284a")
SKILLS = Weights(_FOLDER / "skills.safetensors", "fddb0a1d2fc957a0f753183720c3d5f6c800f7a837679633ff15194464640c58")


@dataclass(frozen=True)
class DemoModel:
    """One model and its task: a Hugging Face directory and two parquet files in verl's schema."""

    model: Path
    train: Path
    val: Path


def home() -> Path:
    """Return `$XDG_CACHE_HOME` (or `~/.cache`) / still_verl / demo."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "still_verl" / "demo"
