"""What a call of the sandbox costs: latency, calls a second with many clients, memory of a session.

python benchmarks/sandbox.py [--calls 200] [--clients 64]

Latency is measured one call at a time, first with a pause of 20 ms before each call, as between two blocks of a model,
then back to back, where the sandbox has no time to prepare the next child.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
from rich.console import Console
from rich.table import Table

from still_verl.interpreter.sandbox.base import Limits, SandboxUnavailable
from still_verl.interpreter.sandbox.bubblewrap import Bubblewrap
from still_verl.interpreter.sandbox.local.client import Local
from still_verl.interpreter.sandbox.local.tiers import Mechanisms

PRINT = "print(2 + 2)"
SOLVE = "import sympy\nx = sympy.Symbol('x')\nprint(sympy.solve(x**2 - 5 * x + 6, x))"
NAMESPACES = ("user", "pid", "net", "mount")
PAUSE_S = 0.02


def latencies(call: Callable[[str], object], code: str, calls: int, pause: float = 0.0) -> tuple[float, float]:
    """p50 and p99 in milliseconds, one call after another."""
    call(code)
    times = []
    for _ in range(calls):
        time.sleep(pause)
        started = time.perf_counter()
        call(code)
        times.append(time.perf_counter() - started)
    times.sort()
    return 1000 * times[len(times) // 2], 1000 * times[int(len(times) * 0.99)]


def throughput(call: Callable[[str], object], calls: int, clients: int) -> float:
    """Calls a second."""
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        list(threads.map(call, [PRINT] * calls))
    return calls / (time.perf_counter() - started)


def cold(code: str) -> None:
    subprocess.run([sys.executable, "-c", f"import sympy\n{code}"], stdout=subprocess.DEVNULL, check=True)


def sandlock_run() -> Callable[[str], object] | None:
    """The sandbox of the package sandlock, as its page shows it: a new interpreter; None where it is not installed."""
    try:
        from sandlock import Sandbox
    except ImportError:
        return None
    readable = {"/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/dev", sys.base_prefix, sys.prefix}
    sandbox = Sandbox(fs_readable=sorted(readable), fs_writable=["/tmp"])

    def run(code: str) -> object:
        result = sandbox.run([sys.executable, "-c", code], timeout=60)
        assert result.success, result
        return result

    return run


def stopped_below(pid: int) -> list[psutil.Process]:
    """Descendants that wait for their next block; children that were kept ready come and go meanwhile."""
    stopped = []
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            stopped += [child] if child.status() == psutil.STATUS_STOPPED else []
    return stopped


def session_mb(sandbox: Local, code: str) -> float:
    """Private memory (USS) of a session that waits after `code`, in MB: what it does not share with the server."""
    session = sandbox.session()
    session.run(code)
    assert sandbox._server.pid is not None
    while not (stopped := stopped_below(sandbox._server.pid)):
        time.sleep(0.01)
    used = stopped[0].memory_full_info().uss / 2**20
    session.close()
    return float(used)


def table_row(run: Callable[[str], object], calls: int, few: int, clients: int) -> list[str]:
    """A line of the table."""
    figures = [latencies(run, code, calls, pause) for pause in (PAUSE_S, 0.0) for code in (PRINT, SOLVE)]
    rate = throughput(run, few, clients)
    return [*(f"{median:.1f} / {slow:.1f}" for median, slow in figures), f"{rate:.0f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--clients", type=int, default=64)
    options = parser.parse_args()
    few, limits = max(5, options.calls // 20), Limits(seconds=60)
    table = Table("p50 / p99 in ms", "tier", "print", "sympy", "print, no pause", "sympy, no pause")
    table.add_column(f"calls/s, {options.clients} clients")
    everything = tuple(Mechanisms.__annotations__)
    for name, local in (
        ("local", Local(limits)),
        ("local, no namespaces", Local(limits, absent=NAMESPACES)),
        ("local, no namespaces, Landlock 1", Local(limits, absent=NAMESPACES, landlock_abi=1)),
        ("local, no isolation", Local(limits, allow_unsandboxed=True, absent=everything)),
    ):
        row = table_row(local.run, options.calls, 5 * options.calls, options.clients)
        table.add_row(name, local.tier, *row)
        if name == "local":
            idle = [session_mb(local, code) for code in ("x = 1", SOLVE)]
        local.close()
    bubblewrap = Bubblewrap(limits)
    try:
        table.add_row("bubblewrap", bubblewrap.tier, *table_row(bubblewrap.run, few, 5 * few, options.clients))
    except SandboxUnavailable as error:
        table.add_row("bubblewrap", str(error))
    sandlock = sandlock_run()
    if sandlock is not None:
        table.add_row("sandlock", "its own", *table_row(sandlock, few, few, options.clients))
    table.add_row("python -c, sympy", "none", *table_row(cold, few, few, options.clients))
    Console().print(table)
    print(f"{len(os.sched_getaffinity(0))} processors; bubblewrap starts an interpreter for each program")
    print(f"an idle session: {idle[0]:.1f} MB of its own, {idle[1]:.1f} MB after it used sympy")


if __name__ == "__main__":
    main()
