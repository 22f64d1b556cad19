"""Where a run is: phase of the step, last checkpoint; and what `watch` says when it cannot follow."""

import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.monitor.phase import PHASES, PhaseFile
from still_verl.report.run import Run
from still_verl.watch.follow import Follower
from still_verl.watch.progress import CHECKPOINT_SECONDS, TIMED, last_checkpoint, phase_of, progress_of

SCORE = "critic/score/mean"


def write(path: Path, count: int, **metrics: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"step": step, SCORE: 0.5 + 0.001 * step} | metrics) for step in range(1, count + 1)]
    path.write_text("\n".join(lines) + "\n")
    return path


def once(path: Path) -> str:
    result = CliRunner().invoke(app, ["watch", str(path), "--once"])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_run_of_ours_says_its_phase(tmp_path: Path) -> None:
    write(tmp_path / "metrics.jsonl", 3)
    file = PhaseFile(tmp_path)
    for name in PHASES:
        file.enter(3, name)
    file.enter(4, PHASES[0])
    assert "step 4: generation, 1 of 3" in once(tmp_path)
    run = Run("r", tmp_path, {SCORE: {3: 0.5}})
    told = phase_of(run, age=1.0)
    assert told is not None and told.usual is not None and told.seconds < 60
    file.close()
    assert "generation" not in once(tmp_path)


def test_of_another_run_the_usual_times_say_about_where_it_is(tmp_path: Path) -> None:
    steps = range(1, 12)
    times = {"timing_s/gen": 40.0, "timing_s/old_log_prob": 5.0, "timing_s/update_actor": 15.0}
    series: dict[str, Any] = {name: dict.fromkeys(steps, seconds) for name, seconds in times.items()}
    run = Run("r", tmp_path, series)
    found = [phase_of(run, age=age) for age in (10.0, 43.0, 50.0)]
    assert [each and each.text for each in found] == [
        "step 12: about generation",
        "step 12: about log-probs",
        "step 12: about update",
    ]
    assert found[2] is not None and (found[2].seconds, found[2].usual) == (5.0, 15.0)
    assert phase_of(run, age=300.0) is None, "it is later than any step takes"


def test_verl_has_these_timers() -> None:
    spec = importlib.util.find_spec("verl")
    assert spec is not None and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0], "trainer", "ppo", "v1")
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    for metric in (*TIMED, CHECKPOINT_SECONDS):
        assert f'marked_timer("{metric.removeprefix("timing_s/")}"' in source, metric


def test_the_last_checkpoint_is_that_of_the_log_or_of_the_folders(tmp_path: Path) -> None:
    assert last_checkpoint(Run("r", tmp_path, {SCORE: {1: 0.5}})) is None
    assert last_checkpoint(Run("r", tmp_path, {"timing_s/save_checkpoint": {10: 3.0, 20: 3.0}})) == 20
    (tmp_path / "checkpoints" / "global_step_30").mkdir(parents=True)
    (tmp_path / "checkpoint-7").mkdir()
    assert last_checkpoint(Run("r", tmp_path, {})) == 30
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "global_step_40").mkdir(parents=True)
    assert last_checkpoint(Run("r", tmp_path, {}, config={"trainer.default_local_dir": str(elsewhere)})) == 40
    write(tmp_path / "metrics.jsonl", 32)
    assert "last checkpoint: step 30, 2 steps ago" in once(tmp_path)


def test_of_a_folder_of_runs_one_must_be_given(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name / "metrics.jsonl", 3)
    result = CliRunner().invoke(app, ["watch", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"still-verl: {tmp_path} has 2 runs, give one of them: ")
    assert str(tmp_path / "a") in result.stderr and str(tmp_path / "b") in result.stderr
    assert "step 3" in once(tmp_path / "a")


def test_a_run_that_began_later_beside_the_one_that_is_followed_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a" / "metrics.jsonl", 3)
    follower = Follower(tmp_path)
    assert follower.look().steps == [1, 2, 3]
    write(tmp_path / "b" / "metrics.jsonl", 9)
    follower._finder._next = 0.0
    assert follower.look().steps == [1, 2, 3]


def test_what_is_waited_for_is_said_and_a_binary_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text("Ray started\n")
    for path in (tmp_path, tmp_path / "train.log", tmp_path / "none"):
        text = " ".join(once(path).split())
        assert "waiting for a log: still_verl's metrics.jsonl; " in text and "; verl's file logger" in text
    assert "Ctrl+C" in text
    (tmp_path / "core").write_bytes(bytes(range(256)))
    result = CliRunner().invoke(app, ["watch", str(tmp_path / "core")])
    assert result.exit_code == 1 and "looked for:" in result.stderr


def test_a_compressed_log_is_shown_once(tmp_path: Path) -> None:
    plain = write(tmp_path / "metrics.jsonl", 5)
    (tmp_path / "old").mkdir()
    path = tmp_path / "old" / "metrics.jsonl.gz"
    path.write_bytes(gzip.compress(plain.read_bytes()))
    result = CliRunner().invoke(
        app, ["watch", str(path)]
    )  # ends, although nobody knows how many steps there were to be
    assert result.exit_code == 0 and "step 5" in result.stdout


def test_alarms_of_a_log_that_grows_are_those_of_the_whole(tmp_path: Path) -> None:
    """Also after a resume, which makes what was seen before void."""
    path = tmp_path / "train.log"
    follower = Follower(path)
    assert follower.look().steps == []
    with path.open("w") as file:
        for step in range(1, 81):
            file.write(f"(TaskRunner pid=1) step:{step} - {SCORE}:{0.6 if step < 60 else 0.05 + 0.001 * (step % 7)}\n")
            if step % 9 == 0:
                file.flush()
                follower.look()
        file.flush()
        assert "accuracy_drop" in follower.look().alarms()
        for step in range(50, 81):
            file.write(f"(TaskRunner pid=1) step:{step} - {SCORE}:{0.6 + 0.001 * (step % 7)}\n")
        file.flush()
        run = follower.look()
    assert run.alarms() == {} and run.steps == list(range(1, 81))
    assert progress_of(run).step == 80


def test_a_total_that_the_log_says_is_the_end_of_the_run(tmp_path: Path) -> None:
    state = {"max_steps": 3, "global_step": 3, "log_history": [{"step": step, "reward": 0.5} for step in (1, 2, 3)]}
    (tmp_path / "trainer_state.json").write_text(json.dumps(state))
    assert "step 3 of 3" in once(tmp_path) and progress_of(Follower(tmp_path).look()).over


@pytest.mark.parametrize("found", [b"", b"\xff\xfe"])
def test_a_log_of_sixteen_bits_is_read_again_as_a_whole(found: bytes, tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    encoding = "utf-16-le" if found else "utf-8"
    for count in (2, 5):
        text = "".join(f"step:{step} - {SCORE}:0.5\n" for step in range(1, count + 1))
        path.write_bytes(found + text.encode(encoding))
        assert Follower(path).look().steps == list(range(1, count + 1))
