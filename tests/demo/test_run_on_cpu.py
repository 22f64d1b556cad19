"""What `still-verl demo` shows of a run that has ended."""

import json
from pathlib import Path

from rich.console import Console

from still_verl.demo.run import _example, validations


def write_run(run: Path) -> None:
    """Two validations of three problems, each dumped in an order of its own, as verl does."""
    answers = {
        0: [("1+1=?", "one", 0), ("2+2=?", "four", 1), ("3+3=?", "five", 0)],
        9: [("3+3=?", "six", 1), ("1+1=?", "three", 0), ("2+2=?", "4", 1)],
    }
    (run / "validation").mkdir(parents=True)
    rows = [{"step": step, "val-core/lab/addition/acc/mean@1": step / 9} for step in answers]
    (run / "metrics.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    for step, found in answers.items():
        dump = [{"input": asked, "output": said, "acc": acc, "pred": "x"} for asked, said, acc in found]
        (run / "validation" / f"{step}.jsonl").write_text("\n".join(map(json.dumps, dump)) + "\n")


def test_the_example_is_one_problem_that_became_right(tmp_path: Path) -> None:
    write_run(tmp_path)
    assert [v.accuracy for v in validations(tmp_path)] == [0, 1]
    console = Console(width=80, record=True, file=(tmp_path / "shown.txt").open("w"))
    console.print(_example(tmp_path))
    shown = console.export_text()
    assert all(word in shown for word in ("3+3=?", "five", "six")) and "1+1" not in shown
