"""The monitor on steps that a test writes; the transfer queue alone is replaced, tests/e2e has it for real."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from still_verl.integration.callbacks.monitor import Monitor
from still_verl.monitor.alarms import ALARMS, DETECTORS, Alarm, Detector
from still_verl.monitor.jsonl import json_lines, read_samples
from still_verl.monitor.keyword_file import read_keywords
from still_verl.monitor.keywords import WORDS
from still_verl.monitor.rows import StepRows, Validation


class Letters:
    """A tokenizer: each token is a character."""

    def decode(self, ids: list[int], skip_special_tokens: bool = False) -> str:
        return "".join(map(chr, ids))

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        return list(map(ord, text))

    def batch_decode(self, batch: list[list[int]], skip_special_tokens: bool) -> list[str]:
        return [self.decode(ids) for ids in batch]


def step_rows(scores: list[float], words: int = 1) -> StepRows:
    n = len(scores)
    infos = [{"acc": score, "pred": "7", "reason": "same", "term_correct": score} for score in scores]
    ids = [[ord(c) for c in "Wait " * words + "7"]] * n
    extras = [{"finish_reason": "stop"}] * n
    keys = [f"k{i}" for i in range(n)]
    return StepRows(["p"] * n, np.array(scores), ["7"] * n, infos, extras, ids, keys, [False] * (n - 1) + [True])


def prompts_of(keys: list[str]) -> list[list[int]]:
    return [list(map(ord, key)) for key in keys]


class Run:
    """A monitor, and a trainer as far as it sees one."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        node = {"name": "test", "run_dir": str(folder), "monitor": settings}
        rollout = {"rollout": {"response_length": 10_000}}
        config = {"still": node, "trainer": {"save_freq": 4}, "actor_rollout_ref": rollout}
        self.monitor = Monitor(OmegaConf.create(config))
        self.saved: list[int] = []
        self.trainer: Any = SimpleNamespace(tokenizer=Letters(), global_steps=0, total_training_steps=99)
        self.trainer._save_checkpoint = lambda: self.saved.append(self.trainer.global_steps)
        self.trainer.samples = SimpleNamespace(rows=lambda batch: batch, prompts=prompts_of)
        self.monitor.on_init_end(self.trainer)

    def step(self, rows: StepRows) -> dict[str, float]:
        self.trainer.global_steps += 1
        metrics: dict[str, float] = {}
        self.monitor.on_update(self.trainer, metrics)
        self.monitor.on_metrics(self.trainer, rows, metrics)  # type: ignore[arg-type]
        return metrics


def test_a_step_gives_metrics_and_samples(tmp_path: Path) -> None:
    run = Run(tmp_path, samples=3)
    metrics = run.step(step_rows([0.0, 1.0, 0.0, 1.0, 1.0]))
    run.monitor.close()
    assert metrics["still/accuracy"] == metrics["still/reward/correct"] == 0.6
    assert metrics["still/keywords/reflection/per_response"] == 1
    assert {name for name in metrics if "alarm" in name} == {f"still/alarm/{name}" for name in ALARMS}
    assert read_samples(tmp_path)[2] == {
        "step": 1,
        "phase": "train",
        "uid": "p",
        "prompt": "k4",
        "response": "Wait 7",
        "gold": "7",
        "pred": "7",
        "reason": "same",
        "extracted_by": "",
        "score": 1.0,
        "acc": 1.0,
        "tokens": 6,
        "truncated": False,
        "dropped": True,
        "terms": {"correct": 1.0},
    }
    assert [row["prompt"] for row in read_samples(tmp_path)] == ["k0", "k2", "k4"]


def test_of_a_large_step_some_texts_are_read_whatever_the_order_of_the_batch(tmp_path: Path) -> None:
    """Every second response says "wait"; read by a fixed step, all of those that are read could be such."""
    run = Run(tmp_path, samples=0, texts=200)
    written = [[ord(c) for c in text] for text in ("Wait 7", "so 7")] * 200
    n = len(written)
    infos, extras = [{"acc": 1.0, "pred": "7"}] * n, [{"finish_reason": "stop"}] * n
    keys = [f"k{i}" for i in range(n)]
    rows = StepRows(keys, np.ones(n), ["7"] * n, infos, extras, [np.array(ids) for ids in written], keys, [False] * n)
    metrics = run.step(rows)
    run.monitor.close()
    assert metrics["still/texts_read"] == 200
    assert metrics["still/keywords/reflection/per_response"] == pytest.approx(0.5, abs=0.1)
    assert metrics["still/length/mean"] == 5


