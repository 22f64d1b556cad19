"""A thinking budget: thoughts are cut, and an answer is forced."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from echo_engine import Echo, asked, settings

from still_verl.config_errors import ConfigError
from still_verl.evaluation.engines.base import Deliver, Reply, Request
from still_verl.evaluation.engines.budget import ANSWER_TOKENS, CLOSE
from still_verl.evaluation.results import forced_lines
from still_verl.evaluation.rows import read_rows
from still_verl.evaluation.run import Finished, evaluate
from still_verl.evaluation.score import Scorer
from still_verl.evaluation.setup import make_run

BUDGET = 10
limits: list[int] = []


@pytest.fixture(autouse=True)
def _thinks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that thinks for ever about problem 0, and answers 1 when it must; it is cut answering problem 1."""

    def generate(self: Echo, requests: Iterable[Request], deliver: Deliver) -> None:
        for request in requests:
            text = request.prompt.text or ""
            limits.append(request.sampling.max_tokens)
            if text.endswith((CLOSE, "boxed{")):
                deliver(request, Reply("1}.", "stop", 3, 0.5))
            elif "0" in text:
                deliver(request, Reply("<think>hm", "length", BUDGET, 1.0))
            elif "1" in text:
                deliver(request, Reply(r"<think>so</think> \boxed{", "length", BUDGET, 1.0))
            else:
                deliver(request, Reply(r"<think>so</think> \boxed{1}", "stop", 8, 1.0))

    asked.clear()
    limits.clear()
    monkeypatch.setattr(Echo, "generate", generate)


def run(tmp_path: Path, budget: int = BUDGET, prompt: str = "raw") -> Finished:
    wanted = replace(settings(tmp_path, k=2), think_budget=budget, prompt=prompt)
    plan, engine, _ = make_run(wanted)
    return evaluate(plan, engine, Scorer())


def test_thoughts_that_are_cut_are_closed_and_an_answer_goes_on(tmp_path: Path) -> None:
    finished = run(tmp_path)
    rows = list(read_rows(tmp_path / "run" / "rows.jsonl"))
    assert [row.forced for row in rows] == [True, True, False, False, False, False]
    assert rows[0].response == f"<think>hm{CLOSE}1}}." and rows[0].tokens == BUDGET + 3
    assert all(row.correct for row in rows) and {row.prompt for row in rows} == {"problem 0", "problem 1", "problem 2"}
    assert rows[2].response == r"<think>so</think> \boxed{1}." and rows[2].tokens == BUDGET + 3
    assert sorted(limits) == 6 * [BUDGET] + 2 * [ANSWER_TOKENS] + 2 * [32_768 - BUDGET]
    assert forced_lines(finished.rows) == ["sums: 2 answers were forced, 2 of them right"]


def test_another_budget_is_another_run(tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(ConfigError, match="model.think_budget is 10 there and 20 here"):
        run(tmp_path, budget=20)


def test_a_chat_cannot_be_continued(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a chat cannot be continued"):
        run(tmp_path, prompt="chat")
