"""A real job that uses a term, a rule, a format, a sandbox, a callback, a keyword list and an alarm of a user's own.

They are the examples of docs/extend.md, in a package outside the project. The model is the demo's, which writes
`7+5=12`: with the page's code format it writes `7+5=` and reads `12`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from still_verl.demo.prepare import prepare
from still_verl.monitor.jsonl import read_samples
from still_verl.report.page import write_report

pytestmark = pytest.mark.e2e

YOURS = [
    "+recipe=demo",
    "still/rollout=code",
    "still.reward.weights={correct: 1.0, my_package.rewards.language: 0.2}",
    "still.selection.rules=[my_package.rules.not_too_long]",
    "still.callbacks=[my_package.callbacks.TighterClip]",
    "still.monitor.lists=[still,my_package.words.WORDS]",
    "still.monitor.alarms=[still,my_package.alarms.GROWING_GRADIENT]",
    "still.interpreter.format=my_package.formats.Calculator",
    "still.interpreter.sandbox=my_package.sandboxes.Logged",
    "still.interpreter.stateful=false",
    "still.run_dir=run",
    "data.train_batch_size=4",
    "data.val_max_samples=4",
    "actor_rollout_ref.rollout.n=4",
    "trainer.total_training_steps=2",
    "trainer.test_freq=2",
    "trainer.save_freq=2",
    "trainer.val_before_train=false",
]


@pytest.fixture(scope="module")
def job(
    start_job: Callable[..., Any], write_examples: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    prepare("tiny")
    folder = tmp_path_factory.mktemp("yours")
    write_examples(folder)
    job = start_job(folder, YOURS, PYTHONPATH=str(folder))
    assert job.wait(360) == 0, job.log[-6000:]
    assert job.left_behind() == []
    return job


def test_the_term_is_paid_and_logged(job: Any) -> None:
    for row in job.steps:
        assert 0 < row["still/reward/language"] <= 1
        paid = row["still/reward/correct"] + 0.2 * row["still/reward/language"]
        assert row["critic/score/mean"] == pytest.approx(paid, abs=0.21)  # selection may have dropped some samples
    for sample in read_samples(job.folder / "run"):
        terms = sample["terms"]
        assert sample["score"] == pytest.approx(terms["correct"] + 0.2 * terms["language"])


def test_the_sandbox_ran_what_the_format_found(job: Any) -> None:
    programs = (job.folder / "programs.txt").read_text().split("\n---\n")
    assert "1+1" not in programs and any("+" in program for program in programs)
    for row in job.steps:
        assert row["still/tool/calls"] > 0.5 and row["still/tool/success"] == 1.0


def test_what_tools_put_out_is_masked_and_no_term_reads_it(job: Any) -> None:
    """The model's own text ends each sum at its equals sign; the transcript has the result."""
    sample = next(sample for sample in read_samples(job.folder / "run") if "=" in sample["response"])
    assert any(line.partition("=")[2].isdigit() for line in sample["response"].splitlines())
    assert all(row["still/tool/masked_token_ratio"] > 0 for row in job.steps)


def test_the_callback_set_the_clip_range_and_its_state_is_saved(job: Any) -> None:
    assert [row["mine/clip"] for row in job.steps] == [0.2, 0.2]
    assert '"TighterClip": {"clip": 0.2}' in (job.folder / "run/checkpoints/global_step_2/still.json").read_text()


def test_the_rule_the_words_and_the_alarm_are_in_the_metrics(job: Any) -> None:
    for row in job.steps:
        assert row["still/selection/dropped_samples"] < 0.5
        assert row["still/keywords/planning/per_response"] >= 0 and row["still/keywords/reflection/per_response"] >= 0
        assert row["still/alarm/GROWING_GRADIENT"] == row["still/alarm/reward_hacking_length"] == 0


def test_the_report_shows_the_users_term_and_words(job: Any) -> None:
    page = job.folder / "report.html"
    write_report([job.folder / "run"], page)
    text = page.read_text()
    assert '"label": "language"' in text and '"label": "planning"' in text
