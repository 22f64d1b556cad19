"""Makes one call of many: what takes a message each can go in one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Call = Callable[[list[Any]], Awaitable[Sequence[Any]]]


class Gathered:
    """A function of one item, computed by a function of many.

    Items that come in one turn of the event loop go together, and so do all that come while as many calls run as may.

    Example:
        >>> async def squares(numbers):
        ...     return [number * number for number in numbers]
        >>> async def main():
        ...     square = Gathered(squares)
        ...     return await asyncio.gather(square(2), square(3))
        >>> asyncio.run(main())
        [4, 9]
    """

    def __init__(self, call: Call, most: int = 1 << 30, calls: int = 1 << 30) -> None:
        """Take the function.

        Args:
            call: gets a list of items; returns for each, in their order, a result or the exception to raise.
            most: items of one call.
            calls: that may run at a time.
        """
        self._call, self._most, self._calls = call, most, calls
        self._waiting: deque[tuple[Any, asyncio.Future[Any]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, item: Any) -> Any:
        """Return the result of an item.

        Raises:
            BaseException: what the call returned in place of a result, or raised.
        """
        result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if len(self._running) < self._calls:
            task = asyncio.create_task(self._serve())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await result

    async def _serve(self) -> None:
        await asyncio.sleep(0)  # for the others of this turn
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            for (_, future), result in zip(group, await self._results(group), strict=True):
                if future.done():  # whoever asked was cancelled
                    continue
                if isinstance(result, BaseException):
                    future.set_exception(result)
                else:
                    future.set_result(result)

    async def _results(self, group: list[tuple[Any, asyncio.Future[Any]]]) -> Sequence[Any]:
        """Return a result or an exception for each item; a call that fails, or loses one, fails for all of them."""
        try:
            results = await self._call([item for item, _ in group])
        except Exception as error:
            return [error] * len(group)
        if len(results) != len(group):
            return [RuntimeError(f"{len(results)} results for {len(group)} items")] * len(group)
        return results
