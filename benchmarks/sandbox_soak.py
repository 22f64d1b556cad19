"""Many calls of the sandbox from many clients, one in ten of them hostile: none is lost, and nothing is left.

python benchmarks/sandbox_soak.py [--calls 20000] [--clients 64]

The table has a line for each tenth of the calls, after some that warm up. Processes, descriptors and memory must not
grow from third to third of these lines.
Exit code 1 when an answer was lost or wrong, or when something grew.
"""

import argparse
import asyncio
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, fields

import psutil
from rich.console import Console
from rich.table import Table

from still_verl.interpreter.sandbox.async_sandbox import AsyncSandbox
from still_verl.interpreter.sandbox.base import Limits, Result
from still_verl.interpreter.sandbox.local.client import Local

MB = 2**20
WARM_UP = 200
SOLVE = "import sympy\nx = sympy.Symbol('x')\nsorted(sympy.solve((x - {n}) * (x - {n} - 1), x))"
# (program, kinds that a sandbox that holds may report)
HOSTILE = [
    ("import os\nwhile True: os.fork()", ("error",)),
    ("import os\nos._exit(0)", ("crash",)),
    ("import ctypes\nctypes.string_at(0)", ("crash",)),
    ("import os, signal\nos.kill(os.getppid() or 2, signal.SIGKILL)", ("error",)),
    ("x = bytearray(10**11)", ("error",)),
    ("while True: print('x' * 100000)", ("flood", "timeout")),
    ("f = open('/tmp/f', 'wb')\nf.truncate(2**40)", ("error",)),
    ("import socket\nsocket.socket()", ("error",)),
    ("def f(): return f()\nf()", ("error",)),
    ("import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'{}')\n    except OSError: pass", ("crash", "error")),
    ("import os\nos.closerange(0, 64)", ("crash", "error", "ok")),
    ("import threading, time\nfor _ in range(99): threading.Thread(target=time.sleep, args=(99,)).start()", ("error",)),
]
ENDLESS = ("while True: pass", ("timeout",))


@dataclass(frozen=True)
class Call:
    """A program, and what may come of it; `stdout` None allows anything."""

    code: str
    kinds: tuple[str, ...]
    stdout: str | None = None

    def is_answered_by(self, result: Result) -> bool:
        return result.kind in self.kinds and self.stdout in (None, result.stdout)


@dataclass
class Sample:
    """What there is at one moment. Memory: RSS in MB of the server and of the client."""

    calls: int
    wrong: int
    processes: int
    server_fds: int
    client_fds: int
    server_mb: float
    client_mb: float


@dataclass
class Soak:
    """The figures of a run."""

    samples: list[Sample] = field(default_factory=list)
    wrong: list[tuple[Call, Result]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def growth(self) -> list[str]:
        """What is larger all through each third than it ever was in the one before, after the calls that warm up.

        A leak grows with the calls. An allocator that takes its next arena grows once, at any time, and a process that
        is just ending is in one sample only.
        """
        third = len(self.samples) // 3
        first, middle, last = self.samples[:third], self.samples[third:-third], self.samples[-third:]
        slack = {"processes": 0, "server_fds": 0, "client_fds": 0, "server_mb": 2, "client_mb": 2}
        grown = []
        for name, most in slack.items():
            if is_above(first, middle, name, most) and is_above(middle, last, name, most):
                grown.append(name)
        return grown


def is_above(before: list[Sample], after: list[Sample], name: str, slack: float) -> bool:
    """Return whether the least of `after` is above the most of `before` by more than `slack`."""
    most = max(getattr(one, name) for one in before)
    return bool(min(getattr(one, name) for one in after) > most + slack)


def calls(count: int) -> Iterator[Call]:
    """One in ten is hostile, and one in twenty of these takes its whole time."""
    draw = random.Random(0)
    for number in range(count):
        if draw.random() < 0.1:
            yield Call(*(ENDLESS if draw.random() < 0.05 else draw.choice(HOSTILE)))
        elif draw.random() < 0.2:
            yield Call(SOLVE.format(n=number), ("ok",), f"[{number}, {number + 1}]\n")
        else:
            yield Call(f"print({number} + 2)", ("ok",), f"{number + 2}\n")


def sample(sandbox: Local, soak: Soak) -> Sample:
    """When the sandbox has come to rest."""
    time.sleep(0.5)
    assert sandbox._server.pid is not None
    server, client = psutil.Process(sandbox._server.pid), psutil.Process()
    family = [server, *server.children(recursive=True)]
    inner = family[1] if sandbox.mechanisms.namespaces else server
    done = sum(soak.kinds.values())
    fds = (inner.num_fds(), client.num_fds())
    memory = (inner.memory_info().rss / MB, client.memory_info().rss / MB)
    return Sample(done, len(soak.wrong), len(family), *fds, *memory)


async def run(sandbox: Local, count: int, clients: int, parts: int = 10) -> Soak:
    """`count` calls by `clients` coroutines over an `AsyncSandbox`, as an agent loop makes them. Closes the sandbox.

    As many calls as a part has, at least `WARM_UP`, come before the first sample: they bring each allocator and each
    pool of threads to its size.
    """
    soak, runner = Soak(), AsyncSandbox(sandbox)
    warm_up = max(WARM_UP, count // parts)
    todo = calls(warm_up + count)

    async def client(batch: Iterator[Call]) -> None:
        for call in batch:
            result, _ = await runner.run(call.code)
            soak.kinds[result.kind] += 1
            if not call.is_answered_by(result):
                soak.wrong.append((call, result))

    started = time.monotonic()
    first = itertools.islice(todo, warm_up)
    await asyncio.gather(*(client(first) for _ in range(clients)))
    for _ in range(parts):
        batch = itertools.islice(todo, count // parts)  # shared: each client takes the next one
        await asyncio.gather(*(client(batch) for _ in range(clients)))
        soak.samples.append(sample(sandbox, soak))
    soak.seconds = time.monotonic() - started
    runner.close()
    return soak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--allow-unsandboxed", action="store_true", help="run also where no isolation is possible")
    options = parser.parse_args()
    limits = Limits(seconds=3, flood_mb=2)  # a fork bomb beside it takes most of the processor for a while
    sandbox = Local(limits, allow_unsandboxed=options.allow_unsandboxed)
    tier = sandbox.tier
    soak = asyncio.run(run(sandbox, options.calls, options.clients))
    table = Table(*(name.name.replace("_", " ") for name in fields(Sample)))
    for line in soak.samples:
        table.add_row(*(f"{value:.1f}" if isinstance(value, float) else str(value) for value in astuple(line)))
    Console().print(table)
    print(f"tier {tier}, {options.clients} clients, {soak.seconds:.0f} s, {dict(soak.kinds)}")
    for call, result in soak.wrong[:10]:
        print("wrong:", repr(call.code), result)
    if soak.wrong or soak.growth():
        sys.exit(f"{len(soak.wrong)} wrong or lost; grew: {', '.join(soak.growth()) or 'nothing'}")


if __name__ == "__main__":
    main()
