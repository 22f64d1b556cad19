"""The graders that `rewards.py` compares, and the pairs that they grade."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

GRADERS = [
    "still_verl",
    "math_verify in process",
    "verl math_verify",
    "verl math_reward",
    "verl math_dapo",
    "verl prime_math",
]
MAIN_THREAD_ONLY = {"math_verify in process"}  # its timeouts are signals

Grade = Callable[[str, str], bool]
Pair = tuple[str, str, bool]  # the gold answer, a response, and whether it is right


def grader(name: str) -> Grade:
    """Return the function (gold, response with a box) -> right or not of a grader."""
    if name == "still_verl":
        from still_verl.rewards.boxes import last_boxed
        from still_verl.rewards.equivalence.verify import verify

        return lambda gold, response: verify(gold, last_boxed(response)).equal
    if name == "math_verify in process":
        import math_verify

        return lambda gold, response: math_verify.verify(
            math_verify.parse(f"\\boxed{{{gold}}}"), math_verify.parse(response)
        )
    if name == "verl math_verify":
        from verl.utils.reward_score import math_verify as pooled

        return lambda gold, response: pooled.compute_score(response, gold) > 0
    if name == "verl math_reward":
        from verl.utils.reward_score import math_reward

        return lambda gold, response: math_reward.compute_score(response, gold) > 0
    if name == "verl math_dapo":
        from verl.utils.reward_score import math_dapo

        return lambda gold, response: bool(math_dapo.compute_score(response, gold, strict_box_verify=True)["acc"])
    from verl.utils.reward_score import prime_math

    return lambda gold, response: bool(prime_math.compute_score(response, gold)[0])


def rows(data: Path, name: str) -> list[dict[str, Any]]:
    """Read a file of the evaluation sets."""
    return [json.loads(line) for line in (data / name).read_text().splitlines()]


def hard_pairs(data: Path) -> list[Pair]:
    """Return the pairs of HardVerify-Math, each answer in a box."""
    pairs = []
    for row in rows(data, "verify_hard_125.jsonl"):
        gold = row["ground_truth"].strip().strip("$")
        for kind in ("equivalent", "not_equivalent"):
            answer = row[kind].strip().strip("$")
            pairs.append((gold, f"\\boxed{{{answer}}}", kind == "equivalent"))
    return pairs


def responses(data: Path) -> list[Pair]:
    """Return 800 real responses, with the label of another grader."""
    pairs = []
    for row in rows(data, "responses_math_800.jsonl"):
        pairs.append((row["ground_truth"], row["solution_str"], row["label"]))
    return pairs


def groups(data: Path) -> list[Pair]:
    """Return 16 samples of 40 hard problems, as in a GRPO step: ten right, four wrong, two without a box."""
    pairs = hard_pairs(data)[:80]
    made = []
    for right, wrong in zip(pairs[::2], pairs[1::2], strict=True):
        without_box = (right[0], "no box", False)
        made += [right] * 10 + [wrong] * 4 + [without_box] * 2
    random.Random(0).shuffle(made)
    return made


def forget(name: str) -> None:
    """Empty our caches of verdicts, texts and interpretations, so that a set is measured cold."""
    if name != "still_verl":
        return
    from still_verl.rewards.equivalence import normalize, parse, verify
    from still_verl.rewards.equivalence.read import interpret

    verify.forget()
    for cached in (parse.parse, interpret.interpret, normalize.normalize, normalize.compact):
        cached.cache_clear()
