"""Many programs at once on a SandboxFusion service: the bound, cancelling, closing."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from still_verl.interpreter.sandbox.async_sandbox import AsyncSandbox
from still_verl.interpreter.sandbox.fusion.client import Fusion


def test_no_more_programs_at_once_than_allowed_and_connections_are_kept(
    service: Any, fusion: Callable[..., Fusion]
) -> None:
    good = service.behave
    service.behave = lambda handler, request: (time.sleep(0.02), good(handler, request))
    runner = AsyncSandbox(fusion(max_concurrent=4))

    async def all_at_once() -> list[tuple[Any, float]]:
        return await asyncio.gather(*(runner.run("1") for _ in range(60)))

    answers = asyncio.run(all_at_once())
    assert [result.kind for result, _ in answers] == ["ok"] * 60
    assert service.most == 4 and service.connections <= 4
    waits = [waited for _, waited in answers]
    assert max(waits) > 0.1 and min(waits) < 0.05
    assert max(result.seconds for result, _ in answers) < 0.5 * max(waits), "waiting is no time of the program"
    runner.close()


def test_two_event_loops_share_the_bound(service: Any, fusion: Callable[..., Fusion]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    good = service.behave
    service.behave = lambda handler, request: (time.sleep(0.02), good(handler, request))
    runner = AsyncSandbox(fusion(max_concurrent=2))

    async def some() -> None:
        await asyncio.gather(*(runner.run("1") for _ in range(10)))

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: asyncio.run(some()), range(3)))
    assert service.most == 2
    runner.close()


def test_cancelling_hangs_up_and_frees_the_place(service: Any, fusion: Callable[..., Fusion]) -> None:
    good = service.behave
    service.behave = lambda handler, request: time.sleep(3) if "slow" in request["code"] else good(handler, request)
    runner = AsyncSandbox(fusion(max_concurrent=1))

    async def cancel() -> float:
        slow = asyncio.create_task(runner.run("'slow'"))
        waiting = asyncio.create_task(runner.run("'slow' + 'never sent'"))
        while not service.requests:
            await asyncio.sleep(0.01)
        for task in (waiting, slow):
            task.cancel()
        started = time.monotonic()
        result, _ = await runner.run("1")
        assert result.kind == "ok" and slow.cancelled() and waiting.cancelled()
        return time.monotonic() - started

    assert asyncio.run(cancel()) < 1.0
    assert not any("never sent" in request["code"] for request in service.requests)
    runner.close()


def test_closing_hangs_up_and_a_later_call_starts_anew(service: Any, fusion: Callable[..., Fusion]) -> None:
    good = service.behave
    service.behave = lambda handler, request: time.sleep(3)
    sandbox = fusion()
    call = sandbox.submit("1")
    while not service.requests:
        time.sleep(0.01)
    started = time.monotonic()
    sandbox.close()
    assert call.cancelled() and time.monotonic() - started < 1.0
    service.behave = good
    assert sandbox.run("1").kind == "ok"
    sandbox.close()
    sandbox.close()
