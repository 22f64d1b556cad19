"""Agent loops that are built without Hydra, which upstream asks to build one for every response.

Hydra copies, merges and checks a loop's arguments each time, 1 to 3 ms of a processor. The responses of a step start
together, so the last of them waits until all are built, and the engine with it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from hydra.utils import get_object
from omegaconf import OmegaConf
from verl.experimental.agent_loop.agent_loop import _agent_loop_registry
from verl.utils.rollout_trace import rollout_trace_attr

from still_verl.integration.releases import loop_arguments

if TYPE_CHECKING:
    from verl.experimental.agent_loop import AgentLoopWorker

    # What stands behind the mixin in a class; at run time it is a mixin of nothing.
    Upstream = AgentLoopWorker
else:
    Upstream = object

Build = Callable[[], Any]  # makes the agent loop of one response

TARGET = "_target_"  # what Hydra calls the class


class Prepared(Upstream):
    """Mixin in front of a worker of agent loops."""

    _builds: dict[str, Build | None] | None = None  # by the name of an agent loop; None: as upstream does

    async def _run_agent_loop(self, sampling_params: dict[str, Any], trajectory: dict[str, Any], **kwargs: Any) -> Any:
        build = None if kwargs.get("trace", True) else self._build_of(kwargs["agent_name"])
        if build is None:
            return await super()._run_agent_loop(sampling_params, trajectory, **kwargs)
        prompt = {name: value for name, value in kwargs.items() if name not in ("agent_name", "trace")}
        with rollout_trace_attr(trace=False):
            output = await build().run(sampling_params, **prompt)
            return await self._agent_loop_postprocess(output, trajectory["validate"], **prompt)

    def _build_of(self, name: str) -> Build | None:
        if self._builds is None:
            self._builds = {}
        if name not in self._builds:
            self._builds[name] = self._prepare(_agent_loop_registry.get(name))
        return self._builds[name]

    def _prepare(self, entry: Any) -> Build | None:
        if entry is None:
            return None  # upstream says which names there are
        values: Any = OmegaConf.to_container(OmegaConf.create(entry, flags={"allow_objects": True}), resolve=False)
        target = values.pop(TARGET, None)
        if target is None or not all(map(_is_plain, values, values.values())):
            return None
        return partial(get_object(target), **values | loop_arguments(self))


def _is_plain(name: str, value: Any) -> bool:
    """Say whether Hydra would hand a value on as it is, and loops can share it."""
    if name.startswith("_"):  # for Hydra, as `_recursive_` is
        return False
    if isinstance(value, str):
        return "${" not in value and value != "???"
    return value is None or isinstance(value, bool | int | float)
