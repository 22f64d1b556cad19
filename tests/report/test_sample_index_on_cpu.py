"""All samples of a run can be searched where the page is served."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from still_verl.report.read import read_runs
from still_verl.report.samples.index import SampleIndex
from still_verl.report.serve import make_server


def row(step: int, prompt: str, response: str, acc: float | None = 1.0, **more: Any) -> str:
    return (
        json.dumps({"step": step, "phase": "train", "prompt": prompt, "response": response, "acc": acc} | more) + "\n"
    )


@pytest.fixture
def index(tmp_path: Path) -> SampleIndex:
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "a": 1}\n')
    rows = [row(1, "2+2=", "so \\boxed{4}"), row(1, "2+2=", "It is FIVE", 0.0, truncated=True)]
    rows += [row(2, "2+2=", "4", None, domain="math"), row(2, "\ud800'; DROP TABLE samples; --", "<script>x</script>")]
    rows += [row(3, f"p{i}", "100% of_it") for i in range(25)]
    (tmp_path / "samples.jsonl").write_text("".join(rows))
    return SampleIndex((run, [2]) for run in read_runs([tmp_path]))


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 29),
        ({"query": "five"}, 1),
        ({"query": "FIVE"}, 1),
        ({"query": "100% of_it"}, 25),
        ({"query": "100_ of%it"}, 0),  # no wildcards
        ({"query": "'; drop table samples; --"}, 1),
        ({"query": "\ud800"}, 1),
        ({"step": "2"}, 2),
        ({"outcome": "null"}, 1),
        ({"outcome": "false"}, 1),
        ({"cut": "on"}, 1),
        ({"alarm": "on"}, 2),
        ({"source": "math", "step": "1"}, 0),
        ({"phase": "validation"}, 0),
    ],
)
def test_what_is_asked_for_is_found(index: SampleIndex, wanted: dict[str, str], count: int) -> None:
    assert index.find(wanted)["count"] == count
    assert index.find({})["count"] == 29


def test_pages_have_whole_groups_and_a_link_has_all_samples_of_its_prompt(index: SampleIndex) -> None:
    pages = [index.find({"page": str(page)}) for page in range(3)]
    assert [len(page["samples"]) for page in pages] in ([11, 10, 8], [10, 11, 8], [10, 10, 9]) and pages[0][
        "groups"
    ] == 28
    assert index.find({"page": "99"})["page"] == 2 and index.find({"page": "-4"})["page"] == 0
    (found,) = index.find({"query": "five"})["samples"]
    assert [s["response"] for s in index.find({"id": found["id"]})["samples"]] == ["so \\boxed{4}", "It is FIVE"]
    assert index.choices["step"] == [1, 2, 3] and index.choices["source"] == ["math"]


def test_a_page_that_is_no_number_is_refused(index: SampleIndex) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        index.find({"page": "x"})


def test_the_server_answers_searches_and_refuses_bad_ones(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    server = make_server([write_run(tmp_path / "run")], 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/samples?"
    try:
        with urllib.request.urlopen(address + urlencode({"query": "<script>", "page": 0})) as answer:
            found = json.load(answer)
            assert answer.headers["Content-Type"] == "application/json" and found["count"] > 0
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(address + urlencode({"step": "1; --"}))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
