"""The command: killed again and again, and with a key that must stand nowhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from killed_evaluations import kill_after, lines_of
from scripted_server import ScriptedServer
from scripted_teacher import asked, doubles, doubling, reply, rows, teaching

pytestmark = pytest.mark.process

AT_ONCE, PROBLEMS, SAMPLES = 4, 40, 2
KEY = "sk-9f3a77c2-e1b04d5588aa"


def command(url: str, problems: str, output: Path, *more: str) -> list[str]:
    options = ["-n", str(SAMPLES), "--keep", "2", "--max-tokens", "400", "--concurrency", str(AT_ONCE), "--json"]
    distill = [sys.executable, "-m", "still_verl", "data", "distill", problems, "scripted", "--url", url]
    return [*distill, "-o", str(output), *options, *more]


def numbered(problem: str, part: int) -> str:
    """Two programs and an answer, so that a kill also finds responses that are half written."""
    number = int(problem.split()[-1])
    if part < 2:
        return f"```python\nprint({number} * {part + 1})\n```\n"
    return f"\\boxed{{{2 * number}}}"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_lose_nothing_and_pay_for_nothing_twice_but_what_was_in_flight(kills: int, tmp_path: Path) -> None:
    problems, killed, whole = doubling(tmp_path, PROBLEMS), tmp_path / "killed", tmp_path / "whole"
    requests = PROBLEMS * SAMPLES * 3
    with ScriptedServer(delay_s=0.02) as server:
        server.write = teaching(numbered)
        for number in range(kills):
            journal = killed / "replies" / "journal.jsonl"
            kill_after(1 + number % 11, command(server.url, problems, killed), journal)
        last = subprocess.run(command(server.url, problems, killed), capture_output=True, text=True, timeout=200)
        answered = sum(server.answered.values())
    with ScriptedServer() as server:
        server.write = teaching(numbered)
        subprocess.run(command(server.url, problems, whole), check=True, capture_output=True)
    assert last.returncode == 0, last.stderr
    assert requests <= answered <= requests + kills * AT_ONCE
    assert lines_of(killed / "replies" / "journal.jsonl") == requests == json.loads(last.stdout)["spent"]["replies"]
    for name in ("demonstrations.jsonl", "rejected.jsonl"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    assert lines_of(killed / "demonstrations.jsonl") + lines_of(killed / "rejected.jsonl") == PROBLEMS * SAMPLES


def test_a_key_stands_in_no_file_no_message_and_no_process(tmp_path: Path) -> None:
    """The server repeats the key wherever it can, and the teacher's program looks for it."""
    looks = 'import os\nprint(dict(os.environ))\ntry:\n    print(open("/proc/1/environ").read())\n'
    looks += "except OSError as error:\n    print(error)\n"
    seen: list[str] = []

    def write(body: dict) -> dict:
        seen.extend(command_lines())
        if asked(body)[1] == 0:
            return reply(body, f"The key is {KEY}.\n```python\n{looks}```\n", model=f"scripted {KEY}")
        return reply(body, doubles(*asked(body)), model=f"scripted {KEY}")

    environment = os.environ | {"TEACHER_KEY": KEY}
    problems, output = doubling(tmp_path, 3), tmp_path / "run"
    with ScriptedServer() as server:
        server.write = write
        arguments = command(server.url, problems, output, "--key-env", "TEACHER_KEY", "--attempts", "2")
        server.fault = lambda prompt, seed, attempt: "500 echo" if attempt == 1 else ""
        runs = [subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=120)]
        server.fault = lambda prompt, seed, attempt: "400 echo"
        arguments[arguments.index(str(output))] = str(tmp_path / "refused")
        runs.append(subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=120))
        server.fault = lambda prompt, seed, attempt: "401 echo"
        arguments[arguments.index(str(tmp_path / "refused"))] = str(tmp_path / "wrong")
        runs.append(subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=120))
        broken = environment | {"TEACHER_KEY": f"{KEY}\nX: y"}
        runs.append(subprocess.run(arguments, env=broken, capture_output=True, text=True, timeout=120))
    assert [run.returncode for run in runs] == [0, 0, 1, 1]
    assert len(rows(output / "demonstrations.jsonl")) == 3 and "[key]" in (output / "demonstrations.jsonl").read_text()
    assert "[key]" in (tmp_path / "refused" / "rejected.jsonl").read_text() and "[key]" in runs[2].stderr
    assert "TEACHER_KEY: it has blanks" in runs[3].stderr
    found = [run.stdout + run.stderr for run in runs] + seen
    found += [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(seen) > 3 and not [text for text in found if KEY in text]


def test_a_folder_may_be_called_as_rich_marks_text(tmp_path: Path) -> None:
    output = tmp_path / "demos[/red]"  # a tag that was never opened
    with ScriptedServer() as server:
        server.write = teaching(doubles)
        arguments = command(server.url, doubling(tmp_path, 1), output)
        arguments.remove("--json")
        ended = subprocess.run(
            arguments, capture_output=True, text=True, timeout=120, env=os.environ | {"COLUMNS": "500"}
        )
    assert ended.returncode == 0 and str(output) in "".join(ended.stdout.split()), (
        ended.stderr
    )  # a title may be wrapped


def command_lines() -> list[str]:
    """What a list of processes shows."""
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(process.read_bytes().decode("utf-8", "replace"))
        except OSError:
            pass
    return lines
