"""What the workers of the reference put into the queue, beside what upstream's trainer would have put there."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tensordict import TensorDict
from verl.utils import tensordict_utils as tu
from verl.workers.utils.padding import response_from_nested

from still_verl.integration.reference_pass import ReferencePass, ReferenceWorker

PROMPTS, RESPONSES = (3, 1, 5), (2, 4, 1)  # tokens


def jagged(*lengths: int) -> torch.Tensor:
    return torch.nested.as_nested_tensor([torch.rand(length) for length in lengths], layout=torch.jagged)


@pytest.fixture
def batch() -> TensorDict:
    lengths = [sum(both) for both in zip(PROMPTS, RESPONSES, strict=True)]
    return tu.get_tensordict({"input_ids": jagged(*lengths), "response_mask": jagged(*RESPONSES)})


class Reference:
    """A reference that gives each token of a sequence some log-prob, on the ranks that have outputs."""

    def __init__(self, batch: TensorDict, has_outputs: bool) -> None:
        self.log_probs = torch.nested.nested_tensor_from_jagged(
            torch.rand(len(batch["input_ids"].values())), batch["input_ids"].offsets()
        )
        self.has_outputs = has_outputs

    def infer_batch(self, data: TensorDict) -> TensorDict | None:
        data.pop("response_mask")  # a pass may take what it likes out of its batch
        if not self.has_outputs:
            return None
        return tu.get_tensordict({"log_probs": self.log_probs}, {"metrics": {"mfu": 0.5}})


def worker_of(reference: Reference) -> Any:
    worker = object.__new__(ReferenceWorker)
    worker.ref, worker.enable_routing_replay = reference, False
    return worker


def test_the_log_probs_of_the_responses_are_upstreams(batch: TensorDict) -> None:
    reference = Reference(batch, has_outputs=True)
    expected = response_from_nested(reference.log_probs, batch["response_mask"])
    found = worker_of(reference).compute_reference(batch)
    assert set(found.keys()) == {"ref_log_prob", "metrics"} and found.batch_size == (3,)
    assert tuple(found["ref_log_prob"].offsets().diff().tolist()) == RESPONSES
    assert torch.equal(found["ref_log_prob"].values(), expected.values())


def test_a_rank_without_outputs_puts_nothing_there(batch: TensorDict) -> None:
    assert worker_of(Reference(batch, has_outputs=False)).compute_reference(batch) is None


class Upstream:
    def _compute_ref_log_prob(self, batch: Any, metrics: dict[str, Any]) -> str:
        return "upstream's pass"


class Trainer(ReferencePass, Upstream):
    config = SimpleNamespace(actor_rollout_ref=SimpleNamespace(rollout=SimpleNamespace(temperature=0.7)))

    def __init__(self, ref_in_actor: bool) -> None:
        self.ref_in_actor = ref_in_actor
        self.ref_policy_wg = SimpleNamespace(compute_reference=self.seen)

    def seen(self, batch: Any) -> Any:
        self.sent = dict(batch.extra_info)
        return batch


class Batch(list):
    def __init__(self) -> None:
        super().__init__(["key"])
        self.extra_info = {"temperature": 1.0, "global_steps": 3}


def test_the_pass_is_asked_for_log_probs_alone_at_the_temperature_of_the_rollout() -> None:
    trainer, batch = Trainer(ref_in_actor=False), Batch()
    assert trainer._compute_ref_log_prob(batch, {}) is batch
    assert trainer.sent == {"temperature": 0.7, "global_steps": 3, "calculate_entropy": False, "compute_loss": False}


def test_a_reference_that_is_the_actor_without_its_adapter_is_upstreams() -> None:
    assert Trainer(ref_in_actor=True)._compute_ref_log_prob(Batch(), {}) == "upstream's pass"
