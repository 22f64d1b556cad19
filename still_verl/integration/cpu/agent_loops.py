"""verl's agent loop workers on the processor of one machine: what they send for each sample goes in groups.

A step of a small model is mostly messages: upstream's worker makes about ten for each sample, through Ray and the
queue, a millisecond or two of a processor on either side. Samples, rewards and weights are those of upstream.
"""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import ray
from omegaconf import DictConfig
from verl.experimental.agent_loop.agent_loop import AgentLoopOutput
from verl.experimental.reward_loop import RewardLoopWorker
from verl.trainer.ppo.v1.agent_loop_tq import AgentLoopManagerTQ

from still_verl.integration.agent_loops.workers import ReportingWorker
from still_verl.integration.cpu.gathered import Gathered
from still_verl.integration.cpu.rollout_client import gathering
from still_verl.integration.cpu.rows import row_of
from still_verl.integration.transfer_queue import put_rows

AT_ONCE = 2  # messages to the queue on their way


class GatheringWorker(ReportingWorker):
    """Runs agent loops; scores responses itself, and puts them into the queue in groups."""

    def __init__(
        self,
        config: DictConfig,
        llm_client: Any,
        teacher_client: Any = None,
        reward_loop_worker_handles: list[Any] | None = None,
    ) -> None:
        handles: Any = reward_loop_worker_handles
        if handles == []:  # `choose_workers` has asked for none
            handles = [RewardHere(config)]
        super().__init__(config, gathering(llm_client), teacher_client, handles)
        self._puts = {part: Gathered(_put_into(part), calls=AT_ONCE) for part in ("train", "val")}

    async def _agent_loop_postprocess(  # type: ignore[override]
        self, output: AgentLoopOutput | list[AgentLoopOutput], validate: bool, **kwargs: Any
    ) -> None:
        outputs = output if isinstance(output, list) else [output]
        if self.processor is not None or not outputs:  # images, whose positions only upstream knows
            await super()._agent_loop_postprocess(output, validate, **kwargs)
            return
        await self._compute_score(outputs, kwargs=kwargs)
        last = outputs[-1]
        await self._compute_teacher_logprobs(
            last,
            prompt_ids=last.prompt_ids,
            response_ids=last.response_ids,
            validate=validate,
            sample_kwargs=kwargs,
        )
        if last.reward_score is not None:  # of the whole trajectory
            for earlier in outputs[:-1]:
                earlier.reward_score = last.reward_score
                earlier.extra_fields["reward_extra_info"] = last.extra_fields["reward_extra_info"]
        rows = [row_of(each, index, kwargs) for index, each in enumerate(outputs)]
        await self._puts["val" if validate else "train"](rows)


def _put_into(partition: str) -> Any:
    async def put(groups: list[list[Any]]) -> list[None]:
        await put_rows(partition, [row for rows in groups for row in rows])
        return [None] * len(groups)

    return put


class RewardHere:
    """A reward worker of verl's in this process, which is called as Ray's actors are."""

    def __init__(self, config: DictConfig) -> None:
        worker = RewardLoopWorker(config)

        async def score(data: Any) -> Any:
            # Ray would have sent a copy: rewards may change what they are shown.
            data.non_tensor_batch = copy.deepcopy(data.non_tensor_batch)
            return await worker.compute_score(data)

        self.compute_score = SimpleNamespace(remote=score)


class GatheringManager(AgentLoopManagerTQ):
    """Starts such workers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agent_loop_workers_class = ray.remote(GatheringWorker)
