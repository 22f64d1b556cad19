"""`keywords.json`: what the monitor writes is read back, and what somebody broke is refused in one sentence."""

import json
import re
import time
from pathlib import Path

import pytest

from still_verl.monitor.keyword_file import MAX_BYTES, read_keywords, write_keywords
from still_verl.monitor.keywords import Keywords


def test_a_list_comes_back_as_it_was(tmp_path: Path) -> None:
    words = Keywords({"reflection": ["等等"], "planning": ["let me plan", "lone \udc80"]}).words
    for _ in range(2):  # a resumed run writes it again
        write_keywords(tmp_path / "run", words)
    assert read_keywords(tmp_path / "run") == {category: list(listed) for category, listed in words.items()}
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["keywords.json"]


def test_a_run_without_a_list_has_ours(tmp_path: Path) -> None:
    assert read_keywords(tmp_path) == Keywords().words
    log = tmp_path / "experiment.jsonl"
    log.touch()
    assert read_keywords(log) == Keywords().words


BROKEN = {
    "no JSON": '{"planning": ["let me',
    "a list": '["let me plan"]',
    "a number": "12",
    "numbers for words": '{"planning": [1, 2]}',
    "a word for a list": '{"planning": "let me plan"}',
    "no words": '{"planning": []}',
    "an empty word": '{"planning": [" - "]}',
    "HTML": '{"<img src=x onerror=alert(1)>": ["a"]}',
    "nested": "[" * 100_000,
    "a word of a megabyte": json.dumps({"planning": ["(a+)+$" * 10_000]}),
    "a huge file": json.dumps({"planning": ["word"] * (MAX_BYTES // 8)}),
    "no UTF-8": b'{"planning": ["\xff"]}',
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_list_is_refused_in_a_short_sentence(tmp_path: Path, broken: str | bytes) -> None:
    path = tmp_path / "keywords.json"
    path.write_bytes(broken.encode() if isinstance(broken, str) else broken)
    with pytest.raises(ValueError) as caught:
        read_keywords(tmp_path)
    message = str(caught.value)
    assert re.fullmatch(r"keywords\.json was skipped, and still_verl's own keywords are shown: .*\.", message)
    assert len(message) < 300


def test_the_largest_list_that_is_read_compiles_in_seconds_and_matches_in_linear_time(tmp_path: Path) -> None:
    """Words are text, whatever a regular expression would make of them; so are separators between hyphens."""
    hostile = ["(a+)+$", "[", "\\", "a" + " \u2010" * 90 + "b", "x-?*y"]
    hostile += [f"(word{number}|x*)*" for number in range(2_000)]
    (tmp_path / "keywords.json").write_text(json.dumps({"planning": hostile}))
    started = time.process_time()
    keywords = Keywords(read_keywords(tmp_path), lists=())
    assert keywords.count("(a+)+$ and a b")["planning"] == 2
    keywords.count("a" + " \u2010" * 30_000 + "(word7|x*)*" + "x" * 30_000)
    assert time.process_time() - started < 20
