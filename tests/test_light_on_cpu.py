"""What `pip install still-verl` promises without verl: every import and command below runs with these packages away."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import still_verl

pytestmark = pytest.mark.process

HEAVY = ("verl", "vllm", "torch", "ray", "transformers", "tensordict", "transfer_queue")
# Any import of them fails, as if they were not installed.
BLOCK = f"import sys\nfor name in {HEAVY}: sys.modules[name] = None\n"

# Those that are for a job or build a model; all others must work without the packages above.
FOR_JOBS = ("integration", "plan", "plugin", "hydra_plugin", "sweep", "sft")
BUILDERS = ("demo.tiny_model", "demo.build_weights", "demo.pretraining", "demo.muon", "demo.smollm2", "demo.tokenizer")


def light_modules() -> list[str]:
    package = Path(still_verl.__path__[0])
    modules = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        if parts[0] not in FOR_JOBS and name not in (*BUILDERS, "__main__", "__init__"):
            modules.append(f"still_verl.{name}")
    return modules


def python(code: str, cwd: Path, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BLOCK + code, *args]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=120)


def still(cwd: Path, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """One command of the command line."""
    return python("from still_verl.cli import app; app()", cwd, *args, stdin=stdin)


def test_every_other_module_imports(tmp_path: Path) -> None:
    code = "import importlib\nfor name in sys.argv[1:]: importlib.import_module(name)"
    modules = light_modules()
    assert "still_verl.rewards.compose" in modules and "still_verl.monitor.alarms.watch" in modules
    done = python(code, tmp_path, *modules)
    assert done.returncode == 0, done.stderr


def test_a_prompt_to_be_looked_at(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"prompt": [{"role": "user", "content": "q"}]}) + "\n")
    done = still(tmp_path, "data", "preview", "rows.jsonl", "--prompt", "short", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["text"].endswith("User: q\nAssistant: <think>\n")
    done = still(tmp_path, "data", "preview", "rows.jsonl", "--tokenizer", "x")
    assert done.returncode == 1 and "needs transformers" in done.stderr


def test_a_conversation_to_be_trained_on(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "<think>a</think>b"}]
    (tmp_path / "rows.jsonl").write_text(json.dumps({"messages": messages}) + "\n")
    done = still(tmp_path, "data", "show-mask", "rows.jsonl", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["trained"] == ["<think>a</think>b<｜end▁of▁sentence｜>"]
    done = still(tmp_path, "data", "show-mask", "rows.jsonl", "--tokenizer", "x")
    assert done.returncode == 1 and "needs transformers" in done.stderr


def test_a_reward_and_a_program(tmp_path: Path) -> None:
    row = {"data_source": "math", "solution_str": r"so \boxed{\frac12}", "ground_truth": "0.5"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    done = still(tmp_path, "score", "--reward-fn", "boxed_math", "--input", "rows.jsonl", "--output", "scored.jsonl")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "scored.jsonl").read_text())["score"] == 1.0
    assert still(tmp_path, "verify", "1/2", "0.5").stdout == "equal: formula (strict)\n"
    assert still(tmp_path, "run-code", "--stdin", stdin="print(6 * 7)").stdout == "42\n"


def test_an_evaluation_of_samples_that_exist(tmp_path: Path) -> None:
    rows = [{"problem": "1/2?", "response": rf"\boxed{{{answer}}}", "answer": "0.5"} for answer in (r"\frac12", "2")]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = still(tmp_path, "eval", "--from", "rows.jsonl", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["samples"]["avg"] == 0.5


def test_a_training_set(tmp_path: Path) -> None:
    rows = [{"problem": f"What is {number} plus 3?", "answer": str(number + 3)} for number in range(3)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "exam.jsonl").write_text(json.dumps(rows[0]) + "\n")
    done = still(tmp_path, "data", "curate", "rows.jsonl", "--against", "exam.jsonl", "-o", "set", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"] == {"rows": 3, "kept": 2, "dropped": 1, "rejected": 0}
    same = still(tmp_path, "data", "diff", "set", "set", "--json").stdout
    assert json.loads(same) == {"changed": [], "moved": [], "edited": []}
    sample = {"problem": rows[1]["problem"], "answer": "4", "correct": True}
    (tmp_path / "samples.jsonl").write_text((json.dumps(sample) + "\n") * 12)
    graded = still(tmp_path, "data", "difficulty", "set", "--from", "samples.jsonl", "-o", "graded", "--json")
    assert json.loads(graded.stdout)["dropped"] == {"too_easy": 1}, graded.stderr
    failed = still(tmp_path, "data", "curate", "absent.jsonl", "-o", "set")
    assert (failed.returncode, failed.stderr) == (
        1,
        "still-verl: INPUT absent.jsonl: there is no such file or folder\n",
    )


COUNT_AND_SCAN = r"""
from still_verl.monitor.alarms import scan
from still_verl.monitor.keywords import Keywords
print(Keywords().count("Wait, let me verify.")["verification"])
rows = [{"step": step, "actor/entropy": 0.9 ** step, "still/accuracy": 0.5} for step in range(1, 120)]
print([alarm.name for alarm in scan(rows)])
"""


def test_keywords_and_alarms(tmp_path: Path) -> None:
    done = python(COUNT_AND_SCAN, tmp_path)
    count, alarms = done.stdout.splitlines()
    assert count == "1" and "entropy_collapse" in alarms, done.stderr


def test_a_report(tmp_path: Path) -> None:
    rows = [{"step": step, "still/accuracy": step / 10} for step in range(1, 10)]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = still(tmp_path, "report", "run", "-o", "report.html")
    assert done.returncode == 0, done.stderr
    assert "90.0%" in (tmp_path / "report.html").read_text()  # the last accuracy


@pytest.mark.parametrize("command", [["plan", "+recipe=base", "hardware=8xH100-80G"], ["demo"], ["demo-model", "tiny"]])
def test_a_command_that_needs_verl_says_how_to_install_it(command: list[str], tmp_path: Path) -> None:
    done = still(tmp_path, *command)
    assert done.returncode == 1
    assert done.stderr == f"still-verl {command[0]} needs verl: pip install 'still-verl[verl]'\n"


def test_the_doctor_looks_at_what_is_left(tmp_path: Path) -> None:
    done = still(tmp_path, "doctor", "--json")
    findings = {finding["check"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert done.returncode == 0, done.stdout
    assert list(findings) == ["python", "packages", "verl", "sandbox", "program packages"]
    assert findings["verl"]["found"].startswith("not installed")
    assert findings["verl"]["fix"].endswith("pip install 'still-verl[verl]'")
