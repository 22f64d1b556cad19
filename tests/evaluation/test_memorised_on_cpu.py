"""The probe for contamination, with an engine that has learned some problems by heart."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from echo_engine import Echo
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.evaluation.engines.base import Deliver, Reply, Request
from still_verl.evaluation.memorised import is_completed, split

TEXT = "The number {} is added to seven times itself, and then halved. What is the result of this small computation?"


def problems(path: Path, numbers: range) -> Path:
    rows = [{"problem": TEXT.format(number), "answer": str(4 * number)} for number in numbers]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(autouse=True)
def _learned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine continues problems of even numbers as it has learned them, and others otherwise."""

    def generate(self: Echo, requests: Iterable[Request], deliver: Deliver) -> None:
        for request in requests:
            beginning = request.prompt.text or ""
            number = int(beginning.split()[2])
            rest = TEXT.format(number)[len(beginning) :]
            known = f"{rest} It is \\boxed{{{4 * number}}}."
            deliver(request, Reply(known if number % 2 == 0 else " and so on.", "stop", 9, 0.1))

    monkeypatch.setattr(Echo, "generate", generate)


def probe(tmp_path: Path, numbers: range, *options: str) -> Any:
    file = problems(tmp_path / "sums.jsonl", numbers)
    command = ["eval", "m", "--engine", "echo_engine.Echo", "-b", str(file), "-o", str(tmp_path / "run"), "--memorised"]
    return CliRunner().invoke(app, [*command, *options])


def test_a_model_that_knows_the_problems_is_found(tmp_path: Path) -> None:
    done = probe(tmp_path, range(10, 60, 2), "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["sums"]
    assert found == {str(share): {"problems": 25, "completed": 1.0, "answered": 1.0} for share in (40, 60, 80)}
    assert "warning: the model completes 100.0 % of sums to the letter from the first 40 %" in done.stderr


def test_one_that_does_not_is_not(tmp_path: Path) -> None:
    done = probe(tmp_path, range(11, 61, 2), "--json")
    assert json.loads(done.stdout)["sums"]["80"] == {"problems": 25, "completed": 0.0, "answered": 0.0}
    assert "warning" not in done.stderr


def test_a_setting_that_the_probe_has_not_is_refused(tmp_path: Path) -> None:
    done = probe(tmp_path, range(3), "--temperature", "0.6")
    assert done.exit_code == 1 and "--memorised with --temperature 0.6" in done.stderr


@pytest.mark.parametrize("share", range(0, 101, 5))
@pytest.mark.parametrize("text", ["one", "a b", "Find $x$\nwhere  $x > 0$ and é.", " "])
def test_beginning_and_rest_are_the_text(text: str, share: int) -> None:
    beginning, rest = split(text, share)
    assert "".join((beginning + rest).split()) == "".join(text.split())
    assert not beginning or text.startswith(beginning)


def test_only_the_rest_itself_completes() -> None:
    assert is_completed("  b c\nand more", "b c") and not is_completed("b", "b c") and not is_completed("x", "")
