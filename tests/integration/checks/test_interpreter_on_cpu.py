"""A sandbox or a code format of a user's own that cannot work is refused before the job starts, in one line."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from omegaconf import OmegaConf

from still_verl.config_errors import ConfigError
from still_verl.integration.checks.interpreter import check_interpreter
from still_verl.interpreter.registries import CODE_FORMATS, SANDBOXES
from still_verl.interpreter.sandbox.base import Result, SandboxUnavailable
from still_verl.interpreter.settings import InterpreterConfig

CONFIG = OmegaConf.create(
    {"actor_rollout_ref": {"rollout": {"agent": {"default_agent_loop": "still_code"}, "multi_turn": {"format": "x"}}}}
)


class Sandbox:
    tier = "reduced"

    @classmethod
    def from_settings(cls, settings: InterpreterConfig) -> Any:
        return cls()

    def run(self, code: str) -> Any:
        return Result("42\n", None, "ok", 0.1, "reduced")

    def session(self) -> Any:
        return self

    def close(self) -> None:
        pass


class CodeFormat:
    stop: Any = ["="]
    open_block = False

    def __init__(self) -> None:
        self.blocks: list[str] = []

    def feed(self, text: str) -> Any:
        return False

    def output(self, text: str) -> Any:
        return text


def gives(value: object) -> Any:
    return lambda *_: value


def raises(error: Exception) -> Any:
    def method(*_: object) -> None:
        raise error

    return method


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A module of the user's with a sandbox and a format that work."""
    module = SimpleNamespace(Sandbox=Sandbox, CodeFormat=CodeFormat)
    monkeypatch.setitem(sys.modules, "own_interpreter", module)  # type: ignore[arg-type]
    monkeypatch.setattr(SANDBOXES, "_loaded", {})
    monkeypatch.setattr(CODE_FORMATS, "_loaded", {})
    return module


def check(stateful: bool = True) -> None:
    names = {"format": "own_interpreter.CodeFormat", "sandbox": "own_interpreter.Sandbox"}
    check_interpreter(CONFIG, InterpreterConfig(**names, stateful=stateful))


def problem() -> str:
    with pytest.raises(ConfigError) as error:
        check()
    message = str(error.value)
    assert "\n" not in message
    return message


def test_both_may_be_the_users_own() -> None:
    check()


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"from_settings": gives(None)}, "from_settings returned a NoneType, which has no method run"),
        ({"session": None}, "from_settings returned a Odd, which has no method session"),
        ({"from_settings": raises(RuntimeError("no\ndocker"))}, "a test program failed: RuntimeError: no docker; "),
        ({"run": raises(OSError("refused"))}, "a test program failed: OSError: refused; correct that class"),
        ({"run": gives(None)}, "`run` returned None for a test program: return a sandbox.base.Result"),
        ({"run": gives("42\n")}, "`run` returned '42"),
        ({"run": gives(Result("42", None, "ok", 0.1, "odd"))}, "its tier is 'odd'"),  # type: ignore[arg-type]
        ({"session": raises(SandboxUnavailable("set stateful=false"))}, "still.interpreter: set stateful=false"),
    ],
)
def test_a_sandbox_that_cannot_work(own: SimpleNamespace, attributes: dict[str, Any], said: str) -> None:
    own.Sandbox = type("Odd", (Sandbox,), attributes)
    assert said in problem()


def test_a_sandbox_without_sessions_is_fine_where_no_variables_are_kept(own: SimpleNamespace) -> None:
    own.Sandbox = type("Odd", (Sandbox,), {"session": raises(SandboxUnavailable("set stateful=false"))})
    check(stateful=False)


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        (
            {"__init__": raises(RuntimeError("no\ntokenizer"))},
            "failed at an empty response: RuntimeError: no tokenizer",
        ),
        ({"stop": "="}, "its `stop` is '=': use a list of texts that are not empty"),
        ({"stop": []}, "its `stop` is []: use a list"),
        ({"stop": [""]}, "its `stop` is ['']: use a list"),
        ({"feed": gives(None)}, "`feed` returned None: use a bool"),
        ({"feed": gives(True)}, "`feed` says that an empty text ends with a program"),
        ({"output": gives(None)}, "`output` returned None: use a str"),
        ({"open_block": None}, "its `open_block` None: use a bool"),
    ],
)
def test_a_format_that_cannot_work(own: SimpleNamespace, attributes: dict[str, Any], said: str) -> None:
    own.CodeFormat = type("Odd", (CodeFormat,), attributes)
    message = problem()
    assert message.startswith("still.interpreter.format=own_interpreter.CodeFormat: ") and said in message


def test_a_format_that_lacks_what_the_loop_needs(own: SimpleNamespace) -> None:
    own.CodeFormat = type("Odd", (), {"stop": ["="]})
    assert "AttributeError: 'Odd' object has no attribute 'blocks'" in problem()
