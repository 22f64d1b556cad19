"""The interpreter of an evaluation: its settings, what they belong to, and what cannot work."""

import time
from pathlib import Path
from typing import Any

import pytest
from coding_engine import BLOCK, TWO_CALLS, Speak, code_settings, rows_of, run

from still_verl.config_errors import ConfigError
from still_verl.evaluation.engines.base import EngineError
from still_verl.evaluation.setup import Settings, make_run


def test_other_settings_of_the_interpreter_are_another_run(tmp_path: Path, speak: Speak) -> None:
    speak(TWO_CALLS)
    run(code_settings(tmp_path))
    run(code_settings(tmp_path, {"max_concurrent": 1}))
    with pytest.raises(ConfigError, match="model.code.max_calls is 8 there and 4 here"):
        run(code_settings(tmp_path, {"max_calls": 4}))
    plain = {"engine": "echo_engine.Echo", "code": None}
    wanted = Settings(**(vars(code_settings(tmp_path)) | plain))
    with pytest.raises(ConfigError, match=r"model.code is .* there and null here"):
        run(wanted)


def test_the_study_ran_each_block_afresh_and_cut_its_output(tmp_path: Path, speak: Speak) -> None:
    speak(BLOCK.format("x = 1\nprint('a' * 900)") + BLOCK.format("print(x)") + r"\boxed{1}")
    wanted = code_settings(tmp_path, preset="still3-tool", template="")
    plan, engine, _ = make_run(wanted)
    engine.close()
    assert {each.sampling.temperature for each in plan.asked} == {0.6}
    code = engine.identity()["code"]
    assert (code["seconds_per_call"], code["stateful"], code["output_chars"]) == (5.0, False, 400)
    row = rows_of(wanted)[0]
    read = row.transcript or ""
    assert 200 * "a" + "\n... [501 characters left out]" in read and "NameError" in read
    assert row.tools is not None and (row.tools["ok"], row.tools["error"]) == (1, 1)


def test_the_packages_are_named_in_the_prompt(tmp_path: Path, speak: Speak) -> None:
    speak(TWO_CALLS)
    row = rows_of(code_settings(tmp_path, {"packages_in_prompt": True}))[0]
    assert row.prompt.startswith("Programs run in Python without network access.")
    assert row.prompt.endswith("\n\nproblem 0") and row.correct


class Broken:
    """A sandbox that works once, for the check before a run."""

    def __init__(self) -> None:
        from still_verl.interpreter.sandbox.local.client import Local

        self.local, self.runs = Local(allow_unsandboxed=True), 0

    @classmethod
    def from_settings(cls, settings: Any) -> "Broken":
        return cls()

    tier = property(lambda self: self.local.tier)

    def run(self, code: str, stdin: Any = None) -> Any:
        if "colorsys" not in code:
            raise RuntimeError("no more processes")
        return self.local.run(code, stdin)

    def session(self) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        self.local.close()


def test_a_sandbox_that_fails_ends_the_run_and_what_is_there_is_kept(tmp_path: Path, speak: Speak) -> None:
    speak(lambda key: TWO_CALLS if key[1] == "2" else r"\boxed{1}")
    settings = {"sandbox": f"{__name__}.Broken", "stateful": False}
    started = time.monotonic()
    with pytest.raises(EngineError, match="the code interpreter failed: RuntimeError: no more processes"):
        run(code_settings(tmp_path, settings))
    assert time.monotonic() - started < 30


REFUSED: dict[str, dict[str, Any]] = {
    "--code with --prompt chat: a chat cannot be continued": {"prompt": "chat"},
    "--code with --engine echo_engine.Echo: it cannot go on behind the output": {"engine": "echo_engine.Echo"},
    "--think-budget 5: it cuts responses that run no programs": {"think_budget": 5},
    "--code-arg='max_cals': use one of": {"code": {"max_cals": 4}},
    "--code-arg max_calls=many": {"code": {"max_calls": "many"}},
    "still.interpreter.max_calls=0: use a number above 0": {"code": {"max_calls": 0}},
    "--code-arg format=tool_call: evaluation reads programs in the text": {"code": {"format": "tool_call"}},
    "still.interpreter.format='fence': use one of fenced, tagged": {"code": {"format": "fence"}},
    "give --tokenizer": {"tokenizer": ""},
    "still.interpreter.url=None: sandbox=fusion needs": {"code": {"sandbox": "fusion"}},
}


@pytest.mark.parametrize("said, change", REFUSED.items())
def test_what_cannot_work_is_refused(said: str, change: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        make_run(code_settings(tmp_path, **change))
    assert said in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()
