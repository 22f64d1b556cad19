"""The caller's thread: whatever LaTeX comes, it computes for milliseconds, and other threads go on meanwhile.

An answer may take 20 ms of the thread's processor time. The tests assert ten times that, so that they do not depend on
the machine.
"""

import gc
import random
import sys
import threading
import time
from pathlib import Path

import pytest

from still_verl.rewards.equivalence import clock
from still_verl.rewards.equivalence.verify import in_caller

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))
from verifier_corpus import DIFFERENT, changed, hedges, long_text, monster  # noqa: E402

pytestmark = pytest.mark.process  # half a minute in all

LIMIT_S = 0.2  # ten times what is allowed
HUGE = {
    "binomial of a power": r"\binom{10^{4000}}{2000}",
    "smaller binomial of a power": r"\binom{10^{2000}}{1500}",
    "binomial of powers": r"\binom{2^{2024}}{2^{10}}",
    "middle binomial": r"\binom{10^9}{5\cdot10^8}",
    "power of a sum": "(x+1)^{9999}",
    "power of powers": "((x+1)^{9999}+1)^{9999}",
    "complex power": "(1+x+i)^{5000+i}",
    "tower": "9^{9^{9^9}}",
    "lower tower": "9^{9^9}",
    "factorial": "(10^9)!",
    "nested factorial": "((9!)!)!",
    "long factorials": "+".join(f"{n}!" for n in range(2400, 2490)),
    "digits": "7" * 3900,
    "decimals": "0." + "7" * 900,
    "huge exponent": "1e999",
    "tiny power of ten": r"10^{-10^{10}}",
    "continued fraction": r"1+\frac{1}{" * 35 + "x" + "}" * 35,
    "nested roots": r"\sqrt{2+" * 35 + "x" + "}" * 35,
    "long sum": "+".join(rf"\frac{{1}}{{{n}}}" for n in range(1001, 1060)),
    "long sum of powers": "+".join(f"{n}^{{{n}}}" for n in range(100, 190)),
    "long polynomial": "+".join(rf"x^{{{n}}}\sin({n}x)" for n in range(60)),
    "sine of a power": r"\sin(10^{4000})",
    "tangent of a tower": r"\tan(9^{9^9})",
    "logarithm to a base near 1": r"\log_{1.0000001} 10^{4000}",
    "power near 1": "1.0000001^{10^{10^{10}}}",
    "root of high degree": r"\sqrt[2^{2024}]{e^{1000}}",
    "rounded power": r"\lfloor 10^{4000}\pi \rfloor",
    "residue of a power": r"9^{9^9} \pmod{10^{4000}}",
    "matrix of towers": r"\begin{pmatrix}" + "&".join(["9^{9^{9^9}}"] * 40) + r"\end{pmatrix}",
    "list of binomials": ",".join([r"\binom{10^{4000}}{2000}"] * 40),
    "signs": ",".join([r"\pm 1"] * 60),
    "ends of an interval": r"(9^{9^9}, 10^{10^{10}}]",
    "region": r"x > \binom{10^{4000}}{2000}",
    "equation": r"y = \binom{10^{4000}}{x} + 9^{9^9}",
    "complex tower": "(1+i)^{(1+i)^{10^{9}}}",
    "empty rows": r"\\" * 450,
    "powers behind a bracket": "(" + "^2" * 1990,
    "gamma": r"(\pi+i)!(\pi-i)!(\sqrt{2})!",
}  # fmt: skip


def seconds(gold: str, answer: str) -> float:
    """Measure both readings, without the collection of garbage: that of a process with all tests takes a second."""
    gc.disable()
    try:
        started = time.thread_time()
        in_caller(gold, answer, "strict")
        in_caller(gold, answer, "lenient")
        return time.thread_time() - started
    finally:
        gc.enable()


@pytest.mark.parametrize("answer", HUGE.values(), ids=HUGE.keys())
@pytest.mark.parametrize("gold", ["12", r"\sqrt{x+1}", None], ids=["number", "formula", "itself"])
def test_a_huge_answer_takes_no_time(gold: str | None, answer: str) -> None:
    assert seconds(gold or f"{answer}+0", answer) < 2 * LIMIT_S


def test_random_monsters_take_no_time() -> None:
    random_ = random.Random(0)
    known = [*hedges(), *DIFFERENT]
    end = time.process_time() + 12
    pairs = 0
    while time.process_time() < end:
        answer = random_.choice([monster, long_text])(random_)[:4000]
        gold = random_.choice([random_.choice(known), changed(random_, answer), monster(random_)])
        assert seconds(gold, answer) < 2 * LIMIT_S, (gold, answer)
        pairs += 1
    assert pairs > 500


def test_other_threads_go_on_meanwhile() -> None:
    """The longest time that another thread waits for the interpreter's lock while huge answers are compared."""
    pauses: list[float] = []
    done = threading.Event()

    def tick() -> None:
        last = time.monotonic()
        busy = time.process_time()
        while not done.is_set():
            time.sleep(0.001)
            now, used = time.monotonic(), time.process_time()
            # What this process has computed in between: a busy machine alone makes no pause.
            pauses.append(min(now - last, used - busy))
            last, busy = now, used

    thread = threading.Thread(target=tick)
    thread.start()
    for answer in HUGE.values():
        in_caller("12", answer, "strict")
    done.set()
    thread.join()
    assert max(pauses) < LIMIT_S


def test_the_clock_stops_what_takes_longer_and_only_inside_of_its_block() -> None:
    with pytest.raises(clock.OutOfTime):
        with clock.limited(0.01):
            while True:
                clock.check()
    clock.check()


def test_the_clock_is_each_threads_own() -> None:
    outcome: list[str] = []

    def other() -> None:
        clock.check()
        outcome.append("went on")

    with clock.limited(0.0):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert outcome == ["went on"]
