"""Metrics of real responses against a second count in the plainest way, which shares no code with the first."""

import json
import re
import statistics
import unicodedata
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from still_verl.monitor.keywords import Keywords
from still_verl.monitor.metrics import step_metrics
from still_verl.monitor.rows import StepRows, with_finish_reasons

BUDGET, STOP = 900, 2
ODD = [
    "!" * 4000,
    r"\boxed{1}" * 500,
    "so we get 12, " * 40 + "so we",
    "等等，这不对。" * 9 + " wait",
    "答案是 7，所以 \\boxed{7}",
    "<think>one</think> two <think>three",
    "ответ: \\fbox {3} and\ufffd\x00\ufffd",
    "",
    "αβγ δ かな カナ",
    "0.3333333333333333333333333333333333",
]
MAKES_LOOPS = [ODD[0], ODD[1], ODD[2], ODD[-1]]

Sample = dict[str, Any]


@pytest.fixture(scope="module")
def samples(shared_data: Path) -> list[Sample]:
    """8 responses to each of 100 problems, and one group of odd ones; tokens are words."""
    lines = (shared_data / "responses_math_800.jsonl").read_text().splitlines()
    found = []
    for row in map(json.loads, lines):
        found.append({"uid": row["question"], "text": row["solution_str"], "acc": float(row["label"])})
    found += [{"uid": "odd", "text": text, "acc": float(number == 4)} for number, text in enumerate(ODD)]
    for number, sample in enumerate(found):
        sample["ids"] = [7] * len(sample["text"].split()) + [STOP] * (number % 9 > 0)
        sample["score"] = sample["acc"] - 0.25 * (number % 3)
    return found


@pytest.fixture(scope="module")
def metrics(samples: list[Sample]) -> dict[str, float]:
    scores = np.array([sample["score"] for sample in samples])
    infos = [{"acc": sample["acc"], "term_style": sample["score"] / 3} for sample in samples]
    uids, ids = [sample["uid"] for sample in samples], [sample["ids"] for sample in samples]
    rows = StepRows(uids, scores, [""] * len(samples), infos, [{}] * len(samples), ids)
    rows = with_finish_reasons(rows, BUDGET, lambda: frozenset({STOP}))
    return step_metrics(rows, [sample["text"] for sample in samples], Keywords())


def mean(values: Any) -> float:
    return statistics.fmean(list(values))


