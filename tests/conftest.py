"""Fixtures for every test."""

from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The evaluation sets beside the checkout; they are never part of the repository."""
    path = REPO.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"evaluation sets are not at {path}")
    return path
