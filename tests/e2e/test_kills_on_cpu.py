"""Thirty kills at random moments; every run resumed to its end equals one that nobody killed.

Takes about half an hour. In parts, five kills in each call, which is skipped until all are made:

    STILL_KILLS=folder STILL_KILLS_NOW=5 pytest -m slow tests/e2e/test_kills_on_cpu.py
"""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kills import REPRODUCIBLE, Progress, check_resets, check_same, kill_at, last_checkpoint

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KILLS, DURING_CHECKPOINTS = 30, 5
STEPS = 30
SETTINGS = [
    *REPRODUCIBLE,
    # Adaptive: its state is in checkpoints. And a reference that changes, also where no checkpoint is written.
    "still/kl=adaptive",
    "still.kl.target=1e-3",
    "still.kl.rate=0.5",
    "still/entropy=linear",
    "still.entropy.horizon=40",
    "still/temperature=rising",
    "still.temperature.horizon=40",
    "still.context.stages=[[1,8],[8,12],[17,16]]",
    "still.reference.reset_every=4",
    "trainer.save_freq=3",
    "trainer.max_actor_ckpt_to_keep=2",
    f"trainer.total_training_steps={STEPS}",
]


@pytest.mark.timeout(3 * 3600)
def test_a_run_that_is_killed_again_and_again_ends_like_one_that_is_not(
    start_small: Callable[..., Any], untrained: Callable[[str], list[str]], tmp_path: Path
) -> None:
    folder = Path(os.environ.get("STILL_KILLS", tmp_path)).resolve()
    overrides = [*untrained("random"), *SETTINGS]

    def run_to_its_end(run: Path) -> None:
        if last_checkpoint(run) < STEPS:
            job = start_small(run, *overrides)
            assert job.wait(900) == 0 and job.left_behind() == [], job.log[-6000:]

    progress = Progress(folder)
    left = int(os.environ.get("STILL_KILLS_NOW", KILLS))
    while len(progress.kills) < KILLS and left:
        choose = random.Random(progress.starts)
        moment = choose.choices(["start", "step", "checkpoint"], [1, 4, 3])[0]
        run = folder / f"run{progress.ended}"
        doing = kill_at(start_small(run, *overrides), moment, choose)
        progress.add(run=run.name, moment=moment, doing=doing, resumes_after=last_checkpoint(run))
        left -= 1
    if len(progress.kills) < KILLS:
        pytest.skip(f"{len(progress.kills)} of {KILLS} kills are made; run it again")
    assert progress.kills.count("checkpoint") >= DURING_CHECKPOINTS
    run_to_its_end(folder / "whole")
    check_resets(folder / "whole")
    for killed in sorted(folder.glob("run*")):
        run_to_its_end(killed)
        check_same(killed, folder / "whole", STEPS)
