"""An ablation for real: three jobs in one process, the first fails, and the same command again does that one only."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from still_verl.monitor.jsonl import read_metrics
from still_verl.report.page import write_report

pytestmark = pytest.mark.e2e

SWEEP = "ablation"


def test_one_job_fails_and_a_rerun_resumes_it(start_small: Callable[..., Any], untrained: Any, tmp_path: Path) -> None:
    overrides = [
        *untrained("random"),
        "still/kl=fixed,none,linear",
        "still.callbacks=[recorder.FailsWithFixedKl]",
        "trainer.total_training_steps=2",
        "trainer.save_freq=1",
        f"hydra.sweep.dir={SWEEP}",
        "-m",
    ]
    folders = {kl: tmp_path / SWEEP / f"kl={kl}" for kl in ("fixed", "none", "linear")}
    (tmp_path / "broken").touch()
    compiled = tmp_path / "compiled"
    job = start_small(tmp_path, *overrides, CXX="/no/compiler", TORCHINDUCTOR_CACHE_DIR=str(compiled))
    assert job.wait(400) == 1, job.log[-6000:]
    assert states(folders) == {"fixed": "failed", "none": "finished", "linear": "finished"}
    assert job.log.count("Started a local Ray instance") == 2  # a failed job's is not kept, a finished one's is
    assert "a callback failed in step 2" in json.loads((folders["fixed"] / "job.json").read_text())["error"]
    assert job.left_behind() == []
    assert not list(compiled.rglob("*.cpp"))  # a machine without a compiler trains, and no step waits for one
    before = {kl: (folder / "metrics.jsonl").read_bytes() for kl, folder in folders.items()}

    (tmp_path / "broken").unlink()
    again = start_small(tmp_path, *overrides)
    assert again.wait(200) == 0, again.log[-6000:]
    assert set(states(folders).values()) == {"finished"}
    for kl in ("none", "linear"):
        assert (folders[kl] / "metrics.jsonl").read_bytes() == before[kl]
    more = (folders["fixed"] / "metrics.jsonl").read_bytes().removeprefix(before["fixed"])
    assert [row["step"] for row in map(json.loads, more.splitlines()) if "training/global_step" in row] == [2]
    assert all(read_metrics(folder)[-1]["step"] == 2 for folder in folders.values())
    write_report(list(folders.values()), tmp_path / "report.html")
    assert all(name in (tmp_path / "report.html").read_text() for name in ("kl=none", "kl=fixed", "kl=linear"))


def states(folders: dict[str, Path]) -> dict[str, str]:
    return {kl: json.loads((folder / "job.json").read_text())["state"] for kl, folder in folders.items()}
