"""Random and mutated LaTeX: no crash, no hang.

`python tests/rewards/equivalence/test_fuzz_on_cpu.py 600` runs for ten minutes.
"""

import gc
import random
import sys
import time

import pytest

from still_verl.rewards.equivalence.decide import decide
from still_verl.rewards.equivalence.verify import verify
from still_verl.rewards.extract import extract

TOKENS = (
    r"\frac \dfrac \sqrt \sqrt[3] \binom \sin \cos^{-1} \log_2 \ln \left( \right) \left. \{ \} { } ( ) [ ] | ^ "
    r"_ ! % ° \circ ^{\circ} \pm \mp \cup \cap \in \infty \pi \le \ge < > = \approx \neq , ; : + - * / . \, \! "
    r"\\ & $ ~ ' ② ½ ² √ \text{cm} \text{and} \text{or} \mathbb{R} \emptyset \begin{pmatrix} \end{pmatrix} "
    r"\begin{cases} \end{cases} \sum \int_0^1 \prod \lim \ldots \boxed{ \boxed \fbox{ <answer> </answer> "
    r"</think> and or all real numbers no solution between greater than 0 1 2 10 0.5 1,000 "
    r"99999999999999999999 9^{9^9} 10^{10^{10}} 100! x y n k f(x) a_1 C e i A (B) 3:00 pm 50\% \overline{ab} "
    r"is are where for any constant integer integers positive odd permutations cyclic its half m/s km/h rad \equiv "
    r"\pmod \bmod mod !! C_{n}^ \max \min \gcd |x-1| \mathbb{Z}^+ \mathbb{N} k\in \text{is} \text{for} "
    r"\lfloor \rceil \lceil \rfloor \angle \forall ‹ › ⦃ ⦄ ⟦ ⟧ ∧ 0x 1e9 nan inf \x \0 é 数"
).split()
SEEDS = (
    r"\frac{1}{2}",
    r"(-\infty, -6) \cup (-6, \frac{3}{2})",
    r"\{1\pm\sqrt{5},-2\}",
    r"x=\frac{1}{6} \pi+\pi k, \frac{1}{3} \pi+\pi k",
    r"\begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix}",
    r"\text{all real numbers greater than } 3",
    r"f(x) = \dfrac{1}{6}x^{2} - \dfrac{1}{2}x",
    r"7 \text{ stuffed goats and } 4 \text{ toy helicopters}",
    r"4 < m \leq 8 \text{ or } 10 \leq m < 12",
    r"\frac{d !}{2 k(d-k) !}",
    "3:05 p.m.",
    r"n \equiv 0, \pm 1 \pmod{6}",
    r"(a,b,c)=(1,2,3) \text{ and its cyclic permutations}",
    r"P(x) = x^2 + c \text{ where } c \text{ is a real constant}",
    r"\text{all positive integers } n \ge 3",
    r"1, 3, \ldots, 99",
)
SLOW_S = 1.0  # of processor time, for what runs in the caller's process; a thousand times the usual


def soup(random_: random.Random) -> str:
    glue = random_.choice(["", " "])
    return glue.join(random_.choices(TOKENS, k=random_.choice([1, 3, 10, 40, 200])))


def mutated(random_: random.Random) -> str:
    text = random_.choice(SEEDS)
    for _ in range(random_.randint(1, 6)):
        at, end = sorted(random_.choices(range(len(text) + 1), k=2))
        piece = random_.choice(["", random_.choice(TOKENS), text[at:end] * random_.choice([2, 2, 30])])
        text = text[:at] + piece + text[end:]
    return text[:6000]


def processor_time(gold: str, answer: str) -> float:
    """Measure without a garbage collection: in a process with thousands of tests one takes seconds."""
    gc.disable()
    try:
        started = time.thread_time()
        extract(answer)
        decide(gold, answer)
        decide(answer, answer)
        return time.thread_time() - started
    finally:
        gc.enable()


def fuzz(seconds: float, seed: int) -> int:
    """Compare random texts until the time is over; every hundredth pair goes through the workers too."""
    random_ = random.Random(seed)
    end, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        gold, answer = (random_.choice([soup, mutated])(random_) for _ in range(2))
        elapsed = processor_time(gold, answer)
        assert elapsed < SLOW_S, f"{elapsed:.1f} s for {gold!r} and {answer!r}"
        if rounds % 100 == 0:
            verdict = verify(gold, answer)
            assert "internal" not in verdict.reason, f"{verdict.reason} for {gold!r} and {answer!r}"
        rounds += 1
    return rounds


def test_no_random_text_crashes_or_hangs() -> None:
    assert fuzz(seconds=5, seed=0)


@pytest.mark.parametrize(
    "text",
    [
        r"(a,permutations1,2,3) \text{ and its cyclic permutations}",
        "1, 3, \\ldots, " + "9" * 20,
        "A B C D E F G H I J " * 40 + "x",
        "{" + r"((\?,!),(\?,!)),((\?,!),(\?,!))," * 24 + "1}",
        r"\text{where } c \text{ is} " * 40 + r"a \text{ constant } 1",
        r"\pm(0" + r", 1 0" * 40 + "[",
        "a_{}",
        "C_{}^1",
    ],
)
def test_what_could_multiply_is_bounded(text: str) -> None:
    assert processor_time("1", text) < SLOW_S
    assert "internal" not in verify("1", text).reason


if __name__ == "__main__":
    print(fuzz(float(sys.argv[1]), seed=int(time.time())), "pairs without a crash or a hang")
