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
    with pytest.raises(StalledRun, match=r"waiting for 1 running and 0 pending prompts, lost-uid \(\d+ s\)"):
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


ALIKE = [1.0, 1.0]  # what both responses to a prompt got: nothing can be learned from it
MIXED = [1.0, 0.0]


class Prompts:
    """A data set in order: each prompt that is sent has its responses at once, with the values that it says."""

    def __init__(self, queue: Queue, values: list[list[float]]) -> None:
        self.queue, self.values, self.sent = queue["train"], values, 0
        self.taken: list[str] = []

    def send(self, count: int) -> None:
        for _ in range(count):
            uid = f"p{self.sent}"
            self.queue[uid] = prompt("finished")
            self.queue |= {f"{uid}_{n}_0": {"status": "success", "global_steps": 1} for n in range(2)}
            self.sent += 1

    def metric(self, keys: list[str], partition_id: str, select_fields: list[str]) -> dict[str, list[Any]]:
        """What verl reads of a group, as the reward manager put it there."""
        found = []
        for key in keys:
            uid, session, _ = key.split("_")
            value = self.values[int(uid[1:]) % len(self.values)][int(session)]
            found.append({"reward_extra_info": {"acc": value}})
        return {"extra_fields": found}


GROUPS = {"enable": True, "metric": "acc", "max_num_gen_batches": 10}


def filling(
    kind: Any, queue: Queue, values: list[list[float]], monkeypatch: pytest.MonkeyPatch, **groups: Any
) -> tuple[Any, Prompts]:
    """A watched buffer with dynamic sampling, and the prompts of which it takes the first four itself."""
    import transfer_queue

    prompts = Prompts(queue, values)
    monkeypatch.setattr(transfer_queue, "kv_batch_get", prompts.metric)
    built = kind(
        trainer_mode="sync" if kind is upstream.ReplayBuffer else "separate_async",
        trainer_config=OmegaConf.create({}),
        max_off_policy_threshold=None,
        max_off_policy_strategy="drop",
        sampler_kwargs=OmegaConf.create({}),
        poll_interval=0.001,
        refill_fn=prompts.send,
        filter_groups_metric="acc",
        train_batch_size=4,
        gen_batch_size=1,
    )
    prompts.send(4)
    return watched(built, GuardConfig(), OmegaConf.create(GROUPS | groups)), prompts


@pytest.mark.parametrize("kind", BUFFERS)
def test_a_step_of_which_three_of_four_prompts_are_dropped_keeps_its_size(
    kind: Any, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes fresh prompts alone: those that come next in the data, each once, and none that was dropped."""
    found, prompts = filling(kind, queue, [ALIKE, ALIKE, ALIKE, MIXED], monkeypatch)
    batch, metrics = found.sample(global_steps=1, partition_id="train", batch_size=4)
    taken = [key.split("_")[0] for key in batch.keys]
    assert sorted(set(taken)) == ["p11", "p15", "p3", "p7"] and len(taken) == 8
    assert prompts.sent >= 16 and metrics["training/filter_groups/evicted_samples"] >= 12
    again, _ = sent_again(found, prompts)
    assert not set(taken) & {key.split("_")[0] for key in again.keys}


def sent_again(found: Any, prompts: Prompts) -> Any:
    """The next step, for which verl sends four prompts first."""
    prompts.send(4)
    return found.sample(global_steps=2, partition_id="train", batch_size=4)


@pytest.mark.parametrize("kind", BUFFERS)
def test_a_step_that_nothing_fills_ends_the_run_at_its_bound(
    kind: Any, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, prompts = filling(kind, queue, [MIXED, *[ALIKE] * 1000], monkeypatch, max_num_gen_batches=3)
    with pytest.raises(StalledRun, match="3 batches of prompts gave 1 of 4 groups .*max_num_gen_batches=3.* 11 had 1"):
        found.sample(global_steps=1, partition_id="train", batch_size=4)
    assert prompts.sent == 12


def test_the_bound_is_that_of_each_step(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    found, prompts = filling(upstream.ReplayBuffer, queue, [ALIKE, MIXED], monkeypatch, max_num_gen_batches=4)
    for step in range(5):
        batch, _ = found.sample(global_steps=step, partition_id="train", batch_size=4)
        assert len(batch.keys) == 8
        prompts.send(4)


def test_a_step_that_takes_long_to_fill_says_so(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time that it has taken twice as much; without a bound, too."""
    values = [*[ALIKE] * 40, MIXED, MIXED, MIXED, MIXED]
    found, _ = filling(upstream.ReplayBuffer, queue, values, monkeypatch, max_num_gen_batches=0)
    found.sample(global_steps=1, partition_id="train", batch_size=4)
    said = [row.message for row in caplog.records if "batches of prompts so far" in row.message]
    assert 1 <= len(said) <= 3 and "the same acc" in said[0]


def test_validation_is_never_filled_up(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    found, prompts = filling(upstream.ReplayBuffer, queue, [ALIKE], monkeypatch)
    found.refill.refused = 5  # by the step before
    queue["val"] = {"v": prompt("finished"), "v_0_0": {"status": "success", "global_steps": 1}}
    batch, _ = found.sample(global_steps=1, partition_id="val", batch_size=1)
    assert batch.keys == ["v_0_0"] and prompts.sent == 4


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
