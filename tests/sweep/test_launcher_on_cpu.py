"""`-m` with our launcher: Hydra, recipes and checks are real, only the training is a function that writes a row.

`tests/e2e/test_sweep_on_cpu.py` and `test_search_on_cpu.py` train.
"""

import json
import subprocess
from pathlib import Path

import pytest
import warm_python
import yaml

from still_verl.config_errors import ConfigError
from still_verl.demo.prepare import prepare
from still_verl.sweep.state import JobState, finished_before

TRAIN = """
import hydra, json, verl
from pathlib import Path

@hydra.main(config_path="pkg://verl.trainer.config", config_name="ppo_trainer", version_base=None)
def main(config):
    run = Path(config.still.run_dir)
    rate = config.actor_rollout_ref.actor.optim.lr
    row = {"step": 1, "training/global_step": 1, "still/accuracy": 0.25}
    row["val-core/sums/acc/mean@1"] = 1 - abs(rate - 0.3)
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\\n")
    if config.still.kl.kind == "cosine" and Path("broken").exists():
        raise RuntimeError("Ray's long story\\nout of memory")

main()
"""


def ablation(folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    demo = prepare("random")
    (folder / "train.py").write_text(TRAIN)
    files = [
        f"data.train_files={demo.train}",
        "data.val_files=val.parquet",
        f"actor_rollout_ref.model.path={demo.model}",
    ]
    reward = Path(__file__).parents[1] / "e2e/jobs/digits.py"
    command = [
        "+recipe=base",
        "still/device=cpu",
        "+ray_kwargs.ray_init.address=auto",  # nothing trains, so no job needs the machine for itself
        "data.train_batch_size=8",
        "actor_rollout_ref.actor.ppo_mini_batch_size=8",
        "algorithm.adv_estimator=grpo",
        *files,
        f"reward.custom_reward_function.path={reward}",
        *overrides,
        "-m",
    ]
    return warm_python.run(["train.py", *command], folder, timeout=150)


def states(sweep: Path) -> dict[str, str]:
    return {path.parent.name: JobState.read(path.parent).state for path in sweep.glob("*/job.json")}


def rows(folder: Path) -> int:
    path = folder / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.mark.process
def test_a_rerun_does_what_failed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "val.parquet").symlink_to(prepare("random").val)
    (tmp_path / "broken").touch()
    sweep, arguments = tmp_path / "sweeps/base", ("still/kl=none,cosine,fixed", "actor_rollout_ref.rollout.n=4,8")
    done = ablation(tmp_path, *arguments)
    assert done.returncode == 1, done.stderr[-3000:]
    good = [f"kl={kl},actor_rollout_ref.rollout.n={n}" for kl in ("none", "fixed") for n in (4, 8)]
    bad = [f"kl=cosine,actor_rollout_ref.rollout.n={n}" for n in (4, 8)]
    assert states(sweep) == dict.fromkeys(good, "finished") | dict.fromkeys(bad, "failed"), done.stdout + done.stderr
    assert done.stdout.count("failed: RuntimeError: out of memory") == 2 and done.stdout.count("25.0%") == 6
    assert "runs only the jobs that failed" in done.stderr

    (tmp_path / "broken").unlink()
    again = ablation(tmp_path, *arguments)
    assert again.returncode == 0, again.stderr[-3000:]
    assert set(states(sweep).values()) == {"finished"}
    assert [rows(sweep / name) for name in good] == [1] * 4 and [rows(sweep / name) for name in bad] == [2] * 2

    other = ablation(tmp_path, *arguments, "actor_rollout_ref.actor.optim.lr=0.001")
    assert other.returncode == 1 and "differs in actor_rollout_ref.actor.optim.lr=0.001" in other.stderr
    assert [rows(sweep / name) for name in good] == [1] * 4


@pytest.mark.process
def test_a_check_that_refuses_one_job_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "val.parquet").symlink_to(prepare("random").val)
    done = ablation(tmp_path, "actor_rollout_ref.rollout.n=4,8", "data.val_files=missing.parquet,val.parquet")
    assert done.returncode == 1
    assert sorted(states(tmp_path / "sweeps/base").values()) == ["failed", "failed", "finished", "finished"], (
        done.stderr
    )
    assert "data.val_files=missing.parquet: there is no such file" in done.stderr


