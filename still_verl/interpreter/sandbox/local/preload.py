"""What the fork server does once, so that no program has to: imports, sympy's caches, and Python's own warming up."""

import importlib
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from still_verl.interpreter.sandbox import exec_block
from still_verl.interpreter.sandbox.inside import calls, remote
from still_verl.interpreter.sandbox.local import generators, memory
from still_verl.interpreter.sandbox.local.input_file import input_file
from still_verl.processes import children

# What programs of mathematics do, with the names that they use. Run more than once, because Python specializes code
# that has run often, and a child that does it writes to memory that it could share.
_TYPICAL = """
from sympy import *
x, y, z, n, k, m, a, b, c, t, r = symbols("x y z n k m a b c t r")
p, q = symbols("p q", positive=True)
i, j = symbols("i j", integer=True)
for s in (1, 2, 3):
    solve(x**2 - (s + 4) * x + 4 * s, x), solve(x**2 - s * x - 7, x), solve(2 * x + s, x), solve(Eq(x**2, s + 2), x)
    solve([x + y - s, x - y - 1], [x, y]), solveset(x**2 - s, x), roots(x**3 - s), Poly(x**2 - s, x).all_roots()
    expand((x + y) ** s), factor(x**4 - 16 * s), simplify((x**2 - 1) / (x - 1)), together(s / x + 1 / y)
    diff(sin(s * x) * x, x), integrate(x * exp(s * x), x), limit(sin(s * x) / x, x, 0), series(exp(s * x), x, 0, 3)
    Sum(n, (n, 1, s)).doit(), binomial(7, s), factorint(360 + s), isprime(97 + s), gcd(12, s), lcm(12, s)
    Rational(s, 7) + sqrt(8), pi.evalf(20), N(sqrt(s)), Matrix([[s, 2], [3, 4]]).inv(), nsolve(x**3 - s - 1, x, 1)
    str(x**2 + sqrt(s)), latex(x**2 / s), floor(Rational(7, s)), Mod(17, s + 1), (x**2 + s).subs(x, 3)
    trigsimp(sin(x) ** 2 + cos(x) ** 2), simplify(sqrt(s) * sqrt(p)), Abs(-s), Max(s, 2), list(divisors(12 + s))
"""
# A program as most are; what it writes to is copied ahead.
_PROGRAM = "import sympy\ny = sympy.Symbol('y')\nsympy.solve(2 * y**2 - 7 * y + 3, y)"


# And one of a reward by tests, which starts without libraries: with them a fork takes half as long again.
_SCRIPT = "a, b = map(int, input().split())\nprint(a + b)"


def warm_up(modules: Sequence[str] = (), mathematics: bool = True) -> list[str]:
    """Import what programs of mathematics import, and use it. Where it is not installed they do without.

    Args:
        modules: to import besides, by their dotted names.
        mathematics: False imports only `modules`.

    Returns:
        What is wrong with `modules`, a sentence for each; such a server must not be used.
    """
    if not mathematics:
        return _load(modules)
    import cmath  # noqa: E401, F401

    try:
        import numpy
        import numpy.random
        import sympy  # noqa: F401
    except ImportError:
        return _load(modules)
    numpy.linalg.solve(numpy.eye(2), numpy.ones(2))
    exec(_TYPICAL, {})
    return _load(modules)


def _load(modules: Sequence[str]) -> list[str]:
    faults = []
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever the library raises
            faults.append(f"{name} cannot be imported ({type(error).__name__}: {error})")
            continue
        if _threads() > 1:  # they would be missing in every child, and no namespace can be entered with them
            faults.append(f"{name} starts threads when it is imported, so that it cannot be loaded ahead")
            break
    return faults


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


TOOLS = (calls, remote)  # loaded for the scripts of a reward by tests, which cannot read this package's files


@dataclass(frozen=True)
class Warm:
    """What children need to know of what is loaded.

    Attributes:
        written: memory that most programs write to; a child copies it while there is time.
        generators: of random numbers, that each child gives a new seed.
    """

    written: list[memory.Range]
    generators: list[generators.Reseed]


def settle(mathematics: bool = True) -> Warm:
    """Keep what `warm_up` made shared with children."""
    exec_block.prepare()  # once, for all children; nothing is imported here any more
    found = generators.find()
    children.keep_shared()
    memory.use_huge_pages()
    return Warm(memory.written_by(_run_a_program if mathematics else _run_a_script), found)


def _run_a_program() -> None:
    """Do what a child does with a program, from its request on. For a throw-away process."""
    _serve([f"1 {len(_PROGRAM)}".encode(), _PROGRAM.encode()], [])


def _run_a_script() -> None:
    """Do the same with a program that reads its input."""
    with input_file("1 2\n") as source:
        _serve([b"1 %d %s" % (len(_SCRIPT), exec_block.SCRIPT), _SCRIPT.encode()], [source])


def _serve(packets: list[bytes], fds: list[int]) -> None:
    data_socket, client = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    socket.send_fds(client, packets[:1], fds)
    for packet in packets[1:]:
        client.send(packet)
    client.shutdown(socket.SHUT_WR)
    exec_block.serve(data_socket, os.open(os.devnull, os.O_WRONLY))
