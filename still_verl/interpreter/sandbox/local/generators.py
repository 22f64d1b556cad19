"""New seeds for the random numbers of each program: a forked child would draw the same as its server's other children.

The server gives them before each fork. A child would take four times as long, since it copies each page that it writes.

Python's `random` takes care of its own module-level generator after each fork. Those that libraries keep, sympy's and
numpy's among them, are looked for in memory, so that a library which is loaded ahead needs no line here.
"""

import gc
import os
import random
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

Reseed = Callable[[], object]


def find() -> list[Reseed]:
    """Return what gives new seeds to the generators that libraries keep. Call it before `gc.freeze`."""
    found: list[Reseed] = []
    legacy, generators = _classes_of_numpy()
    for thing in gc.get_objects():
        kind = type(thing)  # `isinstance` asks the object too, and some answer with a warning
        if issubclass(kind, random.Random) and not issubclass(kind, random.SystemRandom):
            found.append(thing.seed)
        elif issubclass(kind, legacy):
            found.append(partial(_seed_with_a_number, thing))
        elif issubclass(kind, generators):
            found.append(partial(_renew, thing))
    found += _of_modules()
    return found


def reseed(generators: list[Reseed]) -> None:
    """Give each a new seed."""
    for generator in generators:
        generator()


def _classes_of_numpy() -> tuple[tuple[type, ...], tuple[type, ...]]:
    """Return the classes of generators that are given a number, and of those that are not."""
    numpy = sys.modules.get("numpy.random")
    if numpy is None:
        return (), ()
    return (numpy.RandomState,), (numpy.Generator,)


def _seed_with_a_number(generator: Any) -> None:
    try:
        generator.seed(int.from_bytes(os.urandom(4), "little"))
    except TypeError:  # one whose bits come from another algorithm
        _renew(generator)


def _renew(generator: Any) -> None:
    """Take the state of a new generator of the same kind."""
    bits = getattr(generator, "bit_generator", None) or generator._bit_generator
    bits.state = type(bits)().state


def _of_modules() -> list[Reseed]:
    """Return the functions by which libraries that have one generator of their own are given a new seed."""
    torch = sys.modules.get("torch")
    return [torch.seed] if torch is not None else []
