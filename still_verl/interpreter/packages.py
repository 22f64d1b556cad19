"""Which packages a model's programs can import on this machine: for the doctor, and for a prompt that says so."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

# What models import in programs of mathematics and science; only those that are installed are named.
USUAL = (
    "numpy scipy sympy mpmath pandas networkx matplotlib scikit-learn statsmodels gmpy2 numba torch pulp ortools "
    "z3-solver shapely python-constraint cvxpy tqdm"
).split()


def installed(names: Sequence[str] = USUAL) -> list[str]:
    """Return those of `names` that are installed, with their versions."""
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            pass
    return found


def sentence() -> str:
    """Return what a prompt says of the interpreter."""
    return f"Programs run in Python without network access. Installed packages: {', '.join(installed())}."


def announce(messages: Sequence[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Return a prompt that says `text`: at the end of the system message, or at the beginning of the first other one.

    Args:
        messages: of a chat; they stay as they are.
        text: to add.

    Example:
        >>> announce([{"role": "user", "content": "2 + 2?"}], "Programs run.")
        [{'role': 'user', 'content': 'Programs run.\\n\\n2 + 2?'}]
    """
    if not messages:
        return []
    first = dict(messages[0])
    content = first["content"]
    is_system = first.get("role") == "system"
    if isinstance(content, str):
        first["content"] = f"{content}\n\n{text}" if is_system else f"{text}\n\n{content}"
    else:  # parts, some of which may be pictures
        part = {"type": "text", "text": text}
        first["content"] = [*content, part] if is_system else [part, *content]
    return [first, *messages[1:]]
