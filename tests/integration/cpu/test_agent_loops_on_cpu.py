"""What our worker puts into the queue, and asks of the server, against upstream's."""

import asyncio
from typing import Any

import pytest
import torch
from tensordict import TensorDict
from verl.experimental.agent_loop.agent_loop import AgentLoopMetrics, AgentLoopOutput

from still_verl.integration.agent_loops.workers import ReportingWorker
from still_verl.integration.cpu.agent_loops import Gathered, GatheringWorker, RewardHere, _put_into
from still_verl.integration.cpu.rollout_client import gathering
from still_verl.integration.cpu.rollout_server import whole_and_without_text

Rows = dict[str, tuple[str, dict[str, Any], dict[str, Any]]]  # by key: partition, columns, tag


def column(value: Any, row: int) -> Any:
    """Return a row of a column, tensors as lists and their types."""
    found = value[row]
    if isinstance(found, torch.Tensor):
        return found.dtype, found.tolist()
    found = getattr(found, "data", found)
    if isinstance(found, dict):
        return {name: each for name, each in found.items() if name != "compute_score"}  # seconds
    return found


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    """Everything that was put into the queue, row by row, whichever message brought it."""
    import transfer_queue

    found: Rows = {}

    async def put(keys: list[str], partition_id: str, fields: TensorDict, tags: list[dict[str, Any]]) -> None:
        for row, (key, tag) in enumerate(zip(keys, tags, strict=True)):
            found[key] = partition_id, {name: column(fields[name], row) for name in fields.keys()}, tag

    monkeypatch.setattr(transfer_queue, "async_kv_batch_put", put)
    return found


def output(length: int, **others: Any) -> AgentLoopOutput:
    return AgentLoopOutput(
        prompt_ids=[1, 2, 3],
        response_ids=list(range(length)),
        response_mask=[1] * length,
        num_turns=2,
        metrics=AgentLoopMetrics(),
        extra_fields={"min_global_steps": 4, "max_global_steps": 5, "finish_reason": "stop"},
        **others,
    )


OUTPUTS = [
    output(4, response_logprobs=[-0.5] * 4),
    output(7, response_logprobs=[-0.25] * 7),
    output(4),  # without log-probs: columns of its own
    [output(2), output(5)],  # a trajectory of two outputs
    [],
]


class FakeReward:
    """Pays a response its length, and changes what it is shown."""

    def __init__(self) -> None:
        self.compute_score = self

    async def remote(self, data: Any) -> dict[str, Any]:
        score = float(data.non_tensor_batch["response_len"][-1])
        return {"reward_score": score, "reward_extra_info": {"score": score}}


def put_all(kind: type, partition: str) -> None:
    worker = object.__new__(kind)
    worker.processor, worker.distillation_enabled, worker.mm_processor_kwargs = None, False, {}
    worker.reward_loop_worker_handles = [FakeReward()]
    worker._puts = {part: Gathered(_put_into(part)) for part in ("train", "val")}

    async def main() -> None:
        calls = []
        for session, made in enumerate(OUTPUTS):
            prompt = {
                "uid": "u",
                "session_id": session,
                "global_steps": 3,
                "extra_info": {"index": 1},
                "raw_prompt": [],
            }
            made = (
                [each.model_copy(deep=True) for each in made] if isinstance(made, list) else made.model_copy(deep=True)
            )
            calls.append(worker._agent_loop_postprocess(made, partition == "val", **prompt))
        await asyncio.gather(*calls)

    asyncio.run(main())


@pytest.mark.parametrize("partition", ["train", "val"])
def test_the_queue_gets_what_upstream_puts_into_it(rows: Rows, partition: str) -> None:
    put_all(ReportingWorker, partition)
    theirs = dict(rows)
    rows.clear()
    put_all(GatheringWorker, partition)
    assert sorted(theirs) == ["u_0_0", "u_1_0", "u_2_0", "u_3_0", "u_3_1"]
    assert rows == theirs


def test_a_reward_cannot_change_what_the_queue_gets() -> None:
    class Data:
        non_tensor_batch = {"extra_info": [{"index": 1}]}

    class Worker:
        def __init__(self, config: Any) -> None: ...

        async def compute_score(self, data: Any) -> None:
            data.non_tensor_batch["extra_info"][0]["index"] = 2

    mine = Data.non_tensor_batch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("still_verl.integration.cpu.agent_loops.RewardLoopWorker", Worker)
        asyncio.run(RewardHere(None).compute_score.remote(Data()))
    assert mine == {"extra_info": [{"index": 1}]}


class Remote:
    """A method of a Ray actor, answered here."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    async def remote(self, *args: Any, **kwargs: Any) -> Any:
        self.asked.append(args or kwargs)
        return self.answer(*args, **kwargs)


class FakeServer:
    def __init__(self) -> None:
        self.generate_many = Remote(lambda requests: [self.one(request) for request in requests])

    def one(self, request: dict[str, Any]) -> Any:
        from verl.workers.rollout.replica import TokenOutput

        if not request["prompt_ids"]:
            return ValueError("empty prompt")
        return TokenOutput(token_ids=request["prompt_ids"], extra_fields={"global_steps": 1})


@pytest.mark.parametrize("servers", [1, 2])
def test_requests_of_one_moment_are_one_message(servers: int) -> None:
    from omegaconf import OmegaConf
    from verl.workers.rollout.llm_server import LLMServerClient

    server, other = FakeServer(), FakeServer()
    turns = iter([("a", server), ("b", other)] * 10)

    class Balancer:
        get_all_servers = Remote(lambda: ["a", "b"][:servers])
        acquire_server = Remote(lambda request_id: ("a", server) if servers == 1 else next(turns))
        require_acquire_fields = Remote(lambda: [])
        require_release_fields = Remote(lambda: [])
        release_server = Remote(lambda server_id: None)

    async def main() -> list[Any]:
        config = OmegaConf.create({"actor_rollout_ref": {"rollout": {"name": "vllm"}}})
        client: Any = gathering(LLMServerClient(config, Balancer()))  # type: ignore[arg-type]
        asks = []
        for index in range(6):
            prompt = [index] if index != 5 else []
            asks.append(client.generate(str(index), prompt_ids=prompt, sampling_params={"logprobs": True}))
        return await asyncio.gather(*asks, return_exceptions=True)

    found = asyncio.run(main())
    assert [each.token_ids for each in found[:5]] == [[0], [1], [2], [3], [4]]
    assert isinstance(found[5], ValueError)
    assert len(server.generate_many.asked) == 1
    assert len(other.generate_many.asked) == servers - 1
    assert len(Balancer.acquire_server.asked) == (1 if servers == 1 else 6)


def test_vllm_makes_text_only_where_a_text_ends_the_response() -> None:
    asked = {"temperature": 1.0, "logprobs": True}
    made = whole_and_without_text(asked)
    assert made is not asked and asked == {"temperature": 1.0, "logprobs": True}
    assert made["detokenize"] is False
    assert whole_and_without_text({"stop": ["</s>"]})["detokenize"] is True
