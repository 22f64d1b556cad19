"""How a setting finds what it names, and what it says when that is not there: one line with key, value and fix."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from still_verl.config_errors import ConfigError
from still_verl.registry import Registry

FIX = "use one of root, floor, or the dotted name of a function of your own"
Write = Callable[[str, str], None]


@pytest.fixture
def registry() -> Registry[Callable[[float], float]]:
    return Registry("still.way", "a function", {"root": "math.sqrt", "floor": "math.floor"})


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a module of a user's, in a folder on PYTHONPATH."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, text: str) -> None:
        path = tmp_path / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    yield write


def refusal(registry: Registry, name: str, key: str = "") -> str:
    with pytest.raises(ConfigError) as refused:
        registry.find(name, key)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_short_and_dotted_names(registry: Registry) -> None:
    assert registry.find("root")(9.0) == 3.0
    assert registry.find("math.ceil")(2.5) == 3
    assert list(registry) == ["root", "floor"] and len(registry) == 2
    assert "root" in registry and "math.ceil" not in registry


def test_labels_are_the_last_part_of_a_name(registry: Registry) -> None:
    assert registry.label("root") == "root"
    assert registry.label("my_package.rewards.language") == "language"


def test_an_object_of_the_users_own_is_imported_once(registry: Registry, write: Write) -> None:
    write(
        "registry_once",
        "import builtins\nbuiltins.loads = getattr(builtins, 'loads', 0) + 1\ndef double(x): return 2 * x",
    )
    registry.check("registry_once.double")  # a check imports nothing
    import builtins

    assert not hasattr(builtins, "loads")
    assert registry.find("registry_once.double") is registry.find("registry_once.double")
    assert builtins.loads == 1  # type: ignore[attr-defined]
    del builtins.loads  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "end"),
    [("rot", "; did you mean root?"), ("zzz", ""), ("", ""), ("..x", ""), ("a.", ""), (".a", ""), ("a b.c", "")],
)
def test_what_is_neither_a_short_nor_a_dotted_name(registry: Registry, name: str, end: str) -> None:
    assert refusal(registry, name) == f"still.way={name!r}: {FIX}{end}"
    with pytest.raises(ConfigError):
        registry.check(name)


def test_a_value_that_is_no_text_is_refused_too(registry: Registry) -> None:
    assert refusal(registry, 3) == f"still.way=3: {FIX}"  # type: ignore[arg-type]


def test_the_key_may_be_another_one(registry: Registry) -> None:
    assert refusal(registry, "rot", "still.other").startswith("still.other='rot': ")
    assert refusal(registry, "math.sqroot", "still.other").startswith("still.other='math.sqroot': ")


def test_a_module_that_is_missing(registry: Registry) -> None:
    assert refusal(registry, "no_such_package.rewards.f") == (
        "still.way='no_such_package.rewards.f': there is no module no_such_package here "
        f"(is its folder on PYTHONPATH?); {FIX}"
    )


def test_a_missing_module_inside_a_package(registry: Registry, write: Write) -> None:
    write("registry_package.__init__", "")
    assert "there is no module registry_package.rewards here" in refusal(registry, "registry_package.rewards.f")


def test_an_attribute_that_is_missing(registry: Registry) -> None:
    assert refusal(registry, "math.sqroot") == (
        f"still.way='math.sqroot': the module math has no sqroot; {FIX}; did you mean sqrt?"
    )


def test_an_object_of_the_wrong_kind(registry: Registry) -> None:
    assert refusal(registry, "math.pi") == f"still.way='math.pi': its type is float, and not a function; {FIX}"


def test_a_kind_may_be_narrower() -> None:
    registry: Registry[float] = Registry("still.number", "a number", {}, lambda found: isinstance(found, float))
    assert registry.find("math.pi") > 3
    assert refusal(registry, "math.sqrt") == (
        "still.number='math.sqrt': its type is builtin_function_or_method, and not a number; "
        "use the dotted name of a number of your own"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise RuntimeError('no\\n  GPU')", "RuntimeError: no GPU"),
        ("def f(:", "SyntaxError: "),
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("from math import no_such_thing", "ImportError: cannot import name 'no_such_thing' from 'math'"),
        ("raise SystemExit(0)", "SystemExit: 0"),  # a script without a main guard; it would end the job without a word
        ("def __getattr__(name): raise RuntimeError('no GPU')", "RuntimeError: no GPU"),
    ],
)
def test_a_module_that_raises_on_import(registry: Registry, write: Write, text: str, reason: str) -> None:
    name = f"registry_raises_{abs(hash(text))}"
    write(name, text)
    message = refusal(registry, f"{name}.f")
    assert message.startswith(f"still.way='{name}.f': {name} cannot be imported: {reason}")
    assert message.endswith("; correct that module or name another")


def test_a_module_that_was_corrected_is_found(registry: Registry, write: Write) -> None:
    write("registry_later", "raise ValueError")
    refusal(registry, "registry_later.f")
    write("registry_later", "def f(x): return x  # corrected")
    assert registry.find("registry_later.f")(1) == 1


def test_what_is_inside_a_class_is_not_looked_for(registry: Registry, write: Write) -> None:
    write("registry_inside", "class Terms:\n    def f(x): return x")
    said = refusal(registry, "registry_inside.Terms.f")
    assert "there is no module registry_inside.Terms here (registry_inside is a module: name what is at its top" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("async def f(x): return x", "it is `async`, and nobody awaits it"),
        ("async def f(x): yield x", "it is `async`, and nobody awaits it"),
        ("class F:\n    async def __call__(self, x): return x\nf = F()", "it is `async`, and nobody awaits it"),
        ("from functools import partial\nasync def g(k, x): return x\nf = partial(g, 1)", "it is `async`"),
        ("def f(x): yield x", "it is a generator: return a value"),
        ("def f(): return 1", "it is called with 1 argument(s): too many positional arguments"),
        ("def f(x, y): return 1", "it is called with 1 argument(s): missing a required argument: 'y'"),
        ("class f:\n    def __init__(self, x): pass", "its type is type, and not a function"),
    ],
)
def test_what_is_called_is_a_plain_function_of_so_many_arguments(write: Write, text: str, said: str) -> None:
    registry: Registry[Callable[[float], float]] = Registry("still.way", "a function", {}, arguments=1)
    name = f"registry_called_{abs(hash(text))}"
    write(name, text)
    assert refusal(registry, f"{name}.f").startswith(f"still.way='{name}.f': {said}")


@pytest.mark.parametrize(
    "text",
    [
        "f = lambda x: x",
        "def f(x, *more, y=1, **rest): return x",
        "from functools import partial\nf = partial(pow, 2)",
        "class F:\n    def g(self, x): return x\nf = F().g",
        "class F:\n    def __call__(self, x): return x\nf = F()",
        "from math import sqrt as f",
        "f = max",  # its signature is not known
    ],
)
def test_what_can_be_called_is_found(write: Write, text: str) -> None:
    registry: Registry[Callable[[float], float]] = Registry("still.way", "a function", {}, arguments=1)
    name = f"registry_callable_{abs(hash(text))}"
    write(name, text)
    assert callable(registry.find(f"{name}.f"))
