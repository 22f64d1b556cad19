"""The program that each job runs before it starts: it finds out that programs cannot import what is not loaded yet."""

import os
import sys
from pathlib import Path

import pytest
from as_user import closed_folder

from still_verl.interpreter.sandbox import self_test
from still_verl.interpreter.sandbox.base import Limits, Result
from still_verl.interpreter.sandbox.local.client import Local

NAMESPACES = ("user", "pid", "net", "mount")


def test_with_namespaces_programs_can_import_everything() -> None:
    sandbox = Local(Limits(seconds=10), allow_unsandboxed=True)
    assert self_test.fault(sandbox.run(self_test.PROGRAM)) == ""
    sandbox.close()


def test_a_user_who_cannot_read_python_is_noticed() -> None:
    sandbox = Local(Limits(seconds=10), absent=NAMESPACES)
    if not sandbox.mechanisms.landlock:
        pytest.skip("nothing runs here without namespaces")
    fault = self_test.fault(sandbox.run(self_test.PROGRAM))
    sandbox.close()
    closed = os.geteuid() == 0 and closed_folder(Path(sys.base_prefix)) is not None
    assert ("chmod o+x" in fault and "No module named" in fault) if closed else fault == ""


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (Result("41\n", None, "ok", 0.1, "full"), "it printed '41"),
        (Result("", "stopped after 1 seconds", "timeout", 1.0, "full"), "stopped after 1 seconds"),
        (Result("", "  line 2\nImportError: no _hashlib", "error", 0.1, "full"), "cannot import modules"),
    ],
)
def test_what_else_is_wrong_is_said_in_one_line(result: Result, says: str) -> None:
    fault = self_test.fault(result)
    assert says in fault and "\n" not in fault
