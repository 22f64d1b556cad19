"""Workers that grade: bounded in time and memory, and gone with their parent."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from still_verl.rewards.equivalence.pool import Pool


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(workers=2, quick_s=0.5, deadline_s=1.0)
    pool.ask("1", "2")  # the server's imports are nobody's deadline below
    yield pool
    pool.close()


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout
    return [int(child) for child in found.split()]


def test_a_worker_tells_equal_from_different(pool: Pool) -> None:
    assert pool.ask(r"\frac{1}{2}", r"\frac{2}{4}").equal is True
    assert pool.ask(r"\frac{1}{2}", r"\frac{2}{3}").equal is False


def test_an_answer_that_never_ends_costs_its_deadline_and_nobody_elses(pool: Pool) -> None:
    with ThreadPoolExecutor(8) as threads:
        poison = [threads.submit(pool.ask, "1", text, "heavy") for text in ("9^{9^{9^9}}", "((9!)!)!")]
        started = time.monotonic()
        others = list(threads.map(lambda n: pool.ask(str(n), f"{n}+0").equal, range(20)))
        elapsed = time.monotonic() - started
        assert others == [True] * 20
        assert elapsed < 1.0
        assert {reply.result().reason for reply in poison} <= {"timeout", "memory"}


def test_memory_is_bounded(pool: Pool) -> None:
    assert pool.ask("1", r"10^{10^{9}}+\sum_{n=1}^{1} n", "hopeless", "lenient").equal is None


def test_a_dead_worker_or_server_is_replaced(pool: Pool) -> None:
    server = pool._server.pid
    for worker in children(server):
        with contextlib.suppress(ProcessLookupError):  # one that was done ended by itself meanwhile
            os.kill(worker, signal.SIGKILL)
    assert pool.ask("2", "1+1").equal is True
    os.kill(server, signal.SIGKILL)
    assert pool.ask("3", "1+2").equal is True


SCRIPT = """
import sys, time
from still_verl.rewards.equivalence.pool import shared
pool = shared()
assert pool.ask("2", "1+1").equal
print(pool._server.pid, flush=True)
{then}
"""


def start_script(then: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A plain script without a main guard, and the processes of its pool."""
    script = subprocess.Popen([sys.executable, "-c", SCRIPT.format(then=then)], stdout=subprocess.PIPE, text=True)
    assert script.stdout is not None
    server = int(script.stdout.readline())
    return script, [server, *children(server)]


def assert_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 5
    while any(os.path.exists(f"/proc/{pid}") for pid in pids):
        assert time.monotonic() < deadline, f"still alive: {pids}"
        time.sleep(0.02)


def test_nothing_survives_a_script_that_ends() -> None:
    script, pids = start_script("")
    assert script.wait(10) == 0
    assert_gone(pids)


def test_nothing_survives_a_parent_that_is_killed_while_a_worker_computes() -> None:
    busy = (
        'import threading; threading.Thread(target=pool.ask, args=("1", "9^{9^{9^9}}", True)).start(); time.sleep(60)'
    )
    script, pids = start_script(busy)
    time.sleep(0.3)
    pids = [pids[0], *children(pids[0])]
    script.kill()
    script.wait()
    assert_gone(pids)


def test_a_forked_child_grades_with_a_pool_of_its_own() -> None:
    then = """
import os
child = os.fork()
assert shared().ask("5", "2+3").equal
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert pool.ask("7", "3+4").equal
"""
    script, pids = start_script(then)
    assert script.wait(20) == 0
    assert_gone(pids)


def wrong_answers(pool: Pool, first: int, count: int) -> int:
    """How many of some pairs are graded wrongly; every second one is equal."""
    wrong = 0
    for number in range(first, first + count):
        equal = pool.ask(str(number), f"{number}+{number % 2}").equal
        wrong += equal is not (number % 2 == 0)
    return wrong


def test_after_a_fork_each_side_gets_its_own_answers(pool: Pool) -> None:
    """An idle worker of the parent must not serve the child too, though the pool is the same object."""
    assert pool.ask("1", "1").equal
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a side that waits for ever
        wrong = wrong_answers(pool, 1000, 200)
        pool.close()
        os._exit(min(wrong, 255))
    assert wrong_answers(pool, 5000, 200) == 0
    assert os.waitpid(child, 0)[1] == 0


def test_a_fork_while_other_threads_grade_blocks_nobody(pool: Pool) -> None:
    """They hold the only places of a lane, in threads that do not exist in the child."""
    with ThreadPoolExecutor(4) as threads:
        busy = [threads.submit(pool.ask, "1", "9^{9^{9^9}}", "hopeless") for _ in range(4)]
        time.sleep(0.1)
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            graded = pool.ask("1", r"9^{9^{9^9}}", "hopeless")
            equal = pool.ask("3", "1+2").equal
            pool.close()
            os._exit(0 if equal and graded.equal is None else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert {each.result().equal for each in busy} == {None}
