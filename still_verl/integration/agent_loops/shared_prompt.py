"""Responses to the same prompt, which start together, make its tokens once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from verl.experimental.agent_loop.agent_loop import AgentLoopBase

    # What stands behind the mixin in a class; at run time it is a mixin of nothing.
    Upstream = AgentLoopBase
else:
    Upstream = object

Key = tuple[Any, ...]


class SharedPrompt(Upstream):
    """Mixin in front of an agent loop of upstream's. A prompt with images is made for each response."""

    _under_way: ClassVar[dict[Key, asyncio.Task[list[int]]]] = {}

    async def ct_build_initial_tokens(  # type: ignore[override]
        self, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None = None, **images: Any
    ) -> list[int]:
        build: Callable[..., Coroutine[Any, Any, list[int]]] = super().ct_build_initial_tokens
        try:
            text = json.dumps([messages, tools])
        except TypeError:  # parts that are no text
            text = ""
        if not text or self.processor is not None:
            return await build(messages, tools, **images)
        key = (type(self), self.tokenizer, self.loop, text)
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(build(messages, tools, **images))
            self._under_way[key] = task
            task.add_done_callback(lambda _task: self._under_way.pop(key))
        return list(await asyncio.shield(task))  # a copy: a loop may go on writing in it
