"""verl's agent loop workers, which say why a response failed: verl's own only log it, in processes of their own.

The error of a response, of its agent loop or of its reward, is put into the tag of its prompt. The trainer reads it
there when the prompt has failed, see `monitor.watchdog`.
"""

from typing import TYPE_CHECKING, Any

import ray
from verl.trainer.ppo.v1.agent_loop_tq import AgentLoopManagerTQ, AgentLoopWorkerTQ

from still_verl.integration.agent_loops.prepared import Prepared
from still_verl.integration.transfer_queue import report_error
from still_verl.registry import in_one_line

if TYPE_CHECKING:
    from verl.experimental.agent_loop import AgentLoopWorker as Upstream
else:
    Upstream = AgentLoopWorkerTQ.__ray_metadata__.modified_class  # the class that Ray has made an actor of


class ReportingWorker(Prepared, Upstream):
    """Runs agent loops, and reports what they raise."""

    async def _run_agent_loop(self, sampling_params: dict[str, Any], trajectory: dict[str, Any], **kwargs: Any) -> Any:
        try:
            return await super()._run_agent_loop(sampling_params, trajectory, **kwargs)
        except Exception as error:
            partition = "val" if trajectory["validate"] else "train"
            await report_error(kwargs["uid"], partition, cause_of(error))
            raise


def cause_of(error: BaseException) -> str:
    """Say in one line what a response failed with; of an error in another process what was raised there.

    Example:
        >>> cause_of(ValueError("no score"))
        'ValueError: no score'
    """
    while getattr(error, "cause", None) is not None:  # of Ray's RayTaskError
        error = error.cause  # type: ignore[attr-defined]
    return in_one_line(error)


class ReportingManager(AgentLoopManagerTQ):
    """Starts such workers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agent_loop_workers_class = ray.remote(ReportingWorker)
