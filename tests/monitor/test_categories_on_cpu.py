"""A category is refused by the name of its setting, wherever it was given."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from still_verl.config_errors import ConfigError
from still_verl.monitor.categories import check_category
from still_verl.monitor.keywords import Keywords


@pytest.mark.parametrize(
    ("category", "words", "message"),
    [
        ("actions", ["a"], "KEY has category 'actions': use lower-case letters, not 'actions'"),
        ("Planning/1", ["a"], "KEY has category 'Planning/1': use lower-case letters, not 'actions'"),
        (7, ["a"], "KEY has category 7: use lower-case letters, not 'actions'"),
        ("planning", "plan", "KEY.planning='plan': use a list of words"),
        ("planning", [], "KEY.planning=[]: use a list of words"),
        ("planning", {"plan": 1}, "KEY.planning={'plan': 1}: use a list of words"),
        ("planning", ["plan", True], "KEY.planning=['plan', True]: put True in quotes, as a word"),
        ("planning", ["\u2014"], "KEY.planning=['—']: remove the empty word"),
        ("planning", ["x" * 201], "use words of at most 200 characters"),
    ],
)
def test_what_is_no_category_is_refused_in_one_line(category: Any, words: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_category("KEY", category, words)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_list_of_a_users_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "their_words", SimpleNamespace(WORDS={"planning": "let me plan"}))
    with pytest.raises(
        ConfigError, match=r"still.monitor.lists='their_words.WORDS'.planning='let me plan': use a list"
    ):
        Keywords(lists=["still", "their_words.WORDS"])
