"""New seeds for the random numbers of each program: a forked child would draw the same as its server's other children.

Python's `random` takes care of its own module-level generator. Those that libraries keep, sympy's and numpy's among
them, are looked for in memory, so that a library which is loaded ahead needs no line here.
"""

import gc
import random
import sys
from collections.abc import Callable

Reseed = Callable[[], object]


def find() -> list[Reseed]:
    """Return what gives new seeds to the generators that libraries keep. Call it before `gc.freeze`."""
    found: list[Reseed] = []
    generators = _classes_of_numpy()
    for thing in gc.get_objects():
        kind = type(thing)  # `isinstance` asks the object too, and some answer with a warning
        if issubclass(kind, random.Random):
            found.append(thing.seed)
        elif issubclass(kind, generators):
            found.append(_Renewal(thing))
    found += _of_modules()
    return found


def reseed(generators: list[Reseed]) -> None:
    """Give each a new seed."""
    for generator in generators:
        generator()


def _classes_of_numpy() -> tuple[type, ...]:
    numpy = sys.modules.get("numpy.random")
    if numpy is None:
        return ()
    return (numpy.RandomState, numpy.Generator)


class _Renewal:
    """Takes the state of a new generator of the same kind."""

    def __init__(self, generator: object) -> None:
        self._bits = getattr(generator, "bit_generator", None) or generator._bit_generator  # type: ignore[attr-defined]

    def __call__(self) -> None:
        self._bits.state = type(self._bits)().state


def _of_modules() -> list[Reseed]:
    """Return the functions by which libraries that have one generator of their own are given a new seed."""
    torch = sys.modules.get("torch")
    return [torch.seed] if torch is not None else []
