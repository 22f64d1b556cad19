"""verl's vLLM server on a processor: it takes requests in groups, and vLLM hands over whole responses only.

`plugin` registers the replica under the name `vllm`; `replica` gives it to jobs on a processor.
"""

import argparse
import asyncio
from typing import Any

import ray
from verl.plugin.platform import get_platform
from verl.workers.rollout.vllm_rollout.vllm_async_server import vLLMHttpServer, vLLMReplica
from vllm.sampling_params import RequestOutputKind

from still_verl.integration.cpu.engine_fork import forked


class GatheringServer(vLLMHttpServer):
    """Upstream's server."""

    async def run_server(self, args: argparse.Namespace) -> None:
        """Start the engine, as a fork of what has imported vLLM already, and the server in front of it."""
        with forked():
            await super().run_server(args)

    async def generate_many(self, requests: list[dict[str, Any]]) -> list[Any]:
        """Return for each set of arguments of `generate` its output, or what it raised.

        For a trainer that aborts no request: upstream counts one as admitted when its first output comes.
        """
        # Copies: requests that came together share their parameters, and upstream changes them.
        parameters = [whole_and_without_text(request["sampling_params"]) for request in requests]
        calls = [
            self.generate(**request | {"sampling_params": own})
            for request, own in zip(requests, parameters, strict=True)
        ]
        return list(await asyncio.gather(*calls, return_exceptions=True))


def whole_and_without_text(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of sampling parameters with which vLLM does what is needed alone.

    verl reads the tokens of the last output: no output before it, and no text unless a text is to end the response.
    """
    return parameters | {"output_kind": RequestOutputKind.FINAL_ONLY, "detokenize": bool(parameters.get("stop"))}


class CpuReplica(vLLMReplica):
    """Upstream's replica, with such a server."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.server_class = ray.remote(GatheringServer)


def replica() -> type[vLLMReplica]:
    """Return the class of a replica for the platform of this process."""
    return CpuReplica if get_platform().device_name == "cpu" else vLLMReplica