def test_a_kept_sample_whose_text_is_not_read_has_no_answer_from_a_program(tmp_path: Path) -> None:
    run = Run(tmp_path, samples=4, texts=1)
    ids = [ord(c) for c in "no \\boxed{3}"]
    extras = [{"finish_reason": "stop", "tool_spans": [[3, len(ids)]]}] * 4
    keys = [f"k{i}" for i in range(4)]
    run.step(StepRows(keys, np.zeros(4), ["3"] * 4, [{}] * 4, extras, [np.array(ids)] * 4, keys, [False] * 4))
    run.monitor.close()
    assert [row["pred"] for row in read_samples(tmp_path)] == [""] * 4


def test_a_validation_has_metrics_and_samples_of_its_own(tmp_path: Path) -> None:
    run = Run(tmp_path, samples=2)
    infos = {"reward": [1.0, 0.0], "acc": [1.0, 0.0], "tokens": [9.0, None], "pred": ["7", None]}
    metrics: dict[str, float] = {}
    validation = Validation(["a", "b"], ["2+5=", "3+4="], ["Wait 7", "no"], [1.0, 0.0], infos)
    run.monitor.on_validation(run.trainer, validation, metrics)
    run.monitor.close()
    assert metrics["still/validation/accuracy"] == metrics["still/validation/completion/answered"] == 0.5
    assert metrics["still/validation/samples"] == 2
    assert metrics["still/validation/length/mean"] == 5.5 and not any("alarm" in name for name in metrics)
    row, _ = read_samples(tmp_path)
    assert (row["phase"], row["step"], row["prompt"], row["gold"], row["tokens"]) == ("validation", 0, "2+5=", None, 9)


def test_no_samples_are_kept_if_none_are_wanted(tmp_path: Path) -> None:
    run = Run(tmp_path, samples=0)
    run.step(step_rows([0.0, 1.0]))
    run.monitor.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alarms.jsonl", "keywords.json", "versions.json"]


