"""What is kept of many samples."""

import json
import random
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

from still_verl.report.samples.files import read_phase_samples


def lines(path: Path, *rows: dict[str, Any], torn: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + torn)


def row(step: int, prompt: str, acc: float, tokens: int = 5, **more: Any) -> dict[str, Any]:
    return {"step": step, "phase": "validation", "prompt": prompt, "response": "r", "acc": acc, "tokens": tokens} | more


def test_first_last_and_longest_are_found_across_rotated_files_in_any_order(tmp_path: Path) -> None:
    lines(tmp_path / "samples.jsonl", row(8, "a", 1), row(9, "a", 0, 70), torn='{"step": 10, "pro')
    lines(tmp_path / "samples.1.jsonl", row(1, "a", 0, 90), row(2, "b", 1, 80))
    samples = read_phase_samples(tmp_path)["validation"]
    assert (samples.first.step, samples.last.step) == (1, 9)
    assert [s.tokens for s in samples.by_length(False)] == [90, 70]
    assert [s.tokens for s in samples.by_length(True)] == [80, 5]
    assert samples.counts == {1: 1, 2: 1, 8: 1, 9: 1}


def test_a_pair_that_became_right_comes_before_one_that_did_not(tmp_path: Path) -> None:
    lines(tmp_path / "samples.jsonl", row(1, "a", 0), row(1, "b", 0), row(5, "a", 0), row(5, "b", 1))
    pairs = read_phase_samples(tmp_path)["validation"].pairs()
    assert [(a.prompt, a.step, b.step, b.correct) for a, b in pairs] == [("b", 1, 5, True), ("a", 1, 5, False)]


def test_a_dump_of_verl_adds_what_the_sample_file_lacks_and_its_right_answers(tmp_path: Path) -> None:
    ours = [
        row(10, "p", 1, gold=None),
        row(10, "p", 0, response="other", gold=None),
        row(3, "not dumped", 1, gold=None),
    ]
    lines(tmp_path / "samples.jsonl", *ours)
    dump = {"input": "p", "output": "r", "gts": 7, "score": 1.0, "step": 10}
    more = dump | {"input": "q", "gts": 8}
    # The same response twice: one is the sample that we kept.
    lines(tmp_path / "validation" / "10.jsonl", dump, dump, more)
    lines(tmp_path / "rollouts" / "10.jsonl", dump | {"score": -1.0})
    lines(tmp_path / "rollouts" / "2.jsonl", dump | {"step": 2, "score": 1.0})
    phases = read_phase_samples(tmp_path)
    validation = phases["validation"]
    assert validation.counts == {3: 1, 10: 4}
    found = [(s.prompt, s.response, s.gold) for s in validation.last.samples]
    assert found == [("p", "r", "7"), ("p", "other", "7"), ("p", "r", "7"), ("q", "r", "8")]
    assert [s.gold for s in validation.first.samples] == [""], "nothing has the right answer"
    (sample,) = phases["training"].last.pick(False)
    assert (sample.step, sample.gold, sample.correct, sample.tokens) == (10, "7", False, None)


def test_the_same_problem_is_found_first_and_last_in_large_dumps_of_any_order(tmp_path: Path) -> None:
    prompts = [f"problem {index}" for index in range(2000)]
    for step in (0, 50):
        random.Random(step).shuffle(prompts)
        dump = [{"input": p, "output": "r", "gts": p[8:], "score": step / 50, "step": step} for p in prompts]
        lines(tmp_path / "validation" / f"{step}.jsonl", *dump)
    pairs = read_phase_samples(tmp_path)["validation"].pairs(300)
    assert len(pairs) == 256 and all(a.prompt == b.prompt and a.gold == b.prompt[8:] for a, b in pairs)


def test_what_can_be_searched_is_whole_prompts_over_all_steps(tmp_path: Path) -> None:
    with (tmp_path / "samples.jsonl").open("w") as file:
        for step in range(10):
            for prompt in range(300):
                for rollout in range(2):
                    file.write(json.dumps(row(step, f"p{prompt}", rollout, response="x" * 500)) + "\n")
    chosen = read_phase_samples(tmp_path)["validation"].chosen
    by_prompt = Counter(sample.prompt for sample in chosen.samples)
    assert chosen.seen == 6000 and 80 < len(by_prompt) < 300
    assert len([prompt for prompt, count in by_prompt.items() if count != 20]) <= 1
    first = chosen.samples[0].prompt
    assert [s.step for s in chosen.samples if s.prompt == first] == sorted(2 * list(range(10)))
    chosen.narrow(20_000)
    assert first in {sample.prompt for sample in chosen.samples} and len(chosen.samples) < 30


def test_a_score_of_neither_kind_leaves_it_open_whether_a_response_is_right(tmp_path: Path) -> None:
    lines(tmp_path / "1.jsonl", {"step": 1, "input": "p", "output": "r", "score": None})
    assert [s.correct for s in read_phase_samples(tmp_path)["training"].last.pick(None)] == [None]


def test_what_else_a_row_says_is_shown_in_words_terms_of_zero_too(tmp_path: Path) -> None:
    lines(tmp_path / "samples.jsonl", row(1, "a", 0, truncated=True, dropped=True, terms={"correct": 0.0, "x": None}))
    (sample,) = read_phase_samples(tmp_path)["validation"].last.pick(False)
    assert sample.facts == ("cut at the limit", "not learned from", "correct 0")


def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    text = json.dumps(row(1, "p", 1, response="x" * 2000))
    with (tmp_path / "samples.jsonl").open("w") as file:
        for step in range(40):
            file.writelines(text.replace('"step": 1', f'"step": {step}') + "\n" for _ in range(300))
    tracemalloc.start()
    samples = read_phase_samples(tmp_path)["validation"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert samples.counts.total() == 12_000 and peak < 6e6, f"{peak / 1e6:.1f} MB for a file of 25 MB"
