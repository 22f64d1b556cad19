"""What a call of the sandbox costs: latency one at a time, calls a second with many clients, memory of a session.

python benchmarks/sandbox.py [--calls 200] [--clients 64]
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
from rich.console import Console
from rich.table import Table

from still_verl.interpreter.sandbox.base import Limits, SandboxUnavailable
from still_verl.interpreter.sandbox.bubblewrap import Bubblewrap
from still_verl.interpreter.sandbox.local import Local
from still_verl.interpreter.sandbox.policy import Mechanisms

PRINT = "print(2 + 2)"
SOLVE = "import sympy\nx = sympy.Symbol('x')\nprint(sympy.solve(x**2 - 5 * x + 6, x))"
NAMESPACES = ("user", "pid", "net", "mount")


def latencies(call: Callable[[str], object], code: str, calls: int) -> tuple[float, float]:
    """p50 and p99 in milliseconds, one call after another."""
    call(code)
    times = []
    for _ in range(calls):
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


def session_mb(sandbox: Local) -> float:
    """Private memory of a session that waits, in MB: what it does not share with the server."""
    session = sandbox.session()
    session.run("x = 1")
    assert sandbox._process is not None
    child = psutil.Process(sandbox._process.pid).children(recursive=True)[-1]
    used = child.memory_full_info().uss / 2**20
    session.close()
    return used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--clients", type=int, default=64)
    options = parser.parse_args()
    table = Table("way", "tier", "print p50", "p99", "sympy p50", "p99 [ms]", f"calls/s, {options.clients} clients")
    limits = Limits(seconds=60)
    for name, sandbox in (
        ("local", Local(limits)),
        ("local, no namespaces", Local(limits, absent=NAMESPACES)),
        ("local, no isolation", Local(limits, allow_unsandboxed=True, absent=tuple(Mechanisms.__annotations__))),
        ("bubblewrap", Bubblewrap(limits)),
    ):
        run, calls = sandbox.run, options.calls if isinstance(sandbox, Local) else max(5, options.calls // 20)
        try:
            figures = [*latencies(run, PRINT, calls), *latencies(run, SOLVE, calls)]
            rate = throughput(run, 5 * calls, options.clients)
        except SandboxUnavailable as error:
            table.add_row(name, str(error))
            continue
        table.add_row(name, sandbox.tier, *(f"{figure:.1f}" for figure in figures), f"{rate:.0f}")
        if name == "local":
            memory = session_mb(sandbox)
        sandbox.close()
    few = max(5, options.calls // 20)
    figures = [*latencies(cold, PRINT, few), *latencies(cold, SOLVE, few)]
    rate = throughput(cold, few, options.clients)
    table.add_row("python -c, sympy", "none", *(f"{figure:.1f}" for figure in figures), f"{rate:.0f}")
    Console().print(table)
    print(f"an idle session: {memory:.1f} MB of its own")


if __name__ == "__main__":
    main()
