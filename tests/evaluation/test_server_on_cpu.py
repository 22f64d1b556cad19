"""The engine `openai` against a server that does everything wrong that servers do."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_server import PROBE, ScriptedServer, answer_to, choice

from still_verl.config_errors import ConfigError
from still_verl.evaluation.engines import openai_server
from still_verl.evaluation.engines.base import EngineError, EngineOptions
from still_verl.evaluation.results import fault_lines
from still_verl.evaluation.rows import read_rows
from still_verl.evaluation.run import Finished, evaluate
from still_verl.evaluation.score import Scorer
from still_verl.evaluation.setup import Settings, make_run

Fault = Callable[[str, int, int], str]


def write_problems(path: Path, count: int) -> Path:
    lines = [json.dumps({"problem": f"problem {number}", "answer": "1", "id": str(number)}) for number in range(count)]
    path.write_text("\n".join(lines) + "\n")
    return path


def settings(tmp_path: Path, url: str, problems: int = 4, k: int = 2, concurrency: int = 8, **more: object) -> Settings:
    file = write_problems(tmp_path / "sums.jsonl", problems)
    options = EngineOptions(url=url, concurrency=concurrency, attempts=3, timeout_s=20)
    return Settings([str(file)], tmp_path / "run", options=options, sampling={"k": k, "max_tokens": 50}, **more)  # type: ignore[arg-type]


def run(wanted: Settings) -> Finished:
    plan, engine, _ = make_run(wanted)
    return evaluate(plan, engine, Scorer())


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_server, "FIRST_WAIT_S", 0.001)


@contextmanager
def misbehaving(fault: Fault) -> Iterator[ScriptedServer]:
    """A server that answers what the engine asks before a run as it should."""
    with ScriptedServer(lambda *asked: "" if PROBE in asked[0] else fault(*asked)) as server:
        yield server


PASSING = ("429", "500", "503", "garbage", "no choices", "half", "hang up", "abort", "deep")


def test_two_thousand_samples_through_every_fault_that_passes(tmp_path: Path) -> None:
    """None lost, none twice, more than half of 64 at once, and never more than those."""
    together, calls = threading.Barrier(33), itertools.count()

    def fault(prompt: str, seed: int, attempt: int) -> str:
        if next(calls) < together.parties:
            together.wait(20)  # none of these is answered before all of them are there
        return PASSING[seed % len(PASSING)] if attempt == 1 and seed % 3 else ""

    with misbehaving(fault) as server:
        server.delay_s = 0.05
        finished = run(settings(tmp_path, server.url, problems=200, k=10, concurrency=64))
    samples = {key: count for key, count in server.answered.items()}
    assert len(samples) == 2000 and set(samples.values()) == {1}
    assert not together.broken and server.most <= 64
    rows = list(read_rows(tmp_path / "run" / "rows.jsonl"))
    assert [row.key for row in rows] == [("sums", str(n), k) for n in range(200) for k in range(10)]
    assert all(row.response == answer_to(row.prompt, row.seed or 0) for row in rows)
    assert len(finished.rows) == 2000 and not fault_lines(finished.rows)


FINAL = {
    "400": "the server answers 400: this is 400",
    "no content": "the reply has no content (finish_reason stop)",
    "content_filter": "the server ended the reply: finish_reason content_filter",
    "500": "the server answers 500: this is 500 (3 tries)",
    "abort": "the server ended the reply: finish_reason abort (3 tries)",
}


@pytest.mark.parametrize("fault, said", FINAL.items())
def test_a_sample_that_cannot_be_had_is_named_and_not_counted_as_wrong(fault: str, said: str, tmp_path: Path) -> None:
    with misbehaving(lambda prompt, seed, attempt: fault if prompt == "problem 1" else "") as server:
        finished = run(settings(tmp_path, server.url))
    faults = {row.key: row.fault for row in finished.rows if row.fault}
    assert faults == {("sums", "1", 0): said, ("sums", "1", 1): said}
    assert [row.correct for row in finished.rows if row.fault] == [None, None]
    assert fault_lines(finished.rows)[0].startswith("samples left out, ")


def test_one_problem_that_the_server_cannot_answer_does_not_end_the_run(tmp_path: Path) -> None:
    with misbehaving(lambda prompt, seed, attempt: "500" if prompt == "problem 0" else "") as server:
        finished = run(settings(tmp_path, server.url, problems=8, k=20, concurrency=4))
    assert sum(not row.fault for row in finished.rows) == 7 * 20


def test_the_next_run_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    with misbehaving(lambda prompt, seed, attempt: "400" if prompt == "problem 1" and attempt == 1 else "") as server:
        run(settings(tmp_path, server.url))
        assert sum(server.answered.values()) == 6
        finished = run(settings(tmp_path, server.url))
    assert set(server.answered.values()) == {1} and len(server.answered) == 8
    assert not fault_lines(finished.rows)


NOTED = {
    "lowered": "samples that the server cut before the asked max_tokens: 8",
    "thoughts": "replies with reasoning and no content, whose reasoning was read: 8",
}


@pytest.mark.parametrize("fault, said", NOTED.items())
def test_what_counts_and_should_be_known_is_said_with_its_number(fault: str, said: str, tmp_path: Path) -> None:
    with misbehaving(lambda prompt, seed, attempt: fault) as server:
        finished = run(settings(tmp_path, server.url))
    assert said in finished.notes
    assert all(row.pred for row in finished.rows)


def test_a_server_that_ignores_seed_or_n_is_found_by_asking(tmp_path: Path) -> None:
    with ScriptedServer(lambda prompt, seed, attempt: "any seed" if PROBE in prompt else "") as server:
        notes = run(settings(tmp_path, server.url)).notes
    assert [note.partition(":")[0] for note in notes] == [
        "the server ignores `seed`",
        "the server ignores `n`; nothing depends on it here, as each sample is asked for alone",
    ]


def test_a_server_that_is_gone_ends_the_run_with_the_first_cause(tmp_path: Path) -> None:
    with (
        misbehaving(lambda prompt, seed, attempt: "503") as server,
        pytest.raises(EngineError, match="16 samples in a row had no answer; the first cause: the server answers 503"),
    ):
        run(settings(tmp_path, server.url, problems=50))


def test_a_server_that_drips_is_not_waited_for(tmp_path: Path) -> None:
    with misbehaving(lambda prompt, seed, attempt: "drip" if attempt == 1 else "") as server:
        wanted = settings(tmp_path, server.url, problems=1)
        finished = run(replace(wanted, options=replace(wanted.options, timeout_s=0.5)))
    assert not fault_lines(finished.rows) and set(server.asked.values()) >= {2}


@pytest.mark.parametrize("status", ["401", "402", "404"])
def test_a_refusal_of_every_request_ends_the_run_at_once(status: str, tmp_path: Path) -> None:
    with (
        misbehaving(lambda prompt, seed, attempt: status) as server,
        pytest.raises(EngineError, match=f"the server answers {status}: this is {status}"),
    ):
        run(settings(tmp_path, server.url, problems=50))
    assert len(server.asked) < 20


def test_each_sample_has_its_own_seed_whatever_else_is_asked(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        run(settings(tmp_path, server.url, problems=3, k=2))
        few = {key for key in server.answered}
        (tmp_path / "more").mkdir()
        run(settings(tmp_path / "more", server.url, problems=6, k=5, concurrency=1))
    assert len(few) == 6 and len({seed for _, seed in few}) == 6
    assert few < set(server.answered) and len(server.answered) == 30


NOWHERE = {
    "localhost:8000": "http://HOST:PORT/v1",
    "http://127.0.0.1:9": "reached",
    "http://127.0.0.1:x": "no address",
    "http://127.0.0.1:99999": "no address",
    "http://xn--a.\u0301..com": "reached",
}


@pytest.mark.parametrize("url, said", NOWHERE.items())
def test_an_address_without_a_server(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        run(settings(tmp_path, url, engine="openai"))


def test_a_model_that_the_server_has_not(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        options = EngineOptions(model="scriptet", url=server.url)
        wanted = Settings([str(write_problems(tmp_path / "a.jsonl", 1))], tmp_path / "run", options=options)
        with pytest.raises(ConfigError, match="serves scripted; did you mean scripted"):
            run(wanted)


@pytest.mark.parametrize("style", ["chat", "raw"])
def test_what_a_server_is_asked(style: str, tmp_path: Path) -> None:
    with ScriptedServer() as server:
        run(settings(tmp_path, server.url, problems=1, k=1, prompt=style))
    body = server.bodies[-1]
    assert body["max_tokens"] == 50 and body["temperature"] == 0.6 and body["top_p"] == 0.95
    asked = {"chat": body.get("messages"), "raw": body.get("prompt")}
    assert asked[style] == {"chat": [{"role": "user", "content": "problem 0"}], "raw": "problem 0"}[style]


def test_a_list_of_models_that_drips_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_server, "MODELS_S", 0.3)
    with ScriptedServer(model="drip") as server, pytest.raises(ConfigError, match="cannot be reached"):
        run(settings(tmp_path, server.url))


def test_another_body_is_another_run(tmp_path: Path) -> None:
    """What the server is told beside our settings changes samples as they do."""
    with ScriptedServer() as server:
        wanted = settings(tmp_path, server.url)
        run(wanted)
        options = replace(wanted.options, extra={"reasoning_effort": "high"})
        with pytest.raises(ConfigError, match="model.body is null there and .*high"):
            run(replace(wanted, options=options))


def test_a_wait_has_a_limit_after_any_number_of_tries() -> None:
    assert openai_server._wait_s(10_000, None) <= openai_server.LONGEST_WAIT_S


def test_what_a_server_says_is_one_line_of_text(tmp_path: Path) -> None:
    finish = "a\nb\x1b[31m" + "y" * 5000
    with misbehaving(lambda prompt, seed, attempt: finish) as server:
        faults = {row.fault for row in run(settings(tmp_path, server.url)).rows}
    (fault,) = faults
    assert fault.isprintable() and len(fault) < 300 and "finish_reason a b [31m" in fault


def test_half_a_character_is_marked(tmp_path: Path) -> None:
    with misbehaving(lambda prompt, seed, attempt: "") as server:
        server.write = lambda body: choice("so \ud800 \\boxed{1}", body)
        run(settings(tmp_path, server.url))
    assert {row.response for row in read_rows(tmp_path / "run" / "rows.jsonl")} == {"so \ufffd \\boxed{1}"}
