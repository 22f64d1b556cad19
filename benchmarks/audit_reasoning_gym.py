"""Which sets of reasoning-gym pay only for right answers: python benchmarks/audit_reasoning_gym.py [SET ...]

A set is safe if, by the reward `logic`, its own answer gets 1, also after a round trip through JSON; and if junk, the
question, an answer among others, answers to other problems and hostile texts get 0, raise nothing and take no time.
A set whose module evaluates text is never safe: what a model wrote would be run. Prints what each set fails at, and
exits with 1 if one of `still_verl.rewards.logic.SETS` is not safe.
"""

import inspect
import random
import re
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any

from reasoning_gym.factory import DATASETS, create_dataset

from still_verl.rewards.extract import extract
from still_verl.rewards.logic import SETS, ground_truth, is_solved, read_puzzle
from still_verl.rewards.presets import LOGIC

ENTRIES = 12  # of each set, from two seeds
SECONDS = 0.05  # for one answer
RUNS_TEXT = re.compile(r"\b(?:eval|exec|parse_expr|sympify|pickle|loads_unsafe|__import__)\b")
JUNK = (
    "", " ", "0", "1", "-1", ":", ".", "yes", "no", "True", "False", "None", "null", "nan", "inf", "[]", "{}", "()",
    "[[]]", '""', "''", "a", "A", "B", "x", "Thought process:", "Solution", "the answer", "I do not know", "[0]", "[1]",
    "0 0 0", "1, 2, 3", "{\"a\": 1}", "[null]", "[[1, 2], [3, 4]]", "_", "#", "?", "*", "\\", "%", "UNSAT", "-",
    "impossible",
)  # fmt: skip
HOSTILE = (
    "9" * 5000, "[" * 3000, "(" * 3000, "{" * 3000, "10**10**10", "1e999999", "-" * 3000, "\x00", "٣", "½", "1_000",
    "__import__('os')", "lambda: 0", "\ud7ff", "a" * 9000, "\n" * 3000, "1\n" * 3000, "NaN", "Infinity", "0x1f", "1/0",
    "[1, [2, [3]]]", '{"a": {"b": []}}', '[{"x": null}]', "🙂" * 500, "Move 1 from 1 to 1", "A->B", "3 = 4", ",,,",
    ";;",
)  # fmt: skip


def entries_of(name: str) -> list[dict[str, Any]]:
    """Make some entries of a set."""
    found = []
    for seed in (1, 1_000_003):
        dataset = create_dataset(name, size=ENTRIES // 2, seed=seed)
        found += [dataset[index] for index in range(ENTRIES // 2)]
    return found


def pays(answer: str, entry: dict[str, Any]) -> bool:
    """Say whether a response with an answer is paid, as in training.

    Raises:
        Exception: whatever the set raises.
        TimeoutError: it takes too long.
    """
    for _ in range(3):  # the machine may have been busy
        started = time.perf_counter()
        found = extract(f"<answer>{answer}</answer>", LOGIC.extractors)
        paid = is_solved(read_puzzle(ground_truth(entry), DATASETS), found.answer)
        seconds = time.perf_counter() - started
        if seconds < SECONDS:
            return paid
    raise TimeoutError(f"{seconds:.2f} s for {answer[:20]!r}")


def wrong_answers(entry: dict[str, Any], others: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield (kind, answer) of answers to a problem that are wrong, but for those that happen to be right."""
    right = str(entry["answer"])
    for junk in JUNK:
        yield "junk", junk
    for hostile in HOSTILE:
        yield "hostile", hostile
    yield "echo", str(entry["question"])
    yield "echo", str(entry["question"])[-200:]
    numbers = " ".join(map(str, range(100)))
    for buried in (f"{numbers} {right} or maybe 17", f"{right} or 17", f"17 or {right}", f"{right}\n{right[::-1]}x"):
        yield "buried", buried
    yield "doubled", right + right
    for other in others:
        yield "of another problem", str(other["answer"])


def fault_of(name: str) -> str:
    """Say what a set fails at; nothing if it is safe."""
    kind, _ = DATASETS[name]
    if RUNS_TEXT.search(inspect.getsource(inspect.getmodule(kind) or kind)):
        return "its module evaluates text"
    try:
        entries = entries_of(name)
        is_solved(read_puzzle(ground_truth(entries[0]), DATASETS), "0")  # what judges is made once, which takes time
    except Exception as error:  # whatever a set raises
        return f"cannot be made, written or asked: {type(error).__name__}: {error}"[:90]
    for entry in entries:
        others = random.Random(0).sample(entries, 4)
        try:
            if not pays(str(entry["answer"]), entry):
                return "its own answer is not paid"
            for what, answer in wrong_answers(entry, others):
                if _may_be_right(answer, entry, entries):
                    continue
                if pays(answer, entry):
                    return f"pays for {what}: {answer[:30]!r}"
        except Exception as error:  # whatever a set raises
            return f"{type(error).__name__}: {error}"[:90]
    return ""


def _may_be_right(answer: str, entry: dict[str, Any], entries: list[dict[str, Any]]) -> bool:
    """Whether an answer is the right one, or one that the set gives as the right one of another problem."""
    known = {str(other["answer"]).strip().lower() for other in entries}
    if answer.strip().lower() == str(entry["answer"]).strip().lower():
        return True
    return answer.strip().lower() in known and len(known) < len(entries)  # yes or no, or a few letters


def main(names: list[str]) -> int:
    """Audit some sets, or all."""
    warnings.simplefilter("ignore")
    safe = []
    for name in names or sorted(DATASETS):
        fault = fault_of(name)
        print(f"{name:30} {fault or 'safe'}", flush=True)
        if not fault:
            safe.append(name)
    print(f"\n{len(safe)} of {len(names or DATASETS)} are safe: {safe}")
    asked = names or list(SETS)
    wrong = [name for name in SETS if name in asked and name not in safe]
    print(f"allowed and not safe: {wrong or 'none'}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