def repeated(pieces: Any, size: int) -> float:
    grams = [tuple(pieces[start : start + size]) for start in range(len(pieces) - size + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def pieces_of(text: str) -> list[str]:
    """Words; each character of kana and Han is one."""
    return re.findall(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\s\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+", text)


def loops(text: str) -> bool:
    """Try every period."""
    for period in range(1, len(text) // 3 + 1):
        end = text[-max(3 * period, 32) :]
        if len(end) >= 32 and end[period:] == end[:-period]:
            return True
    return False


OF_OWN_NAME = ("latin", "greek", "cyrillic", "arabic", "hangul")
FIRST_WORDS = {"CJK": "han", "HIRAGANA": "kana", "KATAKANA": "kana"}


def script(character: str) -> str | None:
    if character == "\ufffd" or (unicodedata.category(character) == "Cc" and character not in "\t\n\r"):
        return "broken"
    first = unicodedata.name(unicodedata.normalize("NFKC", character)[0], "?").replace("-", " ").split()[0]
    if not character.isalpha():
        return None
    return FIRST_WORDS.get(first, first.lower() if first.lower() in OF_OWN_NAME else "other")


def mixed(counts: Counter[str]) -> bool:
    counts = Counter(counts)
    counts["han"] += counts.pop("kana", 0)
    counts.pop("greek", 0)
    return sum(count >= 0.1 * counts.total() for count in counts.values() if count) > 1


def recount(samples: list[Sample]) -> dict[str, float]:
    texts = [sample["text"] for sample in samples]
    lengths = sorted(len(sample["ids"]) for sample in samples)
    encoded = [text.encode() for text in texts]
    scripts = [Counter(filter(None, map(script, text))) for text in texts]
    letters = sum(scripts, Counter())
    cut = [len(sample["ids"]) >= BUDGET and sample["ids"][-1:] != [STOP] for sample in samples]
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample["uid"], []).append(sample)
    members = list(groups.values())
    rewards = [[sample["score"] for sample in group] for group in members]
    pairs = [len(set(zip(p, p[1:], strict=False))) / (len(p) - 1) for p in map(pieces_of, texts) if len(p) > 1]
    found = {
        "length/mean": mean(lengths),
        "length/p50": statistics.median(lengths),
        "length/correct_mean": mean(len(sample["ids"]) for sample in samples if sample["acc"]),
        "length/wrong_mean": mean(len(sample["ids"]) for sample in samples if not sample["acc"]),
        "accuracy": mean(sample["acc"] for sample in samples),
        "completion/finished": 1 - mean(cut),
        "reward/style": mean(sample["score"] / 3 for sample in samples),
        "repetition": mean(repeated(pieces_of(text), 20) for text in texts),
        "distinct_2": mean(pairs),
        "repetition_characters": mean(repeated(text, 64) for text in texts),
        "loops": mean(map(loops, texts)),
        "compression": mean(len(zlib.compress(each)) / len(each) for each in encoded if len(each) >= 100),
        "boxes/mean": mean(len(re.findall(r"\\boxed\{|\\fbox \{", text)) for text in texts),
        "boxes/several": mean(len(re.findall(r"\\boxed\{|\\fbox \{", text)) > 1 for text in texts),
        "thoughts/unclosed": mean(text.split("</think>")[-1].count("<think>") > 0 for text in texts),
        "script/mixed": mean(mixed(counts) for counts in scripts if counts),
        "groups/all_right": mean(all(sample["acc"] for sample in group) for group in members),
        "groups/all_wrong": mean(not any(sample["acc"] for sample in group) for group in members),
        "groups/pass_at_n": mean(any(sample["acc"] for sample in group) for group in members),
        "groups/equal_reward": mean(min(each) == max(each) for each in rewards),
        "groups/effective_batch": sum(len(each) for each in rewards if min(each) < max(each)),
        "groups/reward_spread": mean(map(statistics.pstdev, rewards)),
        "groups/distinct": mean(len({str(sample["ids"]) for sample in group}) / len(group) for group in members),
    }
    for name in (*OF_OWN_NAME, "han", "kana", "other", "broken"):
        found[f"script/{name}"] = letters[name] / letters.total()
    return found


def test_every_metric_is_what_a_second_count_gives(samples: list[Sample], metrics: dict[str, float]) -> None:
    expected = {f"still/{name}": value for name, value in recount(samples).items()}
    for name, value in expected.items():
        assert metrics[name] == pytest.approx(value, abs=1e-9), name
    counted = ("still/length/p95", "still/completion/answered", "still/keywords/", "still/actions/")
    left = [name for name, value in metrics.items() if name not in expected and value and not name.startswith(counted)]
    assert left == [], "metrics that nobody counts again"


def test_keywords_are_what_splitting_into_words_gives(samples: list[Sample], metrics: dict[str, float]) -> None:
    words = {"confirm", "confirms", "confirmed", "confirming", "verify", "verifies", "verified", "verifying"}
    plain = Keywords({"own": sorted(words)}, lists=[])
    total = 0
    for sample in samples:
        total += sum(word in words for word in re.findall(r"[^\W_0-9]+", sample["text"].lower()))
    assert sum(plain.count(sample["text"])["own"] for sample in samples) == total > 20
    assert metrics["still/keywords/verification/per_response"] * len(samples) >= total


def test_what_the_odd_responses_are_seen_as(samples: list[Sample]) -> None:
    assert [text for text in ODD if loops(text)] == MAKES_LOOPS
    assert not any(loops(sample["text"]) for sample in samples[: -len(ODD)][::8])
