"""What must hold for every gold and answer, over a corpus: no universal key, symmetry, transitivity, two readings.

A universal key is an answer that is paid for two golds which differ. The golds are in `DIFFERENT` of
benchmarks/verifier_corpus.py, the answers are those of the evaluation sets and attacks. `benchmarks/fuzz_verifier.py`
looks for more of them, for hours.
"""

import itertools
import json
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from still_verl.rewards.equivalence.compare.comparison import DIFFERENCES
from still_verl.rewards.equivalence.verify import in_caller, verify

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))
from verifier_corpus import DIFFERENT, hedges, texts  # noqa: E402

pytestmark = pytest.mark.process  # half a minute in all

LEAST_ANSWERS = 3_000
WITH_WORKERS = 250  # undecided pairs that workers decide too, drawn at random
READINGS = ("strict", "lenient")


@pytest.fixture(scope="module")
def answers(request: pytest.FixtureRequest) -> list[str]:
    """Attacks, and the texts of the evaluation sets where these are at hand."""
    found = dict.fromkeys([*DIFFERENT, *hedges()])
    folder = Path(__file__).resolve().parents[4] / "shared" / "data"
    if folder.is_dir():
        found.update(dict.fromkeys(texts(folder)[:2_600]))
        assert len(found) >= LEAST_ANSWERS
    return list(found)


@pytest.fixture(scope="module")
def decided(answers: list[str]) -> dict[tuple[str, str], bool | None]:
    """The truth about each gold of `DIFFERENT` and each answer, strictly, without workers."""
    found = {}
    for answer, gold in itertools.product(answers, DIFFERENT):  # each answer is read once
        found[gold, answer], _ = in_caller(gold, answer, "strict")
    return found


def universal_keys(paid: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    """The answers that are paid for more than one gold."""
    golds: dict[str, list[str]] = {}
    for gold, answer in paid:
        golds.setdefault(answer, []).append(gold)
    return {answer: found for answer, found in golds.items() if len(found) > 1}


def test_no_answer_is_paid_for_two_different_golds(decided: dict[tuple[str, str], bool | None]) -> None:
    keys = universal_keys(pair for pair, equal in decided.items() if equal)
    assert keys == {}, f"{len(keys)} universal keys"


def test_nor_by_a_worker(decided: dict[tuple[str, str], bool | None]) -> None:
    undecided = sorted(pair for pair, equal in decided.items() if equal is None)
    sample = random.Random(0).sample(undecided, min(WITH_WORKERS, len(undecided)))
    with ThreadPoolExecutor(6) as threads:
        verdicts = list(threads.map(lambda pair: verify(*pair), sample))
    paid = [pair for pair, equal in decided.items() if equal]
    paid += [pair for pair, verdict in zip(sample, verdicts, strict=True) if verdict]
    assert universal_keys(iter(paid)) == {}


def test_each_of_the_golds_equals_itself_and_no_other(decided: dict[tuple[str, str], bool | None]) -> None:
    for gold, answer in itertools.product(DIFFERENT, DIFFERENT):
        assert bool(decided[gold, answer]) is (gold == answer), (gold, answer)


@pytest.mark.parametrize("reading", READINGS)
def test_bare_symbols_and_letters_are_paid_for_themselves_alone(answers: list[str], reading: str) -> None:
    """Golds that a renaming or a choice could reach: what is paid for one must say that one."""
    symbols = [*"ABCDExyknt", r"\pi", "AC", "mn", "k+1", "a-b", "b-a"]
    paid = []
    for answer, gold in itertools.product(answers, symbols):
        if in_caller(gold, answer, reading)[0]:
            paid.append((gold, answer))
    assert universal_keys(iter(paid)) == {}


def near_pairs(answers: list[str]) -> list[tuple[str, str]]:
    """Pairs that are likely to be equal: those that share their digits and letters, in any order."""
    groups: dict[str, list[str]] = {}
    for answer in answers:
        letters = "".join(sorted(character for character in answer if character.isalnum()))
        groups.setdefault(letters, []).append(answer)
    found: list[tuple[str, str]] = []
    for group in groups.values():
        found += itertools.combinations(group[:12], 2)
    return found


def test_what_strict_accepts_lenient_accepts(answers: list[str]) -> None:
    for one, other in near_pairs(answers):
        if in_caller(one, other, "strict")[0]:
            assert in_caller(one, other, "lenient")[0] is not False, (one, other)


# An equation, a name or a unit may be left out of an answer and not added to it; a set has brackets that a list lacks.
ONE_WAY = ("=", r"\text", ",", r"\in", "cm", "%", r"^\circ", ":", "<", ">", r"\le", r"\ge", r"\begin", r"\infty", "\\{")


def is_mutual(text: str) -> bool:
    return not any(sign in text for sign in ONE_WAY)


def test_equality_of_formulas_is_symmetric(answers: list[str]) -> None:
    for one, other in near_pairs(answers):
        if is_mutual(one + other) and in_caller(one, other, "strict")[0]:
            assert in_caller(other, one, "strict")[0] is not False, (one, other)


def test_equality_of_formulas_is_transitive(answers: list[str]) -> None:
    """If two golds take the same answer, they do not differ, unless a decimal stands for both by being short."""
    takers: dict[str, list[str]] = {}
    for one, other in near_pairs([answer for answer in answers if is_mutual(answer) and "." not in answer]):
        if in_caller(one, other, "strict")[0]:
            takers.setdefault(other, []).append(one)
    for answer, golds in takers.items():
        for one, other in itertools.combinations(golds, 2):
            assert in_caller(one, other, "strict")[0] is not False, (answer, one, other)


def test_a_no_that_overrules_math_verify_has_a_reason(shared_data: Path) -> None:
    """Where math-verify says Yes and we No, the reason is one of `DIFFERENCES`, and few of these pairs are equal."""
    lost = []
    for line in (shared_data / "verify_reports.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["type"] != "pair" or row["arguable"] or not row["math_verify"]:
            continue
        equal, reason = in_caller(row["gold"] or "", row["answer"], "strict")
        if equal is False:
            assert reason in DIFFERENCES or reason == "choice", (row["gold"], row["answer"], reason)
            if row["equal"]:
                lost.append((row["gold"], row["answer"]))
    assert len(lost) <= 12, lost
