"""verl's replay buffers, watched; the queue is a dict, as `kv_list` returns it."""

import asyncio
from pydoc import locate
from typing import Any

import pytest
import ray
import verl.trainer.ppo.v1.replay_buffer as upstream
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from still_verl.integration.agent_loops.reporting import choose_workers
from still_verl.integration.agent_loops.workers import ReportingWorker, Upstream, cause_of
from still_verl.integration.replay_buffer import Watched, watched
from still_verl.monitor.settings import GuardConfig
from still_verl.monitor.watchdog import StalledRun

CAUSE = "NotImplementedError: no reward for data_source='mine'"
BUFFERS = [upstream.ReplayBuffer, upstream.ReplayBufferAsync]
Queue = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    """What is in the queue: partitions of tags by key."""
    import transfer_queue

    found: Queue = {"train": {}}

    def clear(keys: list[str], partition_id: str) -> None:
        for key in keys:
            found[partition_id].pop(key, None)

    async def put(key: str, partition_id: str, tag: dict[str, Any]) -> None:
        found[partition_id].setdefault(key, {}).update(tag)

    monkeypatch.setattr(transfer_queue, "kv_list", lambda: found)
    monkeypatch.setattr(transfer_queue, "kv_clear", clear)
    monkeypatch.setattr(transfer_queue, "async_kv_put", put)
    return found


def buffer(kind: Any, queue: Queue, refill: bool = False, **settings: Any) -> Any:
    """A watched buffer; with `refill` every prompt that is sent in place of a failed one fails, too."""
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        for _ in range(count):
            sent += 1
            queue["train"][f"again{sent}"] = prompt("failure", still_error=CAUSE)

    built = kind(
        trainer_mode="sync",
        trainer_config=OmegaConf.create({}),
        max_off_policy_threshold=None,
        max_off_policy_strategy="drop",
        sampler_kwargs=OmegaConf.create({}),
        poll_interval=0.001,
        refill_fn=send if refill else None,
    )
    return watched(built, GuardConfig(**settings))


def prompt(status: str, **tags: Any) -> dict[str, Any]:
    return {"is_prompt": True, "status": status, "global_steps": 1, **tags}


@pytest.mark.parametrize("kind", BUFFERS)
def test_it_is_still_verls_buffer_and_samples_as_before(kind: Any, queue: Queue) -> None:
    found = buffer(kind, queue)
    assert isinstance(found, kind) and isinstance(found, Watched) and kind.__name__ in type(found).__name__
    queue["train"] |= {"a": prompt("finished"), "a_0_0": {"status": "success", "global_steps": 1}}
    batch, _ = found.sample(global_steps=1, partition_id="train", batch_size=1)
    assert batch.keys == ["a_0_0"]


@pytest.mark.parametrize("kind", BUFFERS)
def test_a_lost_request_is_named_and_ends_the_run(kind: Any, queue: Queue) -> None:
    queue["train"] |= {"lost-uid": prompt("running")}
    with pytest.raises(StalledRun, match=r"waiting for 1 running and 0 pending prompts, lost-uid \(0 s\)"):
        buffer(kind, queue, wait_seconds=0.1).sample(global_steps=1, partition_id="train", batch_size=1)


def test_a_batch_of_failures_ends_a_synchronous_run_with_its_cause(queue: Queue) -> None:
    """verl says only that there are no trajectories, and after a validation `Received an empty list as keys`."""
    queue["train"] |= {"a": prompt("failure", still_error=CAUSE), "b": prompt("failure")}
    with pytest.raises(StalledRun) as error:
        buffer(upstream.ReplayBuffer, queue).sample(global_steps=1, partition_id="train", batch_size=2)
    assert str(error.value).endswith(f"the first: {CAUSE}")


def test_a_validation_whose_prompts_all_fail_while_others_wait_for_training(queue: Queue) -> None:
    queue["train"] |= {"t": prompt("finished"), "t_0_0": {"status": "success", "global_steps": 1}}
    queue["val"] = {"a": prompt("failure", still_error=CAUSE)}
    with pytest.raises(StalledRun, match="all prompts that the run waited for failed"):
        buffer(upstream.ReplayBufferAsync, queue).sample(global_steps=1, partition_id="val", batch_size=1)


@pytest.mark.parametrize("kind", BUFFERS)
def test_a_validation_with_some_failed_responses_goes_on(kind: Any, queue: Queue) -> None:
    queue["val"] = {"a": prompt("failure", still_error=CAUSE), "a_1_0": {"status": "success", "global_steps": 1}}
    batch, _ = buffer(kind, queue).sample(global_steps=1, partition_id="val", batch_size=1)
    assert batch.keys == ["a_1_0"]


def test_failures_that_are_replaced_for_ever_end_an_asynchronous_run(queue: Queue) -> None:
    """verl takes each out and sends another prompt, which fails as well."""
    queue["train"] |= {"a": prompt("failure", still_error=CAUSE)}
    found = buffer(upstream.ReplayBufferAsync, queue, refill=True, wait_seconds=5.0)
    with pytest.raises(StalledRun) as error:
        found.sample(global_steps=1, partition_id="train", batch_size=4)
    assert "8 prompts in a row failed" in str(error.value) and CAUSE in str(error.value)


def test_a_buffer_that_does_not_poll_as_verls_is_left_alone() -> None:
    class Own:
        pass

    own = Own()
    assert watched(own, GuardConfig()) is own


def test_the_workers_report_what_a_response_failed_with(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(self: Any, sampling_params: Any, trajectory: Any, **kwargs: Any) -> None:
        raise ray.exceptions.RayTaskError("compute_score", "a\ntraceback", ValueError("no score\nfor this"))

    monkeypatch.setattr(Upstream, "_run_agent_loop", fails)
    queue["train"]["u"] = prompt("running")
    worker = object.__new__(ReportingWorker)
    with pytest.raises(ray.exceptions.RayTaskError):
        asyncio.run(worker._run_agent_loop({}, {"validate": False}, uid="u", agent_name="still"))
    assert queue["train"]["u"] == prompt("running", still_error="ValueError: no score for this")


def test_a_cause_of_several_processes() -> None:
    inner = ray.exceptions.RayTaskError("f", "t", KeyError("x"))
    assert cause_of(ray.exceptions.RayTaskError("g", "t", inner)) == "KeyError: 'x'"
    assert cause_of(inner.as_instanceof_cause()) == "KeyError: 'x'"


@pytest.mark.parametrize(
    ("job", "manager", "reward_workers"),
    [
        (["+recipe=base", "still/device=cpu"], "GatheringManager", 0),
        (["+recipe=base", "still/device=cpu", "reward.num_workers=3"], "GatheringManager", 3),
        (["+recipe=base", "still/device=cpu", "trainer.v1.trainer_mode=still_separate_async"], "ReportingManager", 1),
        (["+recipe=base", "actor_rollout_ref.rollout.name=vllm"], "ReportingManager", 8),
        (["+recipe=base", "+actor_rollout_ref.rollout.agent.agent_loop_manager_class=my.Manager"], "Manager", 8),
    ],
)
def test_which_agent_loop_workers_a_job_starts(job: list[str], manager: str, reward_workers: int) -> None:
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose("ppo_trainer", overrides=job)
    choose_workers(config, config.trainer.v1.trainer_mode)
    chosen = config.actor_rollout_ref.rollout.agent.agent_loop_manager_class
    assert chosen.rpartition(".")[2] == manager
    assert config.reward.num_workers == reward_workers
    assert chosen == "my.Manager" or isinstance(locate(chosen), type)
