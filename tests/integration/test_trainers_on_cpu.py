"""What a checkpoint keeps of callbacks, and callbacks that could not be told apart in it."""

import json
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from verl.trainer.ppo.v1.trainer_base import PPOTrainer

from still_verl.config_errors import ConfigError
from still_verl.integration import trainers
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.checkpoints import state_of
from still_verl.integration.checks.names import check_callbacks
from still_verl.integration.empty_step import EmptyStep
from still_verl.integration.transfer_queue import Samples
from still_verl.monitor.samples import sample


class Keeps(Callback):
    def __init__(self, state: Any) -> None:
        self.state = state

    def state_dict(self) -> Any:
        return self.state


def test_numbers_of_numpy_are_kept_as_plain_ones() -> None:
    state = {"clip": np.float32(0.5), "seen": np.arange(2), "steps": [np.int64(3)]}
    assert json.loads(state_of([Keeps(state)])) == {"Keeps": {"clip": 0.5, "seen": [0, 1], "steps": [3]}}


@pytest.mark.parametrize(("state", "said"), [({"a": {1}}, "set is none"), ({("a", "b"): 1}, "keys must be")])
def test_a_state_that_cannot_be_written_names_its_callback(state: Any, said: str) -> None:
    with pytest.raises(TypeError, match=f"the callback Keeps: its state_dict must be of JSON values: {said}"):
        state_of([Keeps(state)])


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["own_a.Clip", "own_b.Clip"], "still.callbacks has 'own_b.Clip': own_a.Clip has the class name Clip already"),
        (["own_a.Clip", "own_a.Clip"], "still.callbacks has 'own_a.Clip': own_a.Clip has the class name Clip already"),
        (["own_a.Monitor"], "still.callbacks has 'own_a.Monitor': monitor has the class name Monitor already"),
    ],
)
def test_two_callbacks_of_one_class_name(monkeypatch: pytest.MonkeyPatch, names: list[str], said: str) -> None:
    """The state of the second would be written over that of the first, and read into both."""
    for module in ("own_a", "own_b"):
        classes = {name: type(name, (Callback,), {}) for name in ("Clip", "Monitor", "Other")}
        monkeypatch.setitem(sys.modules, module, SimpleNamespace(**classes))  # type: ignore[arg-type]
    check_callbacks(["own_a.Clip", "own_b.Other"])
    with pytest.raises(ConfigError) as error:
        check_callbacks(names)
    assert str(error.value).startswith(said)


async def asynchronous(self: Any, trainer: Any, metrics: Any) -> None:
    metrics["seen"] = 1.0


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        (
            {"on_step_begins": lambda self, trainer: None},
            "there is no hook on_step_begins; use on_data, on_init_end, on_step_begin",
        ),
        ({"on_update": asynchronous}, "on_update: it is `async`, and nobody awaits it"),
        ({"on_update": lambda self, trainer: None}, "on_update: it is called with 3 argument(s): too many positional"),
    ],
)
def test_a_hook_that_would_not_be_called(
    monkeypatch: pytest.MonkeyPatch, attributes: dict[str, Any], said: str
) -> None:
    name = f"Odd{abs(hash(said))}"
    monkeypatch.setitem(sys.modules, "own_c", SimpleNamespace(**{name: type(name, (Callback,), attributes)}))  # type: ignore[arg-type]
    with pytest.raises(ConfigError) as error:
        check_callbacks([f"own_c.{name}"])
    assert str(error.value).startswith(f"still.callbacks has 'own_c.{name}': {said}")


class DropsAll(Callback):
    def __init__(self) -> None:
        pass

    def on_batch(self, trainer: Any, batch: Any, metrics: dict[str, Any]) -> Any:
        return SimpleNamespace(keys=[], tags=[])


@pytest.mark.parametrize(
    ("errors", "ends_with"),
    [(["", None], EmptyStep), (["", "the term x returned None"], RuntimeError)],
)
def test_a_response_that_could_not_be_scored_ends_the_run_even_where_selection_drops_it(
    monkeypatch: pytest.MonkeyPatch, errors: list[str | None], ends_with: type[Exception]
) -> None:
    monkeypatch.setattr(trainers, "without_update", lambda batch: batch)
    trainer = object.__new__(trainers.StillTrainer)
    trainer.callbacks = [DropsAll()]
    trainer._own_seconds, trainer._dropped = 0.0, {}
    infos = [{"reward_error": error} for error in errors]
    trainer.samples = SimpleNamespace(rows=lambda batch: SimpleNamespace(infos=infos))  # type: ignore[assignment]
    with pytest.raises(ends_with) as raised:
        trainer._balance_batch(SimpleNamespace(keys=["a", "b"], tags=[{}, {}]), {})  # type: ignore[arg-type]
    if ends_with is RuntimeError:
        assert str(raised.value) == "still_verl: 1 of 2 responses could not be scored: the term x returned None"


