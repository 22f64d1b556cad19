"""Our grader beside math-verify in process and the math scorers of verl, in one run, as tables.

    python benchmarks/rewards.py [--data FOLDER]

Recall and false accepts on answers that rule-based graders get wrong, agreement and speed on real responses, speed on
groups as GRPO makes them, latency, and what poisoned answers do to the others. Every grader runs in a process of its
own, warm, with as many callers as verl's reward worker has threads on this machine (its thread executor).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from rewards_graders import GRADERS, MAIN_THREAD_ONLY, Grade, Pair, forget, grader, groups, hard_pairs, responses
from rich.console import Console
from rich.table import Table

CALLERS = min(32, (os.cpu_count() or 1) + 4)
POISON = [
    "9^{9^{9^9}}",
    "((9!)!)!", "(10^9)!", r"\binom{10^9}{5\cdot10^8}", r"\sum_{n=1}^{10^9} n^n", r"\prod_{n=1}^{10^7} n",
    r"\int_0^\infty \frac{\sin(x^x)}{x^5+\log x} dx", "7" * 3900, r"\sqrt{" * 300 + "2" + "}" * 300, "10^{10^{10}}",
    r"\frac{1}{1+" * 200 + "x" + "}" * 200, "(" * 1500 + "1" + ")" * 1500, r"1.0000001^{10^{10^{10}}}", "(x+1)^{10^6}",
    r"\binom{10^{4000}}{2000}", r"\binom{10^{2000}}{1500}", r"\binom{2^{2024}}{2^{10}}", "(x+1)^{9999}",
    r"\int_0^1 \binom{10^{4000}}{2000} dx", "+".join(f"(1+x+{n})^{{{5000 + n}}}" for n in range(8)),
]  # fmt: skip
ROUNDS = 4  # of the poison test, without and with in turn: a median
GROUP_ROUNDS = 7  # of the groups, a median: a fast grader is done in 50 ms, and a collection of garbage takes 10
SLOW_S = 2.0  # of a round, and one is enough
CAPS_S = {"measure": 300, "poison": 90}  # a grader that is not done by then is stopped


def per_second(grade: Grade, pairs: list[Pair], callers: int) -> tuple[float, list[bool]]:
    started = time.perf_counter()
    if callers == 1:
        verdicts = [grade(gold, response) for gold, response, _ in pairs]
    else:
        with ThreadPoolExecutor(callers) as threads:
            verdicts = list(threads.map(lambda pair: grade(*pair[:2]), pairs))
    return len(pairs) / (time.perf_counter() - started), verdicts


def cold_speed(name: str, grade: Grade, pairs: list[Pair], callers: int) -> float:
    """The median of some rounds, each with empty caches; one round of a slow grader is enough."""
    speeds: list[float] = []
    while len(speeds) < GROUP_ROUNDS:
        forget(name)
        speeds.append(per_second(grade, pairs, callers)[0])
        if len(pairs) / speeds[-1] > SLOW_S:
            break
    return statistics.median(speeds)


def measure(name: str, data: Path) -> dict[str, float]:
    """All figures of one grader but the poison test. Its caches are cold for each set of pairs but the groups' own."""
    grade = grader(name)
    started = time.perf_counter()
    grade(r"\int_0^{12} 1 dt", r"\boxed{\int_0^{11} 1 dx}")
    start = time.perf_counter() - started
    callers = 1 if name in MAIN_THREAD_ONLY else CALLERS
    easy_speed, easy = per_second(grade, responses(data), callers)
    latencies = []
    for gold, response, _ in hard_pairs(data):
        started = time.perf_counter()
        grade(gold, response + " ")
        latencies.append(1000 * (time.perf_counter() - started))
    forget(name)
    hard_speed, hard = per_second(grade, hard_pairs(data), callers)
    group_speed = cold_speed(name, grade, groups(data), callers)
    labels = [label for _, _, label in hard_pairs(data)]
    return {
        "start": start,
        "recall": statistics.mean(verdict for verdict, label in zip(hard, labels, strict=True) if label),
        "accepts": sum(verdict for verdict, label in zip(hard, labels, strict=True) if not label),
        "agree": sum(verdict == label for verdict, (_, _, label) in zip(easy, responses(data), strict=True)),
        "easy": easy_speed,
        "hard": hard_speed,
        "groups": group_speed,
        "p50": statistics.median(latencies),
        "p99": statistics.quantiles(latencies, n=100)[98],
        "max": max(latencies),
    }


def poison(name: str) -> dict[str, float]:
    """1,000 answers, 20 of them poison: when the others are done, with and without the poison, and what it cost.

    The others are 960 ordinary answers and 20 integrals, which look as heavy as poison does.
    """
    grade = grader(name)
    grade(r"\int_0^{12} 1 dt", r"\boxed{\int_0^{11} 1 dx}")
    callers = 1 if name in MAIN_THREAD_ONLY else 48  # more than the poisoned answers, so that some are always free
    clean, poisoned = [], []
    with Watch() as watch:
        for round_ in range(ROUNDS):
            clean.append(finished(grade, callers, answers(1000 + 2000 * round_)))
            poisoned.append(finished(grade, callers, with_poison(answers(2000 + 2000 * round_), round_)))
            if clean[0]["heavy"] > SLOW_S:
                break  # no noise to average
    without, among = (
        {sort: statistics.median(each[sort] for each in rounds) for sort in rounds[0]} for rounds in (clean, poisoned)
    )
    return {
        "clean": without["ordinary"],
        "poisoned": among["ordinary"],
        "clean_heavy": without["heavy"],
        "poisoned_heavy": among["heavy"],
        "slower": 100 * (max(among["ordinary"], among["heavy"]) / max(without["ordinary"], without["heavy"]) - 1),
        "all": among["poison"],
        "lost": max(each["lost"] for each in poisoned),
        "mb": watch.peak_mb,
    }


