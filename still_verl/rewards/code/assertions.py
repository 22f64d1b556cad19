"""Reads tests that are Python: assertions, functions `test_...`, `check(candidate)`. They are parsed here and run in a
sandbox, in another process than the program that they test.
"""

import ast
import builtins
from importlib.util import find_spec

from still_verl.interpreter.sandbox.inside.calls import MODULE
from still_verl.rewards.code.problem import Case, Problem, UnreadableTests
from still_verl.rewards.python_text import parse

# One test of a class, with what comes before each.
_METHOD = """
_case = {0}()
for _name in ("setUp", "setup_method"):
    getattr(_case, _name, lambda: None)()
_case.{1}()
"""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_KNOWN = frozenset(dir(builtins)) | {"__name__", "__file__", "__builtins__"}


def from_assertions(*tests: str, setup: str = "", before: str = "", function: str = "") -> Problem:
    """Return a problem whose tests are Python.

    Args:
        tests: each is run by itself; one file of functions `test_...` is a test for each of them.
        setup: what comes before each test.
        before: how the program begins, which the tests may use too.
        function: the name of the function that is asked for; otherwise it is what the tests name and do not define.

    Raises:
        UnreadableTests: one is no Python, or asserts nothing, or uses nothing that it does not define itself.

    Example:
        >>> problem = from_assertions("assert double(2) == 4", "assert double(3) == 6")
        >>> len(problem.tests), problem.names
        (2, ('double',))
    """
    scripts: list[str] = []
    for test in tests:
        scripts += _by_function(test) if len(tests) == 1 else [test]
    known = _KNOWN | _defined(_parse(before)) | _defined(_parse(setup))
    names = dict.fromkeys(_missing(_parse(setup), known))
    for code in (before, setup, *tests):
        _check_imports(_parse(code))
    for script in scripts:
        tree = _parse(script)
        if not _asserts_something(tree):
            raise UnreadableTests(f"a test asserts nothing: {' '.join(script.split())[:80]!r}")
        names |= dict.fromkeys(_missing(tree, known))
    if function:
        names = {function: None} | names
    if not names:
        raise UnreadableTests("the tests name nothing that the program must define")
    cases = tuple(Case(f"{setup}\n{script}" if setup.strip() else script) for script in scripts)
    return Problem(cases, "assertions", function or next(iter(names)), before=before, names=tuple(names))


def _parse(code: str) -> ast.Module:
    try:
        return parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableTests(f"a test is no Python ({error}): {' '.join(code.split())[:80]!r}") from error


def _check_imports(tree: ast.Module) -> None:
    """Refuse what cannot be imported here: every program would fail such a test.

    Raises:
        UnreadableTests: names the package.
    """
    for node in ast.walk(tree):
        wanted: list[str] = []
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            wanted = [node.module]
        for name in wanted:
            package, _, _ = name.partition(".")
            if package != MODULE and not _is_installed(package):
                raise UnreadableTests(f"the tests import {package}, which is not installed")


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:  # `__main__`, which is not there for tests
        return False


def _by_function(file: str) -> list[str]:
    """A script for each function `test_...` of a file, and of each class `Test...`; the file itself without any."""
    calls = []
    for node in _parse(file).body:
        if _is_test(node, arguments=0):
            calls.append(f"{node.name}()")  # type: ignore[attr-defined]
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for method in node.body:
                if _is_test(method, arguments=1):
                    calls.append(_METHOD.format(node.name, method.name))  # type: ignore[attr-defined]
    if not calls:
        return [file]
    return [f"{file}\n{call}" for call in calls]


def _is_test(node: ast.stmt, arguments: int) -> bool:
    """Return whether a statement defines a test.

    Raises:
        UnreadableTests: one that takes more than `arguments`.
    """
    if not isinstance(node, _FUNCTIONS) or not node.name.startswith("test"):
        return False
    if len(node.args.args) - len(node.args.defaults) > arguments or isinstance(node, ast.AsyncFunctionDef):
        raise UnreadableTests(f"{node.name} takes arguments or is async; only plain functions can be run as tests")
    return True


def _asserts_something(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            return True
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        if "assert" in name.lower() or name == "raises":
            return True
    return False


def _missing(tree: ast.Module, known: frozenset[str] | set[str]) -> list[str]:
    """Names that a script uses and nobody defines, and those that it imports from the program."""
    found = []
    own = known | _defined(tree)
    modules = {MODULE}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == MODULE:
            found += [alias.name for alias in node.names if alias.name != "*"]
        elif isinstance(node, ast.Import):
            modules |= {alias.asname for alias in node.names if alias.name == MODULE and alias.asname}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in own:
            found.append(node.id)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found.append(node.attr)
    return found


def _defined(tree: ast.Module) -> set[str]:
    """Every name that is bound anywhere, in whichever scope."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return found
