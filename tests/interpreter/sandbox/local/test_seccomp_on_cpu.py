"""The filter of system calls: its bytes, and that it is refused rather than left incomplete."""

import hashlib
import sys

import pytest

from still_verl.interpreter.sandbox.local import seccomp, syscalls
from still_verl.interpreter.sandbox.local.tiers import Mechanisms, probe


@pytest.mark.parametrize(
    ("machine", "sha256"),
    [("x86_64", "9157360e691b"), ("aarch64", "acf5a45a0b06")],
)
def test_the_filter_is_the_one_whose_numbers_were_checked_by_hand(machine: str, sha256: str) -> None:
    assert hashlib.sha256(seccomp.program(machine, 1)).hexdigest().startswith(sha256)


def test_without_the_package_there_is_no_filter_and_no_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "system_calls", None)
    syscalls.numbers.cache_clear()
    seccomp.program.cache_clear()
    try:
        with pytest.raises(OSError, match="pip install system-calls"):
            seccomp.program("x86_64", 1)
        found = probe()
        assert found.tier == "none" and not found.seccomp
        assert found.missing()[0].endswith("(pip install system-calls)")
        assert Mechanisms.nothing() == found
    finally:
        syscalls.numbers.cache_clear()


def test_an_unknown_processor_has_no_filter() -> None:
    assert syscalls.numbers("m68k") == {}
    with pytest.raises(OSError, match="m68k"):
        seccomp.program("m68k", 1)


def test_a_package_that_does_not_know_a_call_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    seccomp.program.cache_clear()
    monkeypatch.setattr(seccomp, "DENIED", seccomp.DENIED | {"a_call_of_tomorrow"})
    with pytest.raises(OSError, match="does not know a_call_of_tomorrow"):
        seccomp.program("x86_64", 1)
    seccomp.program.cache_clear()
