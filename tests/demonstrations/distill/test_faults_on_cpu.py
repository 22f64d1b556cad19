"""A server that fails: what is asked again, what is dropped with a reason, and what is never paid for twice."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted_server import ScriptedServer
from scripted_teacher import asked, doubles, doubling, reply, rows

from still_verl.config_errors import ConfigError
from still_verl.demonstrations.distill.budget import Budget, Pace
from still_verl.demonstrations.distill.settings import DistillSettings
from still_verl.evaluation.engines.base import EngineError, EngineOptions

FAULTS = ("500", "429", "503", "garbage", "half", "hang up", "no choices", "length_of_gpu")


def test_two_thousand_requests_with_faults_finish(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every third request fails, in one of eight ways; a thousand problems with two requests each."""
    monkeypatch.setattr("still_verl.evaluation.engines.openai_server.FIRST_WAIT_S", 0.01)

    def fault(prompt: str, seed: int, attempt: int) -> str:
        chance = (seed * 31 + attempt * 7919) % 100
        return FAULTS[chance % len(FAULTS)] if chance < 30 else ""

    server.fault = fault
    wanted, found = run(doubling(tmp_path, 1000), concurrency=64, attempts=10)
    assert found.counts.kept == 1000 and not found.counts.rejected and not found.counts.missing
    assert len(server.asked) == len(server.answered) == 2000 and set(server.answered.values()) == {1}
    assert sum(server.asked.values()) > 2500
    assert wanted.budget.replies == 2000