def test_an_alarm_ends_the_run_one_step_later_with_a_checkpoint(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(tmp_path, stop_on=["reward_hacking_length"])
    logged: dict[int, float] = {}
    while run.trainer.global_steps < run.trainer.total_training_steps:
        words = 20 + run.trainer.global_steps + 7 * run.trainer.global_steps % 5
        metrics = run.step(step_rows([0.0, 1.0, 0.0], words=words))
        logged[run.trainer.global_steps] = metrics["still/alarm/reward_hacking_length"]
    run.monitor.close()
    alarms = [row for row in json_lines(tmp_path / "alarms.jsonl") if row["name"] == "reward_hacking_length"]
    severities = [alarm["severity"] for alarm in alarms]
    assert (severities[0], severities[-1]) == ("info", "critical"), "a hint does not end a run"
    hint, critical = alarms[0]["step"], alarms[-1]["step"]
    assert (logged[hint], logged[critical]) == (0, 1), "a hint is in the log, and not in the metrics"
    assert run.saved == [critical + 1] == [run.trainer.global_steps]
    assert caplog.text.count("ALARM reward_hacking_length (critical)") == 1


@pytest.mark.parametrize("name", DETECTORS)
def test_every_alarm_can_end_a_run(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = Run(tmp_path, stop_on=[name])
    worst = DETECTORS.find(name).severity
    alarms = {2: Alarm(name, worst, 2, "it is so", "look")}
    if worst != "info":
        alarms[1] = Alarm(name, "info", 1, "it may be so", "look")
    monkeypatch.setattr(run.monitor.watch, "observe", lambda step, metrics: [alarms[step]] if step in alarms else [])
    while run.trainer.global_steps < min(run.trainer.total_training_steps, 9):
        run.step(step_rows([0.0, 1.0]))
    run.monitor.close()
    assert run.saved == [3] and run.trainer.global_steps == 3, "one step after it was at its worst"


def test_the_checkpoint_is_upstreams_if_it_is_due(tmp_path: Path) -> None:
    run = Run(tmp_path, stop_on=["constant_reward"])
    for _ in range(4):
        run.step(step_rows([0.0, 0.0]))
    assert run.trainer.total_training_steps == 4 and run.saved == []


def test_an_alarm_is_posted(tmp_path: Path) -> None:
    received: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    run = Run(tmp_path, webhook=f"http://127.0.0.1:{server.server_port}/x")
    for _ in range(8):
        run.step(step_rows([0.0, 0.0]))
    run.monitor.close()
    server.shutdown()
    server.server_close()
    assert [(message["name"], message["step"], message["run"]) for message in received] == [
        ("constant_reward", 3, "test")
    ]
    assert received[0]["text"].startswith("test: ALARM constant_reward (critical) at step 3: every response")


def test_a_webhook_that_nobody_answers_costs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = Run(tmp_path, webhook="http://127.0.0.1:9/")
    for _ in range(3):
        run.step(step_rows([0.0, 0.0]))
    run.monitor.close()
    assert "the monitor failed in post, the run goes on" in caplog.text
    assert [row["name"] for row in json_lines(tmp_path / "alarms.jsonl")] == ["constant_reward"]


def test_the_words_that_are_counted_are_in_the_run_folder(tmp_path: Path) -> None:
    for _ in range(2):  # the second is a resumed run
        run = Run(tmp_path, words={"planning": ["let me plan"]})
        metrics = run.step(step_rows([0.0, 1.0]))
        run.monitor.close()
        assert metrics["still/keywords/planning/per_response"] == 0
        words = read_keywords(tmp_path)
        assert words["planning"] == ["let me plan"] and [*words] == [*WORDS, "planning"]


def test_alarms_of_a_users_have_metrics_and_those_of_ours_are_missed_aloud(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = Detector("info", lambda window: True, {"still/reward/correct": ".1f"}, "a term was paid", "look")
    monkeypatch.setitem(sys.modules, "users_alarms", SimpleNamespace(MINE=mine))
    run = Run(tmp_path, alarms=["users_alarms.MINE"], stop_on=["users_alarms.MINE"])
    assert capsys.readouterr().out.count("leaves out still_verl's alarms: add `still`") == 1
    while run.trainer.global_steps < run.trainer.total_training_steps:
        metrics = run.step(step_rows([0.0, 1.0]))
    run.monitor.close()
    assert run.trainer.global_steps == 31 and metrics["still/alarm/MINE"] == 1
    assert {name for name in metrics if "alarm" in name} == {"still/alarm/MINE", "still/alarm/constant_reward"}
    Run(tmp_path, alarms=["still", "users_alarms.MINE"])
    assert "leaves" not in capsys.readouterr().out


def test_a_run_ends_at_a_validation_with_responses_that_could_not_be_scored(tmp_path: Path) -> None:
    run = Run(tmp_path)
    infos = {"reward_error": ["", "the term x returned None"]}
    with pytest.raises(RuntimeError, match="1 of 2 responses could not be scored: the term x returned None"):
        validation = Validation(["a", "b"], ["p", "q"], ["r", "s"], [1.0, 0.0], infos)
        run.monitor.on_validation(run.trainer, validation, {})
    run.monitor.close()


def test_metrics_of_domains_are_a_recount_of_the_samples(tmp_path: Path) -> None:
    rows = step_rows([1.0, 0.0, 1.0, 0.5])
    for info, domain in zip(rows.infos, ("math", "math", "code", "code"), strict=True):
        info["domain"] = domain
    run = Run(tmp_path, samples=99, stop_on=["constant_reward"])
    metrics = run.step(rows)
    validation = Validation(list("ab"), ["p"] * 2, ["x"] * 2, [1.0, 0.0], {"acc": [1.0, 0.0], "domain": ["math"] * 2})
    found: dict[str, float] = {}
    run.monitor.on_validation(run.trainer, validation, found)
    assert found["still/validation/domain/math/accuracy"] == found["still/validation/accuracy"] == 0.5
    run.monitor.close()
    kept = [sample for sample in read_samples(tmp_path) if sample["phase"] == "train"]
    for domain in ("math", "code"):
        own = [sample for sample in kept if sample["domain"] == domain]
        begin = f"still/domain/{domain}"
        assert metrics[f"{begin}/samples"] == len(own) == 2
        assert metrics[f"{begin}/accuracy"] == np.mean([sample["acc"] for sample in own])
        assert metrics[f"{begin}/score"] == np.mean([sample["score"] for sample in own])
        assert metrics[f"{begin}/length/mean"] == np.mean([sample["tokens"] for sample in own])
        assert metrics[f"{begin}/reward/correct"] == np.mean([sample["terms"]["correct"] for sample in own])


def test_an_alarm_of_one_domain_can_end_the_run(tmp_path: Path) -> None:
    run = Run(tmp_path, stop_on=["constant_reward"])
    for _ in range(3):
        rows = step_rows([1.0, 0.0, 0.0, 0.0])
        for info, domain in zip(rows.infos, ("math", "math", "code", "code"), strict=True):
            info["domain"] = domain
        metrics = run.step(rows)
    assert metrics["still/alarm/code/constant_reward"] == 1.0 and metrics["still/alarm/constant_reward"] == 0.0
    assert run.monitor.stopping
    run.monitor.close()
    (alarm,) = [row for row in json_lines(tmp_path / "alarms.jsonl") if row["name"] == "code/constant_reward"]
    assert alarm["evidence"].startswith("in the domain code: every response of the last 3 steps")
