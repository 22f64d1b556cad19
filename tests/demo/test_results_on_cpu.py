"""What `still-verl demo` shows of a run that has ended."""

import json
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from still_verl.demo.results import DemoError, ValidationResult, example, summary, validations


def write_run(run: Path) -> None:
    """Two validations of three problems, each dumped in an order of its own, as verl does."""
    answers = {
        0: [("1+1=?", "one", 0), ("2+2=?", "four", 1), ("3+3=?", "five", 0)],
        9: [("3+3=?", "six", 1), ("1+1=?", "three", 0), ("2+2=?", "4", 1)],
    }
    (run / "validation").mkdir(parents=True)
    rows = [{"step": step, "val-core/demo/addition/acc/mean@1": step / 9} for step in answers]
    (run / "metrics.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    for step, found in answers.items():
        dump = [{"input": asked, "output": said, "acc": acc, "pred": "x"} for asked, said, acc in found]
        (run / "validation" / f"{step}.jsonl").write_text("\n".join(map(json.dumps, dump)) + "\n")


def shown(table: Table, folder: Path) -> str:
    console = Console(width=80, record=True, file=(folder / "shown.txt").open("w"))
    console.print(table)
    return console.export_text()


def test_the_example_is_one_problem_that_became_right(tmp_path: Path) -> None:
    write_run(tmp_path)
    text = shown(example(tmp_path), tmp_path)
    assert all(word in text for word in ("3+3=?", "five", "six")) and "1+1" not in text


def test_the_summary_says_what_was_gained(tmp_path: Path) -> None:
    write_run(tmp_path)
    assert validations(tmp_path) == [ValidationResult(0, 1 / 3, 1.0), ValidationResult(9, 2 / 3, 1.0)]
    text = shown(summary(tmp_path), tmp_path)
    assert "+33.3 points from first to last, 3 samples each" in text


def test_a_line_that_a_kill_tore_is_left_out(tmp_path: Path) -> None:
    write_run(tmp_path)
    file = tmp_path / "validation" / "9.jsonl"
    file.write_text(file.read_text() + '{"input": "4+4')
    assert validations(tmp_path)[1].answered == 1.0


def test_a_run_without_samples_says_which_setting_writes_them(tmp_path: Path) -> None:
    write_run(tmp_path)
    (tmp_path / "validation" / "9.jsonl").unlink()
    with pytest.raises(DemoError, match="9.jsonl holds no samples: leave trainer.validation_data_dir"):
        validations(tmp_path)


def test_each_domain_has_a_column(tmp_path: Path) -> None:
    write_run(tmp_path)
    for step, right in ((0, (0, 0, 1)), (9, (1, 0, 1))):
        names = ("sums", "programs", "programs")
        dump = [
            {"input": str(number), "output": "x", "acc": acc, "pred": "", "domain": name}
            for number, (acc, name) in enumerate(zip(right, names, strict=True))
        ]
        (tmp_path / "validation" / f"{step}.jsonl").write_text("\n".join(map(json.dumps, dump)) + "\n")
    assert [result.domains for result in validations(tmp_path)] == [
        {"programs": 0.5, "sums": 0.0},
        {"programs": 0.5, "sums": 1.0},
    ]
    text = shown(summary(tmp_path), tmp_path)
    assert "programs" in text and "sums" in text and "100.0%" in text
