"""Memory of all programs and open sessions together: who waits, who is ended, and that it holds for real processes."""

import os
import threading
import time
from pathlib import Path

import pytest

from still_verl.interpreter.sandbox.base import OVERHEAD_MB, Limits
from still_verl.interpreter.sandbox.local.budget import Budget, machine_bytes
from still_verl.interpreter.sandbox.local.client import Local
from still_verl.interpreter.sandbox.local.session import LOST


class Waits:
    """A session that waits for its next block."""

    def __init__(self, size_mb: int | None = 0) -> None:
        self.size_mb = size_mb
        self.ended = False

    def private_bytes(self) -> int | None:
        return None if self.size_mb is None else self.size_mb * 2**20

    def evict(self) -> None:
        self.ended = True


def test_a_program_waits_until_another_one_has_ended() -> None:
    budget, order = Budget(program_mb=100, total_mb=150), []

    def second() -> None:
        with budget.running():
            order.append("second")

    with budget.running():
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"] and budget.used_mb() == 0


def test_the_largest_session_is_ended_for_a_program_that_has_no_room() -> None:
    budget = Budget(program_mb=200, total_mb=600)
    small, large, last = Waits(10), Waits(120), Waits(60)
    for session in (small, large, last):
        budget.keep(session)
    assert budget.used_mb() == 3 * OVERHEAD_MB + 190
    with budget.running():
        assert not large.ended
    unknown = Waits(None)  # it counts as a whole program
    budget.keep(unknown)
    with budget.running():
        assert unknown.ended and not large.ended
        assert budget.used_mb() <= 600
    budget.keep(Waits(100))
    with budget.running():
        assert large.ended and not small.ended and not last.ended


def test_a_session_whose_block_runs_is_not_ended() -> None:
    budget, session = Budget(program_mb=100, total_mb=200), Waits(90)
    budget.keep(session)
    with budget.running(session), budget.running():
        assert not session.ended
    budget.keep(session)
    budget.forget(session)
    assert budget.used_mb() == 0


def test_a_total_without_room_for_one_program_is_refused() -> None:
    with pytest.raises(ValueError, match="total_memory_mb=100: one program may take 576"):
        Local(Limits(), total_mb=100)


def test_real_sessions_are_ended_and_say_so() -> None:
    sandbox = Local(Limits(seconds=10, memory_mb=256), allow_unsandboxed=True, total_mb=700)
    sessions = [sandbox.session() for _ in range(6)]
    for number, session in enumerate(sessions):
        size = 80 if number == 1 else 1
        assert session.run(f"a = {number}\nheap = bytearray({size} * 2**20)\na").stdout == f"{number}\n"
        assert sandbox.budget.used_mb() <= 700
    answers = [session.run("a") for session in sessions]
    kept = [answer.stdout for answer in answers if answer.kind == "ok"]
    lost = [answer for answer in answers if answer.kind != "ok"]
    assert len(kept) >= 3 and lost and "1\n" not in kept
    assert all(LOST in answer.stdout and "NameError" in (answer.error or "") for answer in lost)
    for session in sessions:
        session.close()
    assert sandbox.budget.used_mb() == 0
    sandbox.close()


def test_many_threads_share_a_small_total() -> None:
    sandbox = Local(Limits(seconds=10, memory_mb=256), allow_unsandboxed=True, total_mb=330)
    outputs: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: outputs.append(sandbox.run(f"print({n})").stdout)) for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    sandbox.close()
    assert sorted(map(int, outputs)) == list(range(12))


def test_a_containers_limit_is_its_machines_memory(tmp_path: Path) -> None:
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for text, expected in (("123456789\n", 123456789), ("max\n", machine), (str(2**63 - 4096), machine)):
        (tmp_path / "limit").write_text(text)
        assert machine_bytes([str(tmp_path / "none"), str(tmp_path / "limit")]) == expected
