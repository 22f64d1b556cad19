"""Many calls in one."""

import asyncio
from typing import Any

import pytest

from still_verl.integration.cpu.gathered import Gathered


class Calls:
    """A function of many that counts, and waits until it may go on."""

    def __init__(self) -> None:
        self.seen: list[list[Any]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, items: list[Any]) -> list[Any]:
        self.seen.append(items)
        await self.gate.wait()
        return [ValueError(item) if isinstance(item, str) else item * 10 for item in items]


async def together(function: Any, *items: Any) -> list[Any]:
    return await asyncio.gather(*map(function, items), return_exceptions=True)


def test_what_comes_together_goes_together_and_each_gets_its_own_result() -> None:
    async def main() -> None:
        calls = Calls()
        assert await together(Gathered(calls), 1, 2, 3) == [10, 20, 30]
        assert calls.seen == [[1, 2, 3]]

    asyncio.run(main())


def test_a_call_takes_no_more_than_it_may() -> None:
    async def main() -> None:
        calls = Calls()
        assert await together(Gathered(calls, most=2), *range(5)) == [0, 10, 20, 30, 40]
        assert calls.seen == [[0, 1], [2, 3], [4]]

    asyncio.run(main())


def test_what_comes_during_a_call_goes_with_the_next() -> None:
    async def main() -> None:
        calls = Calls()
        calls.gate.clear()
        gathered = Gathered(calls, calls=1)
        tasks = []
        for item in range(4):
            tasks.append(asyncio.create_task(gathered(item)))
            await asyncio.sleep(0.001)
        calls.gate.set()
        assert await asyncio.gather(*tasks) == [0, 10, 20, 30]
        assert calls.seen == [[0], [1, 2, 3]]

    asyncio.run(main())


def test_one_that_fails_fails_alone() -> None:
    async def main() -> None:
        first, second = await together(Gathered(Calls()), 1, "bad")
        assert first == 10
        assert isinstance(second, ValueError)

    asyncio.run(main())


@pytest.mark.parametrize("losing", [False, True])
def test_a_call_that_fails_or_loses_one_fails_for_all_and_not_for_the_next(losing: bool) -> None:
    async def call(items: list[Any]) -> list[Any]:
        if 0 not in items:
            return items
        if losing:
            return items[1:]
        raise OSError("gone")

    async def main() -> None:
        gathered = Gathered(call, calls=1)
        failed = await together(gathered, 0, 1)
        assert [type(error) for error in failed] == [RuntimeError if losing else OSError] * 2
        assert await gathered(7) == 7

    asyncio.run(main())


def test_one_that_is_cancelled_leaves_the_others() -> None:
    async def main() -> None:
        calls = Calls()
        calls.gate.clear()
        gathered = Gathered(calls)
        tasks = [asyncio.create_task(gathered(item)) for item in (1, 2)]
        await asyncio.sleep(0.001)
        tasks[0].cancel()
        calls.gate.set()
        assert await tasks[1] == 20
        assert tasks[0].cancelled() or tasks[0].cancelling()

    asyncio.run(main())
