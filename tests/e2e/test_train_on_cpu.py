"""verl trains on this machine with still_verl plugged in: Ray, FSDP2, vLLM, a verifiable reward."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from still_verl.lab.paths import prepare

pytestmark = pytest.mark.e2e

# Records what each hook saw, and carries a number through checkpoints.
CALLBACK = """
import json
from pathlib import Path
from still_verl.trainer.callbacks import Callback

class Recorder(Callback):
    steps_seen = 0

    def _write(self, hook, **seen):
        with Path(self.config.still.run_dir, "hooks.jsonl").open("a") as file:
            file.write(json.dumps({"hook": hook, **seen}) + "\\n")

    def on_init_end(self, trainer):
        self._write("on_init_end", step=trainer.global_steps, steps_seen=self.steps_seen)

    def on_step_begin(self, trainer):
        self._write("on_step_begin", step=trainer.global_steps)

    def on_batch(self, trainer, batch, metrics):
        self.steps_seen += 1
        self._write("on_batch", step=trainer.global_steps, rows=len(batch.keys))

    def on_metrics(self, trainer, batch, metrics):
        import transfer_queue as tq
        fields = tq.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=["extra_fields"])
        reasons = [f["finish_reason"] for f in list(fields["extra_fields"])]
        metrics["still/test/cut"] = reasons.count("length") / len(reasons)
        metrics["still/test/steps_seen"] = self.steps_seen
        metrics["still/test/tokens"] = sum(f["response_tokens"] for f in fields["extra_fields"]) / len(reasons)

    def on_step_end(self, trainer):
        self._write("on_step_end", step=trainer.global_steps)

    def state_dict(self):
        return {"steps_seen": self.steps_seen}

    def load_state_dict(self, state):
        self.steps_seen = state["steps_seen"]

class Failing(Callback):
    def on_step_begin(self, trainer):
        raise RuntimeError("a callback failed on purpose")
"""

# An untrained model never answers; the share of digits gives it something to learn from. Beside it each drop-in
# reward is called as verl calls it.
REWARD = """
import runpy
from still_verl.paths import reward_fn

NAMES = ["actions", "boxed_math", "distill", "length", "overlong", "zero"]
FILES = {name: runpy.run_path(reward_fn(name))["compute_score"] for name in NAMES}
LENGTHS = {"length": {"max_tokens": 16}, "overlong": {"max_tokens": 16, "buffer": 4}}

