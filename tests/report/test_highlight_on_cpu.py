"""The marks of a text, by the keywords that its run counted."""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from still_verl.monitor.keyword_file import write_keywords
from still_verl.monitor.keywords import WORDS, Keywords
from still_verl.report.highlight import highlight
from still_verl.report.page import render
from still_verl.report.read import read_runs

TEXT = "Hmm, let me plan. However, wait."


def marks(text: str, words: Mapping[str, Sequence[str]] = WORDS) -> list[tuple[str, str, str]]:
    """(class, title, text) of each mark."""
    return re.findall(r'<mark class="(\w+)" title="(\w+)">(.*?)</mark>', str(highlight(text, words)), re.DOTALL)


def by_setting(monkeypatch: pytest.MonkeyPatch) -> Keywords:
    return Keywords({"planning": ["let me plan"]}, lists=["still"])


def by_list(monkeypatch: pytest.MonkeyPatch) -> Keywords:
    monkeypatch.setitem(sys.modules, "my_words", SimpleNamespace(WORDS={"planning": ("let me plan",)}))
    return Keywords(lists=["still", "my_words.WORDS"])


@pytest.mark.parametrize("keywords_of", [by_setting, by_list])
def test_a_category_of_a_users_is_marked(
    keywords_of: Callable[[pytest.MonkeyPatch], Keywords], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert marks(TEXT, keywords_of(monkeypatch).words) == [
        ("keyword", "planning", "let me plan"),
        ("reflection", "reflection", "However"),
        ("reflection", "reflection", "wait"),
    ]
    assert [title for _, title, _ in marks(TEXT)] == ["reflection", "reflection"]


def test_what_is_marked_is_what_is_counted() -> None:
    keywords = Keywords({"reflection": ["hmm", "on second thought"], "9": ["等等"], "tool": ["a-b"]}, lists=["still"])
    text = "Hmm! On\nsecond thought, 等等: A b; ab, attribute. Double-check\u2014wait"
    titles = [title for _, title, _ in marks(text, keywords.words)]
    counted = keywords.count(text)
    assert {name: titles.count(name) for name in keywords.categories} == {n: counted[n] for n in keywords.categories}
    assert counted["tool"] == 2 and counted["9"] == 1 and counted["reflection"] == 3


def test_no_category_takes_the_look_of_something_else_on_the_page() -> None:
    assert marks("a", {"tool": ["a"]}) == [("keyword", "tool", "a")] == marks("a", {"tool": ["a"]})
    assert marks("wait", {}) == []


def test_the_page_marks_what_the_run_counted(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    run = write_run(tmp_path / "run")
    write_keywords(run, Keywords({"planning": ["so"]}).words)
    page = render(read_runs([run]))
    assert '<mark class="keyword" title="planning">so</mark>' in page
    assert '<mark class="keyword">planning</mark>' in page, "it is in the key, too"
    assert re.search(r"mark \{[^}]*background: var\(--keyword\)", page) and "--keyword:" in page


@pytest.mark.parametrize(
    "broken",
    [
        "no json",
        "[1, 2]",
        json.dumps({"</style><script>alert(1)</script>": ["so"]}),
        json.dumps({"planning": ["</pre><script>alert(1)</script>", 7]}),
    ],
)
def test_a_broken_list_is_a_problem_of_the_run(tmp_path: Path, write_run: Callable[..., Path], broken: str) -> None:
    path = write_run(tmp_path / "run")
    (path / "keywords.json").write_text(broken)
    (run,) = read_runs([path])
    assert run.words is WORDS
    assert [problem for problem in run.problems if problem.startswith("keywords.json was skipped")]
    page = render([run])
    assert "keywords.json was skipped" in page and '<mark class="reflection" title="reflection">Wait</mark>' in page
    assert "<script>alert" not in page


def test_a_word_of_html_is_marked_as_text() -> None:
    found = str(highlight("an <img src=x> here", {"planning": ["<img src=x>"]}))
    assert found == 'an <mark class="keyword" title="planning">&lt;img src=x&gt;</mark> here'
