"""Counts of a response's programs: the errors that may be the sandbox's fault are counted apart."""

import pytest

from still_verl.interpreter import packages
from still_verl.interpreter.sandbox.base import Result
from still_verl.interpreter.tool_stats import ToolStats


@pytest.mark.parametrize(
    ("kind", "error", "missing", "refused"),
    [
        ("error", "  line 1, in <module>: import nope\nModuleNotFoundError: No module named 'nope'", 1, 0),
        ("error", "PermissionError: [Errno 13] Permission denied: '/x'\nPrograms can read installed packages.", 0, 1),
        ("error", "ValueError: no ModuleNotFoundError: at all", 0, 0),
        ("crash", "ModuleNotFoundError: said by a program that died", 0, 0),
        ("ok", None, 0, 0),
    ],
)
def test_errors_that_may_be_the_sandboxs_fault(kind: str, error: str | None, missing: int, refused: int) -> None:
    stats = ToolStats()
    stats.add(Result("", error, kind, 0.1, "full"), waited=0.0)
    assert (stats.missing_module, stats.not_permitted, stats.calls) == (missing, refused, 1)
    assert getattr(stats, kind) == 1


def test_packages_that_are_there_are_named_with_their_versions() -> None:
    found = packages.installed(["sympy", "no-such-package"])
    assert len(found) == 1 and found[0].startswith("sympy 1.")
    assert "numpy" in packages.sentence() and "no-such" not in packages.sentence()


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([{"role": "system", "content": "s"}, {"role": "user", "content": "u"}], ["s\n\nT", "u"]),
        ([{"role": "user", "content": "u"}], ["T\n\nu"]),
        ([{"role": "user", "content": [{"type": "image"}]}], [[{"type": "text", "text": "T"}, {"type": "image"}]]),
        ([], []),
    ],
)
def test_a_prompt_says_it_once_and_the_given_one_stays(messages: list, expected: list) -> None:
    before = [dict(message) for message in messages]
    assert [message["content"] for message in packages.announce(messages, "T")] == expected
    assert messages == before