def test_a_reply_that_hangs_is_given_up_and_asked_for_again(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    server.fault = lambda prompt, seed, attempt: "drip" if attempt == 1 else ""
    _, found = run(doubling(tmp_path, 2), timeout_s=0.5)
    assert found.counts.kept == 2 and set(server.asked.values()) == {2}


def test_a_reply_without_content_that_was_paid_for_is_not_asked_for_again(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    file = doubling(tmp_path, 3)
    server.write = lambda body: reply(body, None)
    _, found = run(file)
    assert dict(found.counts.rejected) == {"no_reply": 3} and sum(server.asked.values()) == 3
    assert rows(tmp_path / "run" / "rejected.jsonl")[0]["detail"] == "the reply has no content (finish_reason stop)"
    wanted, found = run(file)
    assert dict(found.counts.rejected) == {"no_reply": 3} and sum(server.asked.values()) == 3
    assert wanted.budget.asked == 30


def test_a_wrong_key_ends_the_run_and_the_next_one_goes_on(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    file = doubling(tmp_path, 12)
    server.fault = lambda prompt, seed, attempt: "401" if sum(server.answered.values()) >= 5 else ""
    with pytest.raises(EngineError, match="the server answers 401: this is 401"):
        run(file, concurrency=2)
    server.fault = lambda prompt, seed, attempt: ""
    wanted, found = run(file, concurrency=2)
    assert found.counts.kept == 12 and wanted.budget.replies == 24
    assert sum(server.answered.values()) <= 24 + 2


@pytest.mark.parametrize("limit", [{"token_budget": 150}, {"budget": 0.00015, "price_in": 1.0, "price_out": 1.0}])
def test_no_request_begins_when_the_budget_is_spent(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path, limit: dict[str, Any]
) -> None:
    """Each reply takes 15 tokens, so that ten are allowed, and those in flight."""
    file, server.delay_s = doubling(tmp_path, 30), 0.02
    wanted, found = run(file, concurrency=4, **limit)
    assert 10 <= len(server.bodies) <= 10 + 4 and wanted.budget.replies == len(server.bodies)
    assert "is spent" in wanted.paid.stopped and wanted.paid.stopped in found.notes
    assert found.counts.missing == 30 - found.counts.kept and not found.counts.rejected
    again, _ = run(file, concurrency=4, **limit)
    assert again.budget.replies == wanted.budget.replies == len(server.bodies)
    whole, found = run(file, concurrency=4)
    assert found.counts.kept == 30 and len(server.bodies) == whole.budget.replies == 60


def test_tokens_of_replies_that_are_of_no_use_count(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    def write(body: dict[str, Any]) -> dict[str, Any]:
        first = server.asked[asked_key(body)] == 1
        return reply(body, doubles(*asked(body)), "out of memory" if first else "stop")

    def asked_key(body: dict[str, Any]) -> tuple[str, int]:
        return body["messages"][-1]["content"], body["seed"]

    server.write = write
    wanted, found = run(doubling(tmp_path, 2))
    assert found.counts.kept == 2
    assert (wanted.budget.asked, wanted.budget.written) == (8 * 10, 8 * 5)
    assert run(doubling(tmp_path, 2))[0].budget.asked == 80


def test_replies_without_a_choice_count_where_the_server_says_what_they_took(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("still_verl.evaluation.engines.openai_server.FIRST_WAIT_S", 0.01)
    server.write = lambda body: reply(body, None) | {"choices": []}
    wanted, found = run(doubling(tmp_path, 2), concurrency=1, token_budget=40)
    assert (wanted.budget.asked, wanted.budget.written) == (30, 15) and "is spent" in wanted.paid.stopped


def test_half_a_character_in_a_program_or_text_ends_no_run(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    file = doubling(tmp_path, 2)
    server.write = lambda body: reply(body, "\ud800 " + doubles(*asked(body)).replace("print(", "print('\udfff', "))
    _, found = run(file)
    assert found.counts.kept == 2 and "\ud800" not in json.dumps(rows(tmp_path / "run" / "demonstrations.jsonl"))


DAMAGED = {
    "deep": lambda line: b"[" * 100_000,
    "half": lambda line: line[:40],
    "a text for tokens": lambda line: json.dumps(json.loads(line) | {"asked": "many"}).encode(),
    "a list for a name": lambda line: json.dumps(json.loads(line) | {"benchmark": ["x"]}).encode(),
    "a number for a text": lambda line: json.dumps(json.loads(line) | {"reply": {"text": 5}}).encode(),
    "nothing for a reply": lambda line: json.dumps(json.loads(line) | {"reply": {}}).encode(),
    "no token ids": lambda line: json.dumps(json.loads(line) | {"reply": {"token_ids": None}}).encode(),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_reply_is_said_and_asked_for_again_where_it_is_needed(
    damage: Callable[[bytes], bytes], run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    file = doubling(tmp_path, 2)
    run(file, concurrency=1)
    replies = tmp_path / "run" / "replies" / "journal.jsonl"
    first, *rest = replies.read_bytes().splitlines(keepends=True)
    replies.write_bytes(damage(first) + b"\n" + b"".join(rest))
    wanted, found = run(file)
    assert found.counts.kept == 2 and wanted.budget.replies == 3 and sum(server.answered.values()) == 4
    assert [note for note in found.notes if "replies/journal.jsonl, whose tokens no budget counts: 1" in note]
    (tmp_path / "run" / "journal.jsonl").write_text("")
    wanted, found = run(file)
    assert found.counts.kept == 2 and wanted.budget.replies == 4 and sum(server.answered.values()) == 5


def test_demonstrations_of_another_file_are_not_written_over(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    run(doubling(tmp_path, 2))
    there = (tmp_path / "run" / "demonstrations.jsonl").read_bytes()
    other = Path(doubling(tmp_path / "other", 3)).rename(tmp_path / "more.jsonl")
    with pytest.raises(ConfigError, match=r"--output .* has demonstrations of other PROBLEMS \(problems\)"):
        run(str(other))
    assert (tmp_path / "run" / "demonstrations.jsonl").read_bytes() == there


def test_a_budget_needs_a_server_that_counts(run: Callable[..., Any], server: ScriptedServer, tmp_path: Path) -> None:
    server.write = lambda body: {"choices": [{"message": {"content": "42"}, "finish_reason": "stop"}]}
    with pytest.raises(EngineError, match="does not say how many tokens a reply took"):
        run(doubling(tmp_path, 2), token_budget=1000)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"hints": "hints.txt"}, "--hints hints.txt: only --synthesis puts in hints"),
        ({"most_hints": 2}, "--most-hints 2: only --synthesis"),
        ({"max_row_tokens": 10}, "--max-row-tokens: a chat or text gives no token ids"),
        ({"messages_only": True}, "--messages-only: a chat or text"),
    ],
)
def test_a_setting_that_nothing_reads_is_refused(
    run: Callable[..., Any], tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        run(doubling(tmp_path, 1), **given)


def test_a_server_cannot_pay_a_budget_back(run: Callable[..., Any], server: ScriptedServer, tmp_path: Path) -> None:
    def write(body: dict[str, Any]) -> dict[str, Any]:
        return reply(body, doubles(*asked(body))) | {"usage": {"prompt_tokens": -100, "completion_tokens": 5}}

    server.write = write
    with pytest.raises(EngineError, match="does not say how many tokens a reply took"):
        run(doubling(tmp_path, 2), token_budget=1000)


def test_a_program_that_prints_something_else_each_time_is_paid_once_for_each_prompt(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    """The last part fails three times: each run prints another number and asks on behind it."""
    file = doubling(tmp_path, 1)
    server.fault = lambda prompt, seed, attempt: "500" if "output" in prompt else ""
    server.write = lambda body: reply(body, "```python\nimport time\nprint(time.time_ns())\n```\n")
    for _ in range(3):
        run(file, attempts=1)
    assert sum(server.answered.values()) == 1 and len(server.asked) == 4


def test_requests_are_sent_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def five() -> None:
        pace = Pace(Budget(), per_minute=60)
        for _ in range(5):
            await pace.wait()

    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(five())
    assert waited == [1.0, 2.0, 3.0, 4.0]


def test_tries_keep_the_pace_too(run: Callable[..., Any], server: ScriptedServer, tmp_path: Path) -> None:
    waits = 0

    class Counting(Pace):
        async def wait(self) -> None:
            nonlocal waits
            waits += 1

    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr("still_verl.demonstrations.distill.setup.Pace", Counting)
    server.fault = lambda prompt, seed, attempt: "500" if attempt == 1 else ""
    run(doubling(tmp_path, 1))
    monkeypatch.undo()
    assert waits == sum(server.asked.values()) == 4


def test_a_journal_of_ten_thousand_rows_is_read_and_nothing_is_asked(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    file = doubling(tmp_path, 1)
    run(file)
    first = {name: (tmp_path / "run" / name).read_bytes() for name in ("journal.jsonl", "replies/journal.jsonl")}
    file = doubling(tmp_path, 10_000)
    for name, content in first.items():
        with (tmp_path / "run" / name).open("wb") as journal:
            for number in range(10_000):
                for line in content.splitlines():
                    entry = json.loads(line) | {"problem": str(number)}
                    if "answer" in entry:
                        doubled = str(2 * (number + 1))
                        entry |= {"answer": doubled, "response": f"\\boxed{{{doubled}}}"}
                        entry |= {"prompt": entry["prompt"].replace("double 1", f"double {number + 1}")}
                    journal.write(json.dumps(entry).encode() + b"\n")
    there = len(server.bodies)
    wanted, found = run(file)
    assert len(server.bodies) == there and found.counts.kept == 10_000 and wanted.budget.replies == 20_000


REFUSED = {
    "user": ({"url": "http://me:secret@host/v1"}, "leave out user, password and query"),
    "query": ({"url": "http://host/v1?key=secret"}, "leave out user, password and query"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_address_with_a_secret_is_refused_without_showing_it(name: str, tmp_path: Path) -> None:
    given, said = REFUSED[name]
    with pytest.raises(ConfigError, match=said) as error:
        DistillSettings("problems.jsonl", tmp_path, options=EngineOptions(**given))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"samples": 0}, "--samples 0"),
        ({"keep": 0}, "--keep 0"),
        ({"rate": float("nan")}, "--rate nan"),
        ({"token_budget": -1}, "--token-budget -1"),
        ({"budget": 1.0}, "give --price-in and --price-out"),
        ({"budget": 1.0, "price_in": 0.0, "price_out": 0.0}, "both prices are 0"),
        ({"price_in": -1.0}, "--price-in -1"),
        ({"samples": 2, "sampling": {"temperature": 0}}, "--samples 2 with --temperature 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        DistillSettings("problems.jsonl", tmp_path, **given)
