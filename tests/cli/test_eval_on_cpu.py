"""What `still-verl eval` says when it cannot do what it is asked: one line, before anything is drawn."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from echo_engine import Echo, asked
from typer.testing import CliRunner

from still_verl.cli import app

ECHO = ["m", "--engine", "echo_engine.Echo"]

REFUSED = {
    "--benchmark: name at least one of aime24,": ECHO,
    "--k 3 with --temperature 0: greedy samples": [*ECHO, "-b", "FILE", "-k", "3", "--temperature", "0"],
    "--k 0: ask for at least one sample": [*ECHO, "-b", "FILE", "-k", "0"],
    "--top-p 0.0: use a number above 0, at most 1": [*ECHO, "-b", "FILE", "--top-p", "0"],
    "--max-tokens 0: use a number of tokens above 0": [*ECHO, "-b", "FILE", "--max-tokens", "0"],
    "--concurrency 0: use at least one request": [*ECHO, "-b", "FILE", "--concurrency", "0"],
    "--attempts 0: ask for each sample at least once": [*ECHO, "-b", "FILE", "--attempts", "0"],
    "--timeout 0: use a number of seconds above 0": [*ECHO, "-b", "FILE", "--timeout", "0"],
    "--preset='sobre': use one of still3,": [*ECHO, "-b", "FILE", "--preset", "sobre"],
    "--prompt tokens, or --code: give --tokenizer": ["-b", "FILE", "--url", "http://localhost:1", "--code"],
    "--code-arg max_calls: write NAME=VALUE": [*ECHO, "-b", "FILE", "--code-arg", "max_calls"],
    "--code-arg='calls': use one of format,": [*ECHO, "-b", "FILE", "--code-arg", "calls=3"],
    "--memorised with --code": [*ECHO, "-b", "FILE", "--memorised", "--code"],
    "--engine='vlm': use one of vllm, openai,": ["m", "-b", "FILE", "--engine", "vlm"],
    "--engine='echo_engine.Ecco'": ["m", "-b", "FILE", "--engine", "echo_engine.Ecco"],
    "--url '': the engine openai needs the address": ["m", "-b", "FILE", "--engine", "openai"],
    "--model: name a folder with weights": ["-b", "FILE"],
    "--template='bar': use one of": [*ECHO, "-b", "FILE", "--prompt", "raw", "--template", "bar"],
    "--template: it cannot be rendered: TemplateSyntaxError": [
        *ECHO,
        "-b",
        "FILE",
        "--prompt",
        "raw",
        "--template",
        "BAD",
    ],
    "--prompt='xml': use one of chat, raw, tokens": [*ECHO, "-b", "FILE", "--prompt", "xml"],
    "--system with --prompt raw": [*ECHO, "-b", "FILE", "--prompt", "raw", "--system", "Think."],
    "--verifier='loose': use one of strict, lenient": [*ECHO, "-b", "FILE", "--verifier", "loose"],
    "--extract='box': use one of boxed,": [*ECHO, "-b", "FILE", "--extract", "box"],
    "--engine-arg dtype: write NAME=VALUE": [*ECHO, "-b", "FILE", "--engine-arg", "dtype"],
    "--benchmark FILE: sums is named twice": [*ECHO, "-b", "FILE", "-b", "FILE"],
    "--data /nowhere: there is no such folder": [*ECHO, "-b", "aime24", "--data", "/nowhere"],
}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "sums.jsonl"
    path.write_text(json.dumps({"problem": "1+1?", "answer": "2"}) + "\n")
    return str(path)


@pytest.mark.parametrize("said, arguments", REFUSED.items())
def test_it_is_refused_in_one_line(said: str, arguments: list[str], file: str, tmp_path: Path) -> None:
    output = tmp_path / "run"
    (tmp_path / "bad.jinja").write_text("{% if")
    files = {"FILE": file, "BAD": str(tmp_path / "bad.jinja")}
    given = [files.get(argument, argument) for argument in arguments]
    done = CliRunner().invoke(app, ["eval", *given, "-o", str(output)])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"still-verl: {said.replace('FILE', file)}"), done.stderr
    assert done.stderr.count("\n") == 1 and not output.exists()


def test_a_run_from_its_beginning_to_the_table(file: str, tmp_path: Path) -> None:
    command = ["eval", *ECHO, "-b", file, "-k", "4", "-o", str(tmp_path / "run")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "avg@k" in done.stdout and "sums" in done.stdout
    again = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert {"problems": 1, "k": 4, "samples": 4}.items() <= again["sums"].items()
    from_rows = json.loads(CliRunner().invoke(app, ["eval", "--from", str(tmp_path / "run"), "--json"]).stdout)
    assert from_rows == again


def test_what_an_engine_prints_is_not_in_the_json(file: str, tmp_path: Path) -> None:
    helpers = Path(__file__).parents[1] / "helpers"
    command = [sys.executable, "-m", "still_verl", "eval", "m", "--engine", "noisy_engine.Noisy", "-b", file, "--json"]
    environment = os.environ | {"PYTHONPATH": str(helpers)}
    for option in ([], ["--memorised"]):
        done = subprocess.run([*command, *option], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert list(json.loads(done.stdout)) == ["sums"], done.stdout + done.stderr
        assert "loading ..." in done.stderr and "loaded by C" in done.stderr


def test_an_engine_that_fails_says_that_nothing_is_lost(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Echo, "fails_after", 2)
    command = ["eval", *ECHO, "-b", file, "-k", "4", "-o", str(tmp_path / "run"), "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1 and done.stdout == ""
    assert (
        done.stderr.strip() == "still-verl: it broke; what was drawn is kept, and the same command goes on from there"
    )
    monkeypatch.setattr(Echo, "fails_after", 10**9)
    asked.clear()
    assert CliRunner().invoke(app, command).exit_code == 0 and len(asked) == 2


def test_a_file_of_which_no_sample_counts_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"problem": "1+1", "response": "2"}\n')
    done = CliRunner().invoke(app, ["eval", "--from", str(path), "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["samples"]["avg"] is None
    assert (
        done.stderr.splitlines()[-1] == "still-verl: no sample counts; the lines above say what was left out, and why"
    )