def with_poison(jobs: list[tuple[str, str, str]], round_: int) -> list[tuple[str, str, str]]:
    """20 poisoned answers among them, spelled as in no other round."""
    for place in range(20):
        kind = POISON[place % len(POISON)] + f"+{round_}{place // len(POISON)}"
        jobs.insert(place * 50, ("poison", "12", f"\\boxed{{{kind}}}"))
    return jobs


def answers(offset: int) -> list[tuple[str, str, str]]:
    """980 right answers as (sort, gold, response), none of them twice."""
    heavy = [(f"\\int_0^{{{n}}} 1 dt", f"\\boxed{{\\int_0^{{{n}}} 1 dx}}") for n in range(offset, offset + 20)]
    integral = [("heavy", *pair) for pair in heavy]
    ordinary = [("ordinary", f"{n}", f"\\boxed{{\\frac{{{2 * n}}}{{2}}}}") for n in range(offset + 20, offset + 980)]
    for place, job in enumerate(integral):
        ordinary.insert(place * 49, job)
    return ordinary


def finished(grade: Grade, callers: int, jobs: list[tuple[str, str, str]]) -> dict[str, float]:
    """Seconds until the last answer of each sort is done, and how many right answers were scored wrong."""
    started = time.perf_counter()
    last: dict[str, float] = {"lost": 0}

    def run(job: tuple[str, str, str]) -> None:
        sort, gold, response = job
        right = grade(gold, response)
        last[sort] = time.perf_counter() - started
        last["lost"] += sort != "poison" and not right

    if callers == 1:
        for job in jobs:
            run(job)
    else:
        with ThreadPoolExecutor(callers) as threads:
            list(threads.map(run, jobs))
    return last


class Watch:
    """The largest memory of this process's children, in MB, shared pages counted once."""

    def __enter__(self) -> "Watch":
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.2):
            total = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    total += child.memory_full_info().pss
                except psutil.Error:  # it just ended
                    continue
            self.peak_mb = max(self.peak_mb, total / 2**20)


def in_process(call: str, name: str, data: Path) -> dict[str, float] | None:
    """The result of `measure` or `poison` in a fresh process; None when it did not end in time."""
    command = [sys.executable, __file__, "--data", str(data), "--call", call, "--grader", name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        output, _ = process.communicate(timeout=CAPS_S[call])
    except subprocess.TimeoutExpired:
        for child in [*psutil.Process(process.pid).children(recursive=True), process]:
            child.kill()
        process.wait()
        return None
    return json.loads(output.splitlines()[-1])


def main_table(figures: dict[str, dict[str, float] | None]) -> Table:
    table = Table(title=f"graders, {CALLERS} callers, {os.cpu_count()} cores")
    for column in ("grader", "start s", "recall", "wrong accepted", "agree /800", "responses/s", "groups/s", "hard/s"):
        table.add_column(column, justify="left" if column == "grader" else "right")
    for column in ("p50 ms", "p99 ms", "max ms"):
        table.add_column(column, justify="right")
    for name, row in figures.items():
        if row is None:
            table.add_row(name, "stopped")
            continue
        table.add_row(
            name, f"{row['start']:.2f}", f"{row['recall']:.3f}", f"{row['accepts']:.0f}", f"{row['agree']:.0f}",
            *(f"{row[key]:,.0f}" for key in ("easy", "groups", "hard")),
            *(f"{row[key]:.2f}" for key in ("p50", "p99", "max")),
        )  # fmt: skip
    return table


def target_table(ours: dict[str, float], theirs: dict[str, float]) -> Table:
    table = Table(title="against verl's pooled scorer")
    for column in ("set", "times faster", "target"):
        table.add_column(column, justify="right")
    for label, key, target in (("800 responses", "easy", 3), ("groups of 16", "groups", 10), ("250 hard", "hard", 2)):
        table.add_row(label, f"{ours[key] / theirs[key]:.1f}", str(target))
    return table


def poison_table(figures: dict[str, dict[str, float] | None]) -> Table:
    table = Table(title=f"1,000 answers, 20 of them poison of {len(POISON)} kinds; seconds until the last is done")
    for column in (
        "grader",
        "960 ordinary",
        "with poison",
        "20 integrals",
        "with poison",
        "slower %",
        "the poison",
        "lost",
        "MB",
    ):
        table.add_column(column, justify="left" if column == "grader" else "right")
    keys = ("clean", "poisoned", "clean_heavy", "poisoned_heavy", "slower", "all")
    for name, row in figures.items():
        if row is None:
            table.add_row(name, "", f"> {CAPS_S['poison']}", "", "", "", "stopped")
        else:
            table.add_row(name, *(f"{row[key]:.2f}" for key in keys), f"{row['lost']:.0f}", f"{row['mb']:.0f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--call", choices=["measure", "poison"], help=argparse.SUPPRESS)
    parser.add_argument("--grader", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.call:
        result = measure(options.grader, options.data) if options.call == "measure" else poison(options.grader)
        print(json.dumps(result))
        return
    console = Console(width=150)
    figures = {name: in_process("measure", name, options.data) for name in GRADERS}
    console.print(main_table(figures))
    ours, theirs = figures["still_verl"], figures["verl math_verify"]
    if ours and theirs:
        console.print(target_table(ours, theirs))
    console.print(poison_table({name: in_process("poison", name, options.data) for name in GRADERS}))


if __name__ == "__main__":
    main()