GRID = ("still/kl=none,cosine,fixed", "actor_rollout_ref.actor.optim.lr=0.3")


@pytest.mark.process
@pytest.mark.parametrize(
    "how",
    [
        ("hydra.sweeper.max_batch_size=1",),
        # A minute: joblib starts a new Python for each job.
        pytest.param(("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"), marks=pytest.mark.slow),
    ],
)
def test_every_launcher_and_batch_has_a_folder_for_each_job_and_goes_on(tmp_path: Path, how: tuple[str, ...]) -> None:
    """Not one folder for all, in which a job would go on from the weights of another."""
    (tmp_path / "val.parquet").symlink_to(prepare("random").val)
    (tmp_path / "broken").touch()
    done = ablation(tmp_path, *GRID, *how)
    assert done.returncode == 1, done.stderr[-3000:]
    sweep = tmp_path / "sweeps/base"
    expected = {"kl=none": "finished", "kl=cosine": "failed", "kl=fixed": "finished"}
    assert states(sweep) == expected, done.stdout + done.stderr
    for name in expected:
        assert (
            f"kind: {'cosine' if name == 'kl=cosine' else 'constant'}"
            in (sweep / name / ".hydra/config.yaml").read_text()
        )
        assert rows(sweep / name) == 1
    assert done.stdout.count("kl=cosine failed: RuntimeError: out of memory") == 1
    assert not (tmp_path / "runs").exists()

    (tmp_path / "broken").unlink()
    again = ablation(tmp_path, *GRID, *how)
    assert again.returncode == 0 and set(states(sweep).values()) == {"finished"}, again.stderr[-3000:]
    assert [rows(sweep / name) for name in expected] == [1, 2, 1]


SEARCH = (
    "hydra/sweeper=optuna",
    "hydra.sweeper.n_trials=6",
    "hydra.sweeper.sampler.seed=1",
    "actor_rollout_ref.actor.optim.lr=interval(0.1,0.9)",
)


@pytest.mark.process
def test_a_search_finds_the_best_validation_and_knows_its_trials_again(tmp_path: Path) -> None:
    (tmp_path / "val.parquet").symlink_to(prepare("random").val)
    done = ablation(tmp_path, *SEARCH, "trainer.test_freq=1")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    assert "hydra.sweeper.direction=maximize: the objective is the accuracy" in done.stdout
    sweep = tmp_path / "sweeps/base"
    rates = [float(name.removeprefix("actor_rollout_ref.actor.optim.lr=")) for name in states(sweep)]
    assert len(rates) == 6
    best = yaml.safe_load((sweep / "optimization_results.yaml").read_text())
    assert best["best_value"] == pytest.approx(max(1 - abs(rate - 0.3) for rate in rates))

    again = ablation(tmp_path, *SEARCH, "trainer.test_freq=1")
    assert again.returncode == 0 and len(states(sweep)) == 6
    assert all(rows(sweep / name) == 1 for name in states(sweep))  # nothing was run again
    assert yaml.safe_load((sweep / "optimization_results.yaml").read_text()) == best


@pytest.mark.process
def test_a_search_without_a_validation_is_refused(tmp_path: Path) -> None:
    (tmp_path / "val.parquet").symlink_to(prepare("random").val)
    done = ablation(tmp_path, *SEARCH, "hydra.sweeper.n_trials=1", "trainer.test_freq=-1")
    assert done.returncode != 0
    assert "still_verl: trainer.test_freq=-1: the objective of this sweep is the accuracy" in done.stderr


@pytest.mark.process
def test_an_interrupted_job_is_run_again_and_another_ones_folder_is_refused(tmp_path: Path) -> None:
    assert not finished_before(["a=1"], tmp_path)
    JobState(["a=1"], "running").write(tmp_path)
    assert not finished_before(["a=1"], tmp_path)
    with pytest.raises(ConfigError, match=r"differs in a=1, a=2; name another folder with hydra\.sweep\.dir=FOLDER"):
        finished_before(["a=2"], tmp_path)
    JobState(["a=1"], "finished").write(tmp_path)
    assert finished_before(["a=1"], tmp_path)
    assert json.loads((tmp_path / "job.json").read_text())["error"] == ""
