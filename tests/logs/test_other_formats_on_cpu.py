"""CSV of wandb, verl's dumps alone, a format of a user's own."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from run_logs import notes_of, values_of
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.logs.find import find_runs
from still_verl.report.diagnosis import diagnose

SCORE = "critic/score/mean"
STEPS = range(1, 81)


def score(step: int, falls: bool = True) -> float:
    return random.Random(step).gauss(0.05 if falls and step >= 60 else 0.6, 0.01)


def names(path: Path) -> dict[str, list[str]]:
    """Names of the critical findings of each run."""
    found = {}
    for run in diagnose([path]).runs:
        found[run.run] = [alarm.name for alarm in run.findings if alarm.severity == "critical"]
    return found


def test_the_history_of_a_run_as_a_table(tmp_path: Path) -> None:
    """As `run.history().to_csv()` writes it: an index, keys of wandb's own, empty cells where nothing was logged."""
    table = pd.DataFrame({"_step": STEPS, "_runtime": 1.0, SCORE: [score(step) for step in STEPS]})
    table["val-core/math/acc/mean@4"] = [0.5 if step % 20 == 0 else np.nan for step in STEPS]
    table["actor/grad_norm"] = 0.3
    table.to_csv(tmp_path / "history.csv")
    values = values_of(tmp_path)
    assert list(values["val-core/math/acc/mean@4"]) == [20, 40, 60, 80]
    assert list(values[SCORE]) == list(STEPS) and not any(name.startswith("_") for name in values)
    assert names(tmp_path) == {str(tmp_path / "history.csv"): ["accuracy_drop"]}


def test_a_chart_of_several_runs_is_several_runs(tmp_path: Path) -> None:
    """As wandb exports a chart: a column for each run, and its range."""
    table: dict[str, Any] = {"Step": STEPS}
    for run in ("good - seed 1", "bad"):
        column = [score(step, falls=run == "bad") for step in STEPS]
        for end in ("", "__MIN", "__MAX"):
            table[f"{run} - {SCORE}{end}"] = column
    pd.DataFrame(table).to_csv(tmp_path / "chart.csv", index=False)
    path = tmp_path / "chart.csv"
    assert names(tmp_path) == {f"{path}#bad": ["accuracy_drop"], f"{path}#good - seed 1": []}

    (log,) = find_runs(Path(f"{path}#bad")).logs
    assert log.name == "bad"
    with pytest.raises(ValueError, match=r"has no run called 'ugly': it has bad, good - seed 1"):
        find_runs(Path(f"{path}#ugly"))
    page = CliRunner().invoke(app, ["report", str(path), "-o", str(tmp_path / "r.html")])
    assert page.exit_code == 0 and "good - seed 1" in (tmp_path / "r.html").read_text()
    watched = CliRunner().invoke(app, ["watch", str(path)])
    assert watched.exit_code == 1 and f"give one of them: {path}#bad" in watched.stderr
    assert "step 80" in CliRunner().invoke(app, ["watch", f"{path}#bad", "--once"]).stdout


def test_a_row_with_too_many_cells_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"step,{SCORE}\n1,0.5\n2,0.5,9\n3\n4,0.7\n")
    assert values_of(tmp_path)[SCORE] == {1: 0.5, 4: 0.7}
    assert notes_of(tmp_path) == ["rows left out, with more cells than the table has columns: 1"]


def write_dump(folder: Path, loops_from: int) -> None:
    """Dumps of 40 steps by verl: two samples of each of four problems; from a step on all repeat themselves."""
    from verl.trainer.ppo.v1.trainer_base import PPOTrainer

    for step in range(1, 41):
        draw = random.Random(step)
        prompts = [f"{number} + 1?" for number in range(4) for _ in range(2)]
        if step < loops_from:
            texts = [" ".join(str(draw.random()) for _ in range(60)) for _ in prompts]
        else:
            texts = ["so it is " * 60 for _ in prompts]
        solved = 4 + step % 2 if step < loops_from else 0
        right = [float(index < solved) for index in range(len(prompts))]
        PPOTrainer._write_generations(prompts, texts, ["1"] * 8, right, {"acc": right}, str(folder), step)


@pytest.mark.process
def test_a_dump_of_rollouts_alone(tmp_path: Path) -> None:
    write_dump(tmp_path / "rollouts", loops_from=25)
    values = values_of(tmp_path)
    assert list(values["still/accuracy"]) == list(range(1, 41)) and values["still/accuracy"] == values[SCORE]
    assert "response_length/mean" not in values, "there are no tokens in a dump"
    assert values["still/characters/mean"][30] == 9 * 60
    assert values["still/groups/distinct"][30] == 0.5 and values["still/groups/distinct"][3] == 1.0
    (run,) = diagnose([tmp_path]).runs
    assert run.format == "verl_dump" and {"accuracy_drop", "reward_hacking_repetition"} <= {
        a.name for a in run.findings
    }
    page = CliRunner().invoke(app, ["report", str(tmp_path / "rollouts"), "-o", str(tmp_path / "r.html")])
    assert page.exit_code == 0, page.output
    text = (tmp_path / "r.html").read_text()
    assert "so it is so it is" in text and "mean, in characters" in text
    assert "characters of a response" in CliRunner().invoke(app, ["watch", str(tmp_path), "--once"]).stdout


@pytest.mark.process
def test_a_dump_of_validations_is_a_validation_and_one_beside_a_log_is_no_run(tmp_path: Path) -> None:
    write_dump(tmp_path / "validation", loops_from=25)
    assert "still/validation/accuracy" in values_of(tmp_path) and "still/accuracy" not in values_of(tmp_path)
    assert "validation_drop" in names(tmp_path)[str(tmp_path / "validation")]
    (tmp_path / "train.log").write_text("".join(f"step:{step} - {SCORE}:0.5\n" for step in STEPS))
    found = find_runs(tmp_path)
    assert [log.format for log in found.logs] == ["verl_console"]
    assert found.notes == ["folders of samples (verl's dumps), which are not read where there are logs: 1"]

    (tmp_path / "train.log").unlink()
    lines = [json.dumps({"step": step, SCORE: 0.5}) for step in STEPS]
    (tmp_path / "validation" / "metrics.jsonl").write_text("\n".join(lines))
    found = find_runs(tmp_path)
    assert [log.format for log in found.logs] == ["still"] and found.notes == []  # its samples, as in our run folders


def test_a_format_of_a_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_examples: Callable[[Path], None]
) -> None:
    """The example of docs/extend.md."""
    write_examples(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    runs = tmp_path / "runs"
    runs.mkdir()
    mine = "my_package.logs.MINE"
    (runs / "a.mine").write_text("".join(f"{step} {score(step)}\n" for step in STEPS) + "torn")
    (run,) = diagnose([runs], [mine]).runs
    assert run.format == mine and run.steps == 80 and "accuracy_drop" in {a.name for a in run.findings}
    assert run.notes == ["lines that could not be read: 1"]
    for command in (["diagnose"], ["watch", "--once"], ["report", "-o", str(tmp_path / "r.html")]):
        result = CliRunner().invoke(app, [*command, str(runs), "--format", mine])
        assert result.exit_code == 0, result.output
    missing = CliRunner().invoke(app, ["diagnose", str(runs), "--format", "verl_consle"])
    assert missing.exit_code == 1 and "did you mean verl_console?" in missing.stderr
