"""Where the demo models and their data are kept.

Imports in milliseconds: a Hydra resolver calls `home` in every process.
"""

import os
from dataclasses import dataclass
from pathlib import Path

TRAIN_FILE, VAL_FILE = "train.parquet", "val.parquet"


@dataclass(frozen=True)
class DemoModel:
    """One model and its task: a Hugging Face directory and two parquet files in verl's schema."""

    model: Path
    train: Path
    val: Path


def home() -> Path:
    """Return `$XDG_CACHE_HOME` (or `~/.cache`) / still_verl / demo."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "still_verl" / "demo"
