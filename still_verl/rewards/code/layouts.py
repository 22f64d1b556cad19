"""Reads the tests of a row, in the layouts of the usual data sets. Nothing is guessed: what does not fit is named."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from still_verl.interpreter.sandbox.inside import values
from still_verl.registry import in_one_line
from still_verl.rewards.code.assertions import from_assertions
from still_verl.rewards.code.decode import decompress, read_json
from still_verl.rewards.code.problem import Case, Problem, UnreadableTests

_SMALL = 500_000  # characters of a text whose problem is kept
_CODE_CONTESTS = ("public_tests", "private_tests", "generated_tests")
_LIVE_CODE_BENCH = ("public_test_cases", "private_test_cases")
# Keys that other layouts have their tests under.
_NESTED = ("input_output", "test_cases", "tests", "ground_truth", "verification_info")
_BESIDE = ("comparison", "tolerance", "checker", "fn_name")  # what may stand beside them


def read_problem(ground_truth: Any) -> Problem:
    """Return what a row's `ground_truth` asks for.

    Args:
        ground_truth: a mapping, a list of tests or of assertions, or either of them as JSON.

    Raises:
        UnreadableTests: it is in no known layout, or has no test, or inputs without outputs.

    Example:
        >>> problem = read_problem('{"inputs": ["1 2"], "outputs": ["3"]}')
        >>> problem.kind, problem.tests
        ('program', (Case(given='1 2', expected='3'),))
    """
    if isinstance(ground_truth, bytes):
        ground_truth = ground_truth.decode("utf-8", "replace")
    try:
        if isinstance(ground_truth, str) and len(ground_truth) <= _SMALL:
            return _read_text(ground_truth)
        return _read(_plain(ground_truth))
    except UnreadableTests:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableTests(f"they do not fit the layout that their keys are of ({in_one_line(error)})") from error


@lru_cache(maxsize=128)  # every response to a prompt brings the same one
def _read_text(text: str) -> Problem:
    return _from_text(text)


def _from_text(text: str) -> Problem:
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return from_assertions(text)
    return _read(read_json(text))


def _plain(value: Any) -> Any:
    """A value without the arrays of numpy that parquet files bring."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def _read(value: Any) -> Problem:
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, list):
        return _from_list(value)
    if not isinstance(value, Mapping):
        raise UnreadableTests(f"tests of type {type(value).__name__}; give a mapping or a list")
    for fits, read in _LAYOUTS:
        if fits(value):
            return read(value)
    raise UnreadableTests(f"no known layout of tests has the keys {', '.join(map(str, value)) or '(none)'}")


def _from_list(tests: list[Any]) -> Problem:
    """Tests as a list: assertions as text, or a mapping with input and output for each."""
    if not tests:
        raise UnreadableTests("there is no test; give at least one")
    if all(isinstance(test, str) for test in tests):
        return from_assertions(*tests)
    if not all(isinstance(test, Mapping) for test in tests):
        raise UnreadableTests("a list of tests has neither only assertions nor only mappings")
    return _from_cases(tests, {})


def _from_columns(row: Mapping[str, Any]) -> Problem:
    """APPS, TACO, PrimeIntellect, prime_code: `inputs`, `outputs`, and `fn_name` where a function is asked for."""
    inputs, outputs = _list(row, "inputs"), _list(row, "outputs")
    if len(inputs) != len(outputs):
        raise UnreadableTests(f"{len(inputs)} inputs and {len(outputs)} outputs; each test needs both")
    return _problem(list(zip(inputs, outputs, strict=True)), str(row.get("fn_name") or ""), row)


def _list(row: Mapping[str, Any], key: str) -> list[Any]:
    found = row[key]
    if not isinstance(found, list):
        raise UnreadableTests(f"{key} is a {type(found).__name__}, and not a list")
    return found


def _from_code_contests(row: Mapping[str, Any]) -> Problem:
    pairs: list[tuple[Any, Any]] = []
    for name in _CODE_CONTESTS:
        part = row.get(name) or {}
        inputs, outputs = part.get("input") or [], part.get("output") or []
        if len(inputs) != len(outputs):
            raise UnreadableTests(f"{name}: {len(inputs)} inputs and {len(outputs)} outputs; each test needs both")
        pairs += zip(inputs, outputs, strict=True)
    return _problem(pairs, "", row)


def _from_live_code_bench(row: Mapping[str, Any]) -> Problem:
    cases: list[Any] = []
    for name in _LIVE_CODE_BENCH:
        part = row.get(name) or []
        cases += decompress(part) if isinstance(part, str) else part
    metadata = row.get("metadata") or {}
    if isinstance(metadata, str):
        metadata = read_json(metadata)
    return _from_cases(cases, {**row, "fn_name": metadata.get("func_name")})


