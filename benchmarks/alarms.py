"""How often are the alarms wrong, and what do they find, how late? On simulated runs: `alarm_runs`, `alarm_failures`.

    python benchmarks/alarms.py [--runs 100] [--healthy 1000] [--held-out | --fresh] [--only NAME] [--peer PYTHON ...]

Each failure has its own noise (independent, correlated) and onset: steps from healthy to its full size. It is found if
an alarm with its name begins, or becomes worse, within 15 steps after an onset of up to 20 steps, or before the end of
a longer one. `--peer` names the Python of an environment that has rldoctor; it sees the same rows up to that step.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import alarm_fresh as fresh
import alarm_held_out as held_out
import numpy as np
from alarm_failures import SHAPES, WITHOUT_ONSET, Failure
from alarm_runs import HEALTHY, Rows, healthy
from rich.console import Console
from rich.table import Table

from still_verl.monitor.alarms import scan

ONSETS, SLOW, PATIENCE = (1, 5, 20, 100, 300), 100, 15
STEPS = 300  # of a healthy run
ALL_SHAPES = SHAPES | held_out.SHAPES | fresh.SHAPES
ALL_HEALTHY = {**HEALTHY, **held_out.HEALTHY, **fresh.HEALTHY}
PEER = Path(__file__).with_name("alarm_peer.py")


class Cell(NamedTuple):
    shape: str
    onset: int
    correlated: bool


class Result(NamedTuple):
    cell: Cell
    found: bool
    loud: bool  # as a warning or worse
    delay: int | None  # steps after the turn


def made(cell: Cell, seed: int) -> tuple[Rows, int]:
    """Make a failure, up to the step until which it must be found; and the step at which it begins."""
    rng = np.random.default_rng([seed, *cell.shape.encode(), cell.onset, cell.correlated])
    turn = int(rng.integers(60, 150))
    end = turn + cell.onset
    if cell.onset < SLOW:
        end += PATIENCE
    run = healthy(end, cell.correlated, rng)
    ALL_SHAPES[cell.shape][0](Failure(run, turn, cell.onset, rng))
    return run.rows(), turn + 1


def tried(task: tuple[Cell, int]) -> Result:
    """Scan one failure."""
    cell, seed = task
    rows, turn = made(cell, seed)
    names = ALL_SHAPES[cell.shape][1]
    begun = [alarm for alarm in scan(rows, names) if alarm.step >= turn]
    loud = any(alarm.severity != "info" for alarm in begun)
    return Result(cell, bool(begun), loud, begun[0].step - turn if begun else None)


def healthy_rows(kind: str, seed: int) -> Rows:
    rng = np.random.default_rng([seed, *kind.encode()])
    run = healthy(STEPS, bool(seed % 2), rng)
    ALL_HEALTHY[kind](run, rng)
    return run.rows()


def rung(task: tuple[str, int]) -> tuple[str, frozenset[tuple[str, str]]]:
    """Scan one healthy run."""
    kind, seed = task
    return kind, frozenset((alarm.severity, alarm.name) for alarm in scan(healthy_rows(kind, seed)))


def cells(shapes: Iterable[str]) -> Iterator[Cell]:
    for name in shapes:
        for onset in ONSETS[:1] if name in WITHOUT_ONSET else ONSETS:
            for correlated in (False, True):
                yield Cell(name, onset, correlated)


def share(hits: Iterable[bool]) -> str:
    values = list(hits)
    return f"{np.mean(values):.0%}" if values else "-"


def found_table(results: list[Result], title: str) -> Table:
    """Show the share that is found of each shape and onset, the worst cell, and the delay of sudden ones."""
    table = Table("failure", *map(str, ONSETS), "loud", "worst cell", "median delay", title=title, title_justify="left")
    for name in dict.fromkeys(result.cell.shape for result in results):
        of_shape = [result for result in results if result.cell.shape == name]
        row = [share(result.found for result in of_shape if result.cell.onset == onset) for onset in ONSETS]
        by_cell: dict[Cell, list[bool]] = {}
        for result in of_shape:
            by_cell.setdefault(result.cell, []).append(result.found)
        worst = min(float(np.mean(hits)) for hits in by_cell.values())
        delays = [result.delay for result in of_shape if result.delay is not None and result.cell.onset <= 5]
        delay = f"{np.median(delays):.0f}" if delays else "-"
        table.add_row(name, *row, share(result.loud for result in of_shape), f"{worst:.0%}", delay)
    fast = [result for result in results if result.cell.onset < SLOW]
    slow = [result for result in results if result.cell.onset >= SLOW]
    for label, part in (("all, onset up to 20", fast), ("all, slower", slow)):
        loud = share(result.loud for result in part)
        table.add_row(label, share(result.found for result in part), "", "", "", "", loud, "", "")
    return table


def healthy_table(results: list[tuple[str, frozenset[tuple[str, str]]]], title: str) -> Table:
    """Show in how many healthy runs of each kind something rings."""
    table = Table("healthy", "runs", "critical", "warning", "info", "most often", title=title, title_justify="left")
    for kind in dict.fromkeys(kind for kind, _ in results):
        alarms = [found for each, found in results if each == kind]
        row = []
        for severity in ("critical", "warning", "info"):
            row.append(f"{np.mean([any(s == severity for s, _ in found) for found in alarms]):.1%}")
        often = []
        for severity, most in (("critical", 3), ("warning", 3), ("info", 2)):
            counts = Counter(name for found in alarms for s, name in found if s == severity)
            for name, count in counts.most_common(most):
                often.append(f"{name} ({severity[0]}) {count / len(alarms):.1%}")
        table.add_row(kind, str(len(alarms)), *row, ", ".join(often))
    return table


def ask_peer(python: str, runs: Iterable[Rows]) -> list[str]:
    """Return the version of rldoctor and, for each run, the worst severity that it gives."""
    lines = "\n".join(json.dumps(rows) for rows in runs)
    done = subprocess.run([python, str(PEER)], input=lines, capture_output=True, text=True, check=True)
    return done.stdout.split()


def peer_table(
    python: str, shapes: Iterable[str], kinds: Iterable[str], runs: int, healthy_runs: int, seed: int
) -> Table:
    """Show in how many runs rldoctor gives a warning (failures) or is critical (healthy runs)."""
    tasks = [(cell, seed + number) for cell in cells(shapes) for number in range(runs)]
    version, *said = ask_peer(python, (made(cell, number)[0] for cell, number in tasks))
    loud = [worst in ("WARNING", "CRITICAL") for worst in said]
    fast = [hit for hit, (cell, _) in zip(loud, tasks, strict=True) if cell.onset < SLOW]
    slow = [hit for hit, (cell, _) in zip(loud, tasks, strict=True) if cell.onset >= SLOW]
    table = Table(f"rldoctor {version}", "", title="any name counts", title_justify="left")
    table.add_row("failures with a warning, onset up to 20", share(fast))
    table.add_row("failures with a warning, slower", share(slow))
    for kind in kinds:
        _, *worst = ask_peer(python, (healthy_rows(kind, seed + number) for number in range(healthy_runs)))
        critical, warned = share(w == "CRITICAL" for w in worst), share(w == "WARNING" for w in worst)
        table.add_row(f"healthy, {kind}", f"critical {critical}, else warning {warned}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, help="of each failure, onset and noise")
    parser.add_argument("--healthy", type=int, default=1000, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--held-out", action="store_true", help="the shapes and kinds that no detector was tuned on")
    parser.add_argument("--fresh", action="store_true", help="those that were written last")
    parser.add_argument("--peer", nargs="*", default=[], help="only ask rldoctor, with the Python of its environment")
    parser.add_argument("--only", default="", help="shapes and kinds whose name has this")
    args = parser.parse_args()
    source = sys.modules[__name__]
    if args.held_out or args.fresh:
        source = fresh if args.fresh else held_out
    shapes = [name for name in source.SHAPES if args.only in name]
    kinds = [name for name in source.HEALTHY if args.only in name]
    console = Console(width=160)
    for python in args.peer:
        console.print(peer_table(python, shapes, kinds, args.runs, args.healthy, args.seed))
    if args.peer:
        return
    with ProcessPoolExecutor(args.processes) as pool:
        tasks = [(cell, args.seed + number) for cell in cells(shapes) for number in range(args.runs)]
        if tasks:
            results = list(pool.map(tried, tasks, chunksize=20))
            console.print(found_table(results, f"failures found, {args.runs} runs for each onset and noise"))
        tasks_healthy = [(kind, args.seed + number) for kind in kinds for number in range(args.healthy)]
        if tasks_healthy:
            rings = list(pool.map(rung, tasks_healthy, chunksize=20))
            console.print(healthy_table(rings, f"healthy runs of {STEPS} steps"))


if __name__ == "__main__":
    main()
