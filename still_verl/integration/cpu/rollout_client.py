"""verl's client of a rollout server whose requests go in groups, to `rollout_server`."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from still_verl.integration.cpu.gathered import Gathered

if TYPE_CHECKING:
    from verl.workers.rollout.llm_server import LLMServerClient

    # What stands behind the mixin in a class; at run time it is a mixin of nothing.
    Upstream = LLMServerClient
else:
    Upstream = object

# Requests of one message. It is answered when the last of them is: the more, the later the first ones are scored.
MOST = 32


class Gathering(Upstream):
    """Mixin in front of a client. Requests of one turn of the event loop, as those of a prompt are, go together."""

    _groups: dict[str, Any]  # by server, what stands for its handle
    _only: asyncio.Task[tuple[str, Any] | None] | None = None

    async def _acquire_server(self, request_id: str, **extra: Any) -> tuple[str, Any]:
        if self._only is None:
            self._only = asyncio.create_task(self._only_server(request_id, extra))
        server_id, handle = await self._only or await super()._acquire_server(request_id, **extra)
        if server_id not in self._groups:
            self._groups[server_id] = _grouped(handle)
        return server_id, self._groups[server_id]

    def _release_server(self, server_id: str, request_id: str | None = None) -> None:
        if self._only is None or self._only.result() is None:
            super()._release_server(server_id, request_id)

    async def _only_server(self, request_id: str, extra: dict[str, Any]) -> tuple[str, Any] | None:
        """Return the server if there is one only: nothing is to be balanced then."""
        if len(await self._load_balancer.get_all_servers.remote()) != 1:
            return None
        found = await super()._acquire_server(request_id, **extra)
        super()._release_server(found[0], request_id)
        return found


def _grouped(server: Any) -> Any:
    async def generate(requests: list[dict[str, Any]]) -> Any:
        return await server.generate_many.remote(requests)

    gathered = Gathered(generate, most=MOST)

    def remote(**request: Any) -> Any:
        return gathered(request)

    return SimpleNamespace(generate=SimpleNamespace(remote=remote))


def gathering(client: Any) -> Any:
    """Return a client as an object of a subclass of its own class."""
    kind = type(client)
    found: Any = object.__new__(type(f"Gathering{kind.__name__}", (Gathering, kind), {}))
    vars(found).update(vars(client))
    found._groups = {}
    return found
