"""Answers that freeze, crash or fill other graders: each costs its own deadline at most, and nobody else anything."""

import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from still_verl.rewards.equivalence import pool
from still_verl.rewards.equivalence.cost import cost
from still_verl.rewards.equivalence.pool import WALL_S
from still_verl.rewards.equivalence.reading import READINGS, Reading
from still_verl.rewards.equivalence.verify import verify

pytestmark = pytest.mark.process

POISON = {
    "power tower": "9^{9^{9^9}}",
    "nested factorial": "((9!)!)!",
    "factorial": "(10^9)!",
    "quotient of factorials": r"\frac{(10^9)!}{(10^9-1)!}",
    "binomial": r"\binom{10^9}{5\cdot10^8}",
    "binomial of a power": r"\binom{10^{4000}}{2000}",
    "smaller binomial of a power": r"\binom{10^{2000}}{1500}",
    "binomial of powers": r"\binom{2^{2024}}{2^{10}}",
    "high power of a sum": "(x+1)^{9999}",
    "integral over a binomial": r"\int_0^1 \binom{10^{4000}}{2000} dx",
    "integral over a power": r"\int_0^1 (x+1)^{9999} dx",
    "sum over binomials": r"\sum_{k=1}^{3} \binom{10^{2000}}{1500} k",
    "powers of sums": "+".join(f"(1+x+{n})^{{{5000 + n}}}" for n in range(8)),
    "sum": r"\sum_{n=1}^{10^9} n^n",
    "product": r"\prod_{n=1}^{10^7} n",
    "integral": r"\int_0^\infty \frac{\sin(x^x)}{x^5+\log x} dx",
    "limit": r"\lim_{n\to\infty} \frac{(n!)^{1/n}\sin(n^{n})}{n^{\sin n}}",
    "digits": "7" * 3900,
    "nested roots": r"\sqrt{" * 300 + "2" + "}" * 300,
    "nested fractions": r"\frac{1}{1+" * 200 + "x" + "}" * 200,
    "nested brackets": "(" * 1500 + "1" + ")" * 1500,
    "open braces": r"\boxed{" * 500,
    "long polynomial": "+".join(f"x^{{{n}}}\\cdot\\sin({n}x)" for n in range(180)),
    "tower of decimals": r"1.0000001^{10^{10^{10}}}",
    "matrix": r"\begin{pmatrix}" + "&".join(["10^{10^{10}}"] * 50) + r"\end{pmatrix}",
    "set of towers": r"\{" + ",".join(["9^{9^{9^9}}"] * 40) + r"\}",
    "huge exponent of a symbol": "(x+1)^{10^6}",
    "too long": "1+" * 5000 + "1",
}


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("answer", POISON.values(), ids=POISON.keys())
def test_each_kind_is_refused_in_time(answer: str, reading: Reading) -> None:
    started = time.monotonic()
    verdict = verify("12", answer, reading)
    assert not verdict.equal
    assert "internal" not in verdict.reason
    assert time.monotonic() - started < WALL_S  # the deadlines are processor time, which a busy machine gives late


@pytest.mark.parametrize("kind", ["power tower", "nested factorial", "factorial", "binomial", "sum", "product"])
def test_a_number_that_nobody_can_write_out_looks_hopeless(kind: str) -> None:
    assert cost(POISON[kind]) == "hopeless"


@pytest.mark.parametrize(
    "answer", ["3^2+4^2", "2^{10}", r"\frac{(2n)!}{n!}", r"\binom{10}{3}", "(n+1)!", "x^{2^{n}}", "5!"]
)
def test_honest_answers_do_not(answer: str) -> None:
    assert cost(answer) != "hopeless"


def finish_times(jobs: list[Callable[[], object]]) -> list[float]:
    """When each job was done, in seconds after the start, with as many threads as jobs wait at once."""
    with ThreadPoolExecutor(48) as threads:
        started = time.monotonic()
        return list(threads.map(lambda job: (job(), time.monotonic() - started)[1], jobs))


def test_the_others_do_not_wait_and_none_is_lost() -> None:
    others = [(f"{n}", rf"\int_0^{{{n}}} 1\,dx" if n % 10 == 0 else f"{n}+0") for n in range(2, 302)]
    kinds = [text.replace("10", "11") for text in POISON.values()]
    verdicts: dict[str, bool] = {}

    def honest(gold: str, answer: str) -> None:
        verdicts[gold] = verify(gold, answer, "lenient").equal

    jobs: list[Callable[[], object]] = [lambda pair=pair: honest(*pair) for pair in others]  # type: ignore[misc]
    for place, kind in enumerate(kinds):
        jobs.insert(15 * place, lambda kind=kind: verify("12", kind, "lenient"))  # type: ignore[misc]
    finish_times(jobs)
    assert verdicts == {gold: True for gold, _ in others}
    assert memory_of_the_pool() < 2**30


def memory_of_the_pool() -> int:
    """Bytes that the fork server and its workers hold, counting shared pages once."""
    pid = pool.shared()._server.pid
    assert pid is not None
    server = psutil.Process(pid)
    return sum(each.memory_full_info().pss for each in [server, *server.children()])


def test_no_process_survives_the_pool() -> None:
    verify("12", r"\int_0^{13} 1 dx", "lenient")
    pid = pool.shared()._server.pid
    assert pid is not None
    workers = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    pool.shared().close()
    deadline = time.monotonic() + 5
    while any(psutil.pid_exists(int(pid)) for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert verify("14", r"\int_0^{14} 1 dx", "lenient").equal