def test_a_batch_of_padding_alone_has_no_responses_that_could_not_be_scored() -> None:
    """The queue itself refuses an empty list of keys."""
    padding: Any = SimpleNamespace(keys=["p"], tags=[{"is_padding": True}], partition_id="train")
    assert len(Samples().rows(padding)) == 0


def jagged(*rows: list[Any]) -> torch.Tensor:
    """Return a column as the queue returns it."""
    return torch.nested.as_nested_tensor([torch.tensor(row) for row in rows], layout=torch.jagged)


def test_rows_without_a_right_answer_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model judges them, so the data need have none."""
    columns = {
        "uid": ["a"] * 4,
        "rm_scores": jagged([0.0, 1.0], [0.0], [0.0], [0.0, 0.0, -1.0]),
        "reward_model": [{"style": "model"}, {"ground_truth": None}, None, {"ground_truth": "7"}],
        "extra_fields": [{}] * 4,
        "responses": jagged([5, 6], [7], [8], [9, 10, 11]),
        "prompts": jagged([1], [1, 2], [1, 2, 3], [4]),
    }
    asked = []

    def get(keys: list[str], partition_id: str, select_fields: list[str]) -> dict[str, Any]:
        asked.append(list(keys))
        return columns

    monkeypatch.setitem(sys.modules, "transfer_queue", SimpleNamespace(kv_batch_get=get))  # type: ignore[arg-type]
    batch: Any = SimpleNamespace(keys=list("abcd"), tags=[{}] * 4, partition_id="train")
    samples = Samples()
    rows = samples.rows(batch)
    assert rows.references == [None, None, None, "7"]
    assert rows.scores.tolist() == [1.0, 0.0, 0.0, -1.0]
    assert [ids.tolist() for ids in rows.response_ids] == [[5, 6], [7], [8], [9, 10, 11]]
    assert samples.prompts(["d", "b"]) == [[4], [1, 2]]
    assert sample(rows, 0, step=1, prompt="", response="")["gold"] is None

    part: Any = SimpleNamespace(keys=["d", "b"], tags=[{}, {"still_dropped": True}], partition_id="train")
    assert samples.rows(part).references == ["7", None] and samples.rows(part).dropped == [False, True]
    assert asked == [list("abcd")]  # once
    samples.forget()
    samples.rows(batch)
    assert asked == [list("abcd")] * 2


class Workers:
    """Takes the place of the actor's workers, and notes in which order weights are set aside, taken back and used."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *numbers: self.calls.append(f"{name} {numbers[0]}")


@pytest.mark.parametrize(
    ("dropped", "expected"),
    [
        ([], ["save 0", "use", "save 1", "restore 0", "use", "restore 1", "clear 1"]),
        ([0], ["save 0", "use"]),
        ([1], ["save 0", "use"]),
    ],
)
def test_old_log_probs_are_of_the_steps_own_weights_whichever_mini_batch_is_dropped(
    monkeypatch: pytest.MonkeyPatch, dropped: list[int], expected: list[str]
) -> None:
    """Upstream sets weights aside at the first mini-batch alone: else those of the step before would be restored."""
    trainer: Any = object.__new__(trainers.StillSeparateAsync)
    workers = trainer.actor_rollout_wg = Workers()
    config = {"algorithm": {}, "data": {"train_batch_size": 2}, "trainer": {"device": "cuda"}}
    trainer.config = OmegaConf.create(config)
    trainer.global_steps, trainer._passes = 1, SimpleNamespace(left_out=lambda step: False)
    trainer.parameter_sync_step, trainer.callbacks, trainer._own_seconds = 2, [], 0.0
    trainer.prepare_step = dict

    def step_once(self: Any, *args: Any) -> Any:
        if self.local_trigger_step not in dropped:
            self._compute_old_log_prob(None, {})
        return SimpleNamespace(keys=[f"{self.local_trigger_step}"], tags=[{}], partition_id="train")

    monkeypatch.setattr(PPOTrainer, "_compute_old_log_prob", lambda *_: workers.calls.append("use"))
    monkeypatch.setattr(trainers.StillSeparateAsync, "_step_once", step_once)
    short = {"save_model_to_cpu": "save", "restore_model_from_cpu": "restore", "clear_cpu_model": "clear"}
    for _ in range(2):  # the second step finds what the first has left
        workers.calls.clear()
        trainer.step({}, {})
        called = [" ".join([short.get(call.split()[0], call.split()[0]), *call.split()[1:]]) for call in workers.calls]
        assert called == expected