def compute_score(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    call = dict(data_source=data_source, solution_str=solution_str, ground_truth=ground_truth, extra_info=extra_info)
    rows = {name: function(**call, **LENGTHS.get(name, {})) for name, function in FILES.items()}
    scores = {f"score_{name}": row["score"] for name, row in rows.items()}
    return rows["boxed_math"] | scores | {"score": sum(c.isdigit() for c in solution_str) / (len(solution_str) + 1)}
"""


def lab_files(name: str) -> list[str]:
    """The overrides that train the untrained model `name`."""
    lab = prepare(name)
    return [
        f"actor_rollout_ref.model.path={lab.model}",
        f"data.train_files={lab.train}",
        f"data.val_files={lab.val}",
    ]


def job_files(folder: Path, name: str) -> list[str]:
    """Write reward and callbacks into `folder`; the overrides that use them with the untrained model `name`."""
    folder.mkdir(exist_ok=True)
    (folder / "recorder.py").write_text(CALLBACK)
    (folder / "digits.py").write_text(REWARD)
    return [*lab_files(name), f"reward.custom_reward_function.path={folder}/digits.py"]


@pytest.fixture(scope="module")
def tied_run(train: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two steps with tied embeddings, a recording callback and a checkpoint at the end."""
    folder = tmp_path_factory.mktemp("tied")
    return train(
        folder,
        *job_files(folder, "random"),
        "still.callbacks=[recorder.Recorder]",
        "trainer.total_training_steps=2",
        "trainer.save_freq=2",
        "trainer.test_freq=2",
        "trainer.rollout_data_dir=run/rollouts",
    )


def test_actor_and_rollout_agree_after_weight_updates(tied_run: Any) -> None:
    """The tied output layer is packed again: without that the rollout samples from the first weights, silently."""
    assert len(tied_run.steps) == 2
    for row in tied_run.steps:
        assert row["training/rollout_probs_diff_max"] < 1e-4, row["training/global_step"]
    # lr 1e-2 moves the weights far enough that a stale head would show.
    assert tied_run.steps[1]["actor/kl_loss"] > 1e-4


def test_the_numbers_of_a_first_on_policy_step(tied_run: Any) -> None:
    first = tied_run.steps[0]
    assert first["actor/kl_loss"] == 0 and first["actor/ppo_kl"] == 0
    assert first["actor/kl_coef"] == 0.001
    assert first["actor/grad_norm"] > 0


def test_hooks_are_called_in_order_with_the_right_step(tied_run: Any, samples: Callable[..., Any]) -> None:
    hooks = [(row["hook"], row["step"]) for row in samples(tied_run.folder / "run/hooks.jsonl")]
    step = [("on_step_begin", 1), ("on_batch", 1), ("on_step_end", 1)]
    assert hooks == [("on_init_end", 0), *step, *((hook, 2) for hook, _ in step)]
    rows = [row["rows"] for row in samples(tied_run.folder / "run/hooks.jsonl") if row["hook"] == "on_batch"]
    assert rows == [16, 16]


def test_the_finish_reason_is_the_truncation_rate(tied_run: Any) -> None:
    """A random model of about a hundred symbols seldom ends by itself within 16 tokens."""
    for row in tied_run.steps:
        assert row["response_length/max"] == 16
        assert row["still/test/tokens"] == pytest.approx(row["response_length/mean"])
        assert 0.5 < row["still/test/cut"] <= 1


def test_the_run_folder_has_metrics_dumps_and_checkpoint(tied_run: Any, samples: Callable[..., Any]) -> None:
    run = tied_run.folder / "run"
    assert json.loads((run / "checkpoints/global_step_2/still.json").read_text()) == {"Recorder": {"steps_seen": 2}}
    assert (run / "checkpoints/latest_checkpointed_iteration.txt").read_text() == "2"
    rows = samples(run / "rollouts/1.jsonl")
    assert len(rows) == 16 and len({row["score"] for row in rows}) > 2
    validation = samples(run / "validation/2.jsonl")
    assert {"pred", "reason", "acc", "score"} <= set(validation[0])
    assert all(
        row["score_distill"] == -1 and row["score_length"] == 0 for row in validation if len(row["output"]) == 16
    )
    assert (run / ".hydra/config.yaml").is_file()


def test_a_resumed_run_goes_on(tied_run: Any, train: Callable[..., Any]) -> None:
    """Step, callback state, optimizer and rollout weights are those of the checkpoint."""
    job = train(
        tied_run.folder,
        *job_files(tied_run.folder, "random"),
        "still.callbacks=[recorder.Recorder]",
        "trainer.total_training_steps=3",
    )
    last = job.steps[-1]
    assert [row["training/global_step"] for row in job.steps] == [1, 2, 3]
    assert last["still/test/steps_seen"] == 3
    assert last["training/rollout_probs_diff_max"] < 1e-4
    assert last["actor/kl_loss"] > 1e-4, "the actor is the trained one, the reference the first one"


def test_two_ranks(train: Callable[..., Any], tmp_path: Path) -> None:
    """FSDP2 over gloo on two ranks, a vLLM server for each; untied embeddings."""
    job = train(
        tmp_path,
        *job_files(tmp_path, "random-untied"),
        "trainer.n_gpus_per_node=2",
        "trainer.total_training_steps=2",
        timeout=480,
    )
    assert len(job.steps) == 2
    assert job.steps[1]["training/rollout_probs_diff_max"] < 1e-4
    assert job.steps[1]["actor/kl_loss"] > 1e-4


def test_the_asynchronous_twin_with_our_manager_and_a_reward_that_never_changes(
    train: Callable[..., Any], tmp_path: Path, samples: Callable[..., Any]
) -> None:
    """An untrained model gets 0 for every answer: the job says so, with samples."""
    job = train(
        tmp_path,
        *lab_files("random-untied"),
        "still/reward=boxed",
        "trainer.v1.trainer_mode=still_colocate_async",
        "trainer.total_training_steps=3",
        "trainer.test_freq=3",
    )
    assert [row["training/global_step"] for row in job.steps] == [1, 2, 3]
    assert [row["still/alarm/constant_reward"] for row in job.steps] == [0, 0, 1]
    assert "ALARM constant reward: every response of the last 3 steps got 0" in job.log
    assert job.log.count("answer '' by no method, no answer") == 3
    row = samples(job.folder / "run/validation/3.jsonl")[0]
    assert 0 < row["tokens"] <= 16 and row["truncated"] in (0, 1)


def test_a_failing_run_ends_and_leaves_nothing(start_small: Callable[..., Any], tmp_path: Path) -> None:
    extra = ["still.callbacks=[recorder.Failing]", "trainer.total_training_steps=2"]
    job = start_small(tmp_path, *job_files(tmp_path, "random"), *extra)
    assert job.wait(360) != 0
    assert "a callback failed on purpose" in job.log
    assert job.left_behind() == []


def test_ctrl_c_leaves_nothing(start_small: Callable[..., Any], tmp_path: Path) -> None:
    job = start_small(tmp_path, *job_files(tmp_path, "random"), "trainer.total_training_steps=500")
    job.wait_for("step:1 ", timeout=360)
    time.sleep(1)
    job.process.send_signal(signal.SIGINT)
    assert job.wait(60) != 0
    assert job.left_behind() == []
