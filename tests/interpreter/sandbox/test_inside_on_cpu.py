"""What programs find that is not plain Python: what a notebook offers, new random numbers, modules, hints in errors."""

from collections.abc import Iterator

import pytest

from still_verl.interpreter.sandbox.base import Limits, readable
from still_verl.interpreter.sandbox.local.client import Local

NEEDS_TMP = "a /tmp of the program's own"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Local]:
    sandbox = Local(Limits(seconds=5), allow_unsandboxed=True)
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize(
    ("code", "stdout"),
    [
        ("x = 5\nx;", ""),
        ("x = 5\n(x)  ;  # a comment", ""),
        ("x = 5\nx  # no semicolon; here", "5\n"),
        ("'é';", ""),
        ("'a;'", "'a;'\n"),
        ("display(1, 'a')", "1\n'a'\n"),
        ("print(10**5000 % 10**5)\nlen(str(10**5000))", "0\n5001\n"),
        ("open('/dev/null', 'w').write('x')", "1\n"),
        ("import contextlib, os\nwith open(os.devnull, 'w') as f, contextlib.redirect_stdout(f): print('x')\n1", "1\n"),
        ("%matplotlib inline\n2 + 2", "4\n"),
        ("!ls -l\n1", "!ls -l: there is no shell here, only Python.\n1\n"),
        ("%timeit 1 + 1", "%timeit 1 + 1: there are no notebook commands here, only Python.\n"),
        (
            "if True:\n    !pip install nothing-like-it",
            "nothing-like-it is not installed, and nothing can be installed here.\n",
        ),
        ("x = (7\n%4)\nx", "3\n"),
        ("import asyncio\nasync def f(): return 4\nasyncio.run(f())", "4\n"),
        ("for i in range(3): print(f'\\r{i} of 3', end='')\nprint()", "2 of 3\n"),
        ("import sys\nsys.stderr.write('\\r 50%|##\\r100%|####\\n');", "100%|####\n"),
        ("import os\nos.fsync(os.open(os.__file__, os.O_RDONLY))", ""),
    ],
)
def test_what_is_shown(sandbox: Local, code: str, stdout: str) -> None:
    result = sandbox.run(code)
    assert (result.stdout, result.error) == (stdout, None)


def test_pip_says_what_is_there(sandbox: Local) -> None:
    assert "sympy 1." in sandbox.run("!pip install sympy").stdout
    assert "sympy 1." in sandbox.run("%pip list").stdout


def test_the_last_value_is_kept_from_block_to_block(sandbox: Local) -> None:
    session = sandbox.session()
    assert session.run("6 * 7").stdout == "42\n"
    assert session.run("_ + 1").stdout == "43\n"
    assert session.run("_ = 'mine'\n1").stdout == "1\n"
    assert session.run("_").stdout == "'mine'\n"
    session.close()


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("prnit(1)", "Did you mean: 'print'?"),
        ("import math\nmath.sqroot(2)", "Did you mean: 'sqrt'?"),
        ("x = 1\n!pip install x\nif", "line 3"),
        ("x = !", "SyntaxError"),
        ("import multiprocessing\nmultiprocessing.Pool(2)", "use a loop, or threads"),
        ("from concurrent.futures import ProcessPoolExecutor as P\nlist(P().map(abs, [1]))", "use a loop, or threads"),
        ("import subprocess\nsubprocess.run(['ls'])", "use a loop, or threads"),
        ("import urllib.request\nurllib.request.urlopen('http://example.com')", "no network"),
        ("open('/usr/x', 'w')", "Programs can read installed packages"),
    ],
)
def test_an_error_says_what_to_do(sandbox: Local, code: str, says: str) -> None:
    if sandbox.tier == "none" and "SyntaxError" not in says and "mean" not in says:
        pytest.skip("nothing is refused in tier none")
    result = sandbox.run(code)
    assert result.kind == "error" and says in (result.error or ""), result


def test_the_hint_for_threads_is_not_given_to_errors_inside_threads(sandbox: Local) -> None:
    code = "from concurrent.futures import ThreadPoolExecutor as T\nlist(T(2).map(lambda n: open('/x/' + n), 'a'))"
    error = sandbox.run(code).error or ""
    assert "FileNotFoundError" in error and "use a loop" not in error


def test_a_module_that_was_just_written_can_be_imported(sandbox: Local) -> None:
    if not sandbox.mechanisms.namespaces:
        pytest.skip(NEEDS_TMP)
    code = "for n in range(20):\n    name = f'm{n}'\n"
    code += "    try: __import__(name)\n    except ImportError: pass\n"
    code += "    with open(name + '.py', 'w') as f: f.write(f'a = {n}')\n    print(__import__(name).a, end=' ')\n"
    assert sandbox.run(code).stdout.split() == [str(n) for n in range(20)]


@pytest.mark.parametrize(
    "draw",
    [
        "import sympy\nsympy.randprime(10**6, 10**12)",
        "import random\nrandom.random()",
        "import numpy\nnumpy.random.rand()",
        "import numpy\nnumpy.random.default_rng().random()",
        "import sympy.core.random as r\nr.rng.random()",
        "import uuid\nuuid.uuid4()",
    ],
)
def test_every_program_draws_its_own_random_numbers(sandbox: Local, draw: str) -> None:
    assert len({sandbox.run(draw).stdout for _ in range(6)}) == 6


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\rb\n", "b\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("a\r\n\r\nb", "a\n\nb"),
        ("kept\n10%\r20%\rdone", "kept\ndone"),
        ("\r\r\r", ""),
        ("a\0b", "a\\x00b"),
    ],
)
def test_of_what_is_written_over_the_last_state_is_kept(written: str, shown: str) -> None:
    assert readable(written) == shown


def test_modules_are_loaded_ahead_or_refused() -> None:
    from still_verl.interpreter.sandbox.base import SandboxUnavailable

    warm = Local(Limits(seconds=5), allow_unsandboxed=True, preload=["colorsys"])
    assert warm.run("import sys\n'colorsys' in sys.modules").stdout == "True\n"
    warm.close()
    cold = Local(allow_unsandboxed=True, preload=["no_such_module"])
    with pytest.raises(SandboxUnavailable, match="preload: no_such_module cannot be imported"):
        cold.run("1")
    cold.close()


def test_a_limit_that_leaves_a_program_nothing_is_refused() -> None:
    from still_verl.interpreter.sandbox.base import SandboxUnavailable

    small = Local(Limits(memory_mb=20), allow_unsandboxed=True)
    with pytest.raises(SandboxUnavailable, match="memory_mb=20: the interpreter with its libraries takes"):
        small.run("1")
    small.close()