def _from_cases(cases: Sequence[Any], row: Mapping[str, Any]) -> Problem:
    """A mapping for each test, with `input` and `output`, and `fn_name` in each or for all."""
    pairs, names, kinds = [], set(), set()
    for number, case in enumerate(cases):
        if not isinstance(case, Mapping) or "input" not in case or "output" not in case:
            raise UnreadableTests(f"test {number} has no input and output")
        pairs.append((case["input"], case["output"]))
        names.add(str(case.get("fn_name") or row.get("fn_name") or ""))
        kinds.add(str(case.get("testtype") or case.get("type") or ""))
    if len(names) > 1 or len(kinds) > 1:
        raise UnreadableTests(f"tests of several kinds: {', '.join(sorted(names | kinds))}")
    function = "".join(names)
    if "functional" in kinds and not function:
        raise UnreadableTests("a function is asked for, and its name is not there (metadata.func_name, fn_name)")
    return _problem(pairs, "" if kinds & {"stdin", "stdin_stdout"} else function, row)


def _problem(pairs: Sequence[tuple[Any, Any]], function: str, row: Mapping[str, Any]) -> Problem:
    """Make a problem of inputs and outputs, and of what else its row says."""
    read = _call if function else _streams
    tests = [read(given, expected, number) for number, (given, expected) in enumerate(pairs)]
    lists = [not isinstance(given, str) for given, _ in pairs]
    in_lists = [isinstance(test.expected, list) and len(test.expected) == 1 for test in tests]
    return Problem(
        tuple(tests),
        "function" if function else "program",
        function,
        before=str(row.get("starter_imports") or ""),
        comparison=str(row.get("comparison") or ""),
        tolerance=_tolerance(row.get("tolerance")),
        checker=str(row.get("checker") or ""),
        wrapped=bool(function) and all(lists) and all(in_lists),
    )


def _tolerance(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise UnreadableTests(f"tolerance={value!r}; use a number from 0 to below 1")
    return float(value)


def _streams(given: Any, expected: Any, number: int) -> Case:
    """A test of a program. Some data sets have a list of lines."""
    return Case(_text(given, number, "input"), _text(expected, number, "output"))


def _text(value: Any, number: int, name: str) -> str:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnreadableTests(f"the {name} of test {number} is a {type(value).__name__}, and not text")
    return str(value)


def _call(given: Any, expected: Any, number: int) -> Case:
    """A test of a function: a list of arguments and a value, or both as JSON, an argument a line."""
    if not isinstance(given, str | list):
        raise UnreadableTests(f"the input of test {number} is a {type(given).__name__}: give a list of arguments")
    try:
        if isinstance(given, list):
            return Case(values.dumps(given), expected)
        arguments = [read_json(line) for line in given.split("\n") if line.strip()]
        return Case(values.dumps(arguments), read_json(expected) if isinstance(expected, str) else expected)
    except (TypeError, ValueError) as error:
        raise UnreadableTests(f"test {number}: {error}; give a JSON value a line, and one as output") from error


def _from_check(row: Mapping[str, Any]) -> Problem:
    """HumanEval and HumanEval+: `test` defines `check(candidate)`; `prompt` is how the program begins."""
    name = str(row["entry_point"])
    return from_assertions(f"{row['test']}\ncheck({name})", before=str(row.get("prompt") or ""), function=name)


def _from_pytest(row: Mapping[str, Any]) -> Problem:
    """KodCode, MBPP+ and others: `test` is a file of tests, by functions `test_...` or as it is."""
    return from_assertions(str(row["test"]), setup=str(row.get("test_setup_code") or ""))


def _from_mbpp(row: Mapping[str, Any]) -> Problem:
    """MBPP: `test_list`, `challenge_test_list`, and `test_setup_code` or `test_imports` before each."""
    imports = row.get("test_imports") or []
    setup = "\n".join([*imports, str(row.get("test_setup_code") or "")])
    tests = [*row["test_list"], *(row.get("challenge_test_list") or [])]
    if not all(isinstance(test, str) for test in tests):
        raise UnreadableTests("test_list has entries that are no text")
    return from_assertions(*tests, setup=setup)


def _from_nested(row: Mapping[str, Any]) -> Problem:
    """Tests under a key of their own, beside what else the row says of them."""
    inner = row[next(name for name in _NESTED if name in row)]
    if isinstance(inner, str):
        if inner.lstrip()[:1] not in ("{", "["):
            return _from_text(inner)
        inner = read_json(inner)
    beside = {name: row[name] for name in _BESIDE if name in row}
    if isinstance(inner, Mapping):
        return _read({**beside, **inner})
    if isinstance(inner, list) and all(isinstance(case, Mapping) for case in inner):
        return _from_cases(inner, beside)
    return _read(inner)


def _has(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    def fits(row: Mapping[str, Any]) -> bool:
        return all(key in row for key in keys)

    return fits


def _has_one_of(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    def fits(row: Mapping[str, Any]) -> bool:
        return sum(key in row for key in keys) > 0

    return fits


# Which rows a layout fits, and what reads it; the first that fits is taken.
_LAYOUTS: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], Problem]], ...] = (
    (_has("inputs", "outputs"), _from_columns),
    (_has_one_of(*_LIVE_CODE_BENCH), _from_live_code_bench),
    (_has_one_of(*_CODE_CONTESTS), _from_code_contests),
    (_has("test", "entry_point"), _from_check),
    (_has("test"), _from_pytest),  # before the next: MBPP+ has more there
    (_has("test_list"), _from_mbpp),
    (_has_one_of(*_NESTED), _from_nested),
)
