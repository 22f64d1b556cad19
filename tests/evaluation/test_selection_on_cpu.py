"""A checkpoint is chosen on validation problems, once, and the test set does not share any of them."""

import json
from pathlib import Path

import pytest
from echo_engine import asked
from typer.testing import CliRunner, Result

from still_verl.cli import app
from still_verl.config_errors import ConfigError
from still_verl.evaluation.problems import Benchmark, Problem
from still_verl.evaluation.score import Scorer
from still_verl.evaluation.selection import CHOICE, choose, refuse_overlap


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of four validations, of which three have a checkpoint."""
    folder = tmp_path / "run"
    for step, right in {0: 4, 10: 1, 20: 3, 30: 3, 40: 4}.items():
        dump(folder, step, right)
    for step in (10, 20, 30):
        (folder / "checkpoints" / f"global_step_{step}" / "actor" / "huggingface").mkdir(parents=True)
    (folder / "checkpoints" / "latest_checkpointed_iteration.txt").write_text("30")
    return folder


def dump(folder: Path, step: int, right: int, problems: int = 4) -> None:
    (folder / "validation").mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(problems):
        question = f"user\nWhat is {number} + 13? Put your answer in a box.\nassistant\n"
        rows.append({"input": question, "output": "7", "score": float(number < right), "acc": float(number < right)})
    (folder / "validation" / f"{step}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def benchmark(*texts: str) -> Benchmark:
    return Benchmark("test", tuple(Problem(f"t{number}", text, "7") for number, text in enumerate(texts)))


def test_the_first_of_the_best_that_has_a_checkpoint(run: Path) -> None:
    choice = choose(run, Scorer())
    assert choice.best.step == 20 and choice.best.avg == 0.75
    assert [candidate.step for candidate in choice.candidates] == [10, 20, 30]
    written = json.loads((run / CHOICE).read_text())
    assert written["step"] == 20 and written["candidates"][0] == {"step": 10, "avg": 0.25, "stderr": 0.25}
    assert "step 20 of 3 checkpoints, 75.00 ± 25.00 % there" in choice.sentence()


def test_a_second_choice_is_refused(run: Path) -> None:
    assert choose(run, Scorer()).best.step == choose(run, Scorer()).best.step
    dump(run, 10, right=4)
    with pytest.raises(ConfigError, match="chose step 20 before, and now it would be step 10"):
        choose(run, Scorer())
    (run / CHOICE).write_text("{")
    with pytest.raises(ConfigError, match="is damaged"):
        choose(run, Scorer())


def test_a_validation_that_lost_problems_is_compared_on_those_of_all(run: Path) -> None:
    dump(run, 30, right=1, problems=1)
    assert [candidate.avg for candidate in choose(run, Scorer()).candidates] == [1, 1, 1]


def test_without_a_checkpoint_of_a_validation(tmp_path: Path, run: Path) -> None:
    dump(tmp_path / "other", 5, 1)
    with pytest.raises(ConfigError, match=r"checkpoints: none; validation dumps: 5\); let trainer.save_freq"):
        choose(tmp_path / "other", Scorer())
    assert not (tmp_path / "other" / CHOICE).exists()


@pytest.mark.parametrize("text", ["What is 2 + 13?", "what  is\n2 +13 ?"])
def test_a_problem_of_the_validation_is_found_in_its_template(run: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="--benchmark test: 1 of 2 problems are among those"):
        refuse_overlap(choose(run, Scorer()), [benchmark("Something else.", text)])


def test_a_number_that_is_a_part_of_another_is_no_overlap(run: Path) -> None:
    refuse_overlap(choose(run, Scorer()), [benchmark("What is 2 + 1", "s 2 + 13?", "What is 4 + 13?")])


def select(run: Path, test: Path, *more: object) -> Result:
    arguments = ["eval", "--select", run, "-b", test, "--engine", "echo_engine.Echo", "--prompt", "raw", *more]
    return CliRunner().invoke(app, list(map(str, arguments)))


def write_test_set(path: Path, text: str) -> Path:
    path.write_text(json.dumps({"id": "1", "problem": text, "answer": "1"}) + "\n")
    return path


def test_the_choice_is_written_before_the_test_set_is_opened(run: Path, tmp_path: Path) -> None:
    asked.clear()
    (run / "checkpoints" / "global_step_20" / "actor" / "huggingface" / "model.safetensors").write_bytes(b"")
    done = select(run, tmp_path / "there_is_none.jsonl")
    assert done.exit_code == 1 and "there is no such file" in done.stderr and (run / CHOICE).exists()
    done = select(run, write_test_set(tmp_path / "shared.jsonl", "What is 3 + 13?"))
    assert done.exit_code == 1 and "are among those that chose the checkpoint" in done.stderr and asked == []
    done = select(run, write_test_set(tmp_path / "own.jsonl", "What is 3 * 13?"))
    assert done.exit_code == 0, done.output
    assert "step 20 of 3 checkpoints" in done.stderr and asked == [("own", "1", 0)]
    assert (run / "test" / "rows.jsonl").exists()


def test_a_model_beside_a_run_is_refused(run: Path, tmp_path: Path) -> None:
    done = select(run, tmp_path / "x.jsonl", "--url", "http://localhost:1/v1")
    assert done.exit_code == 1 and "--select and --url http://localhost:1/v1: give only one" in done.stderr
    assert not (run / CHOICE).exists()
