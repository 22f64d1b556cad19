"""The examples in docstrings, run as they stand."""

import doctest
import importlib
from pathlib import Path

import pytest

import still_verl

PACKAGE = Path(still_verl.__path__[0])


def modules_with_examples() -> list[str]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if ">>> " in path.read_text():
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
            found.append(".".join(parts).removesuffix(".__init__"))
    return found


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.attempted, f"{name} has examples that doctest does not see: are they in a docstring?"
    assert not result.failed, "see the output above"
