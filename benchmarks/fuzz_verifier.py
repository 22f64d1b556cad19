"""Look for universal keys, slow answers and crashes of the verifier, for hours, over as many sittings as it takes.

    python benchmarks/fuzz_verifier.py --hours 2 --log benchmarks/fuzz_verifier.jsonl

Every round has a seed of its own, and the log continues where the last sitting ended: one line for each round (seed,
pairs, seconds of processor time), one for each hit. A hit is

    key         an answer that is paid for two golds which differ from each other
    slow        a comparison that took the caller's thread more than `SLOW_S` of processor time
    lenient     an answer that the strict reading accepts and the lenient one refuses
    crash       an internal error

The golds of a key are golds that a data set may hold: known ones, and known ones with another number. Golds are not
hostile, so a key for a broken one opens nothing. The other hits count for every pair, also of two broken texts.

`--seed N` runs one round again and writes nothing.
"""

import argparse
import gc
import itertools
import json
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from verifier_corpus import DIFFERENT, changed, endless, hedges, renumbered, texts

from still_verl.rewards.equivalence.verify import in_caller, verify

ANSWERS = 100  # of a round
VARIANTS = 12  # of each sort of gold, for each answer
SLOW_S = 0.2  # ten times what a comparison may take
WITH_WORKERS = 25  # every so many answers one pair is decided with workers too
AROUND_LETTER = re.compile(r"\\(?:text|textbf|mathrm)|[^A-Za-z]")  # \text{(C)}.

Hit = dict[str, Any]


def truth(gold: str, answer: str, hits: list[Hit], reading: str = "strict") -> bool | None:
    """Decide one pair in this thread, and note when that is slow or fails."""
    started = time.thread_time()
    try:
        equal, _ = in_caller(gold, answer, reading)
    except Exception as error:
        hits.append({"hit": "crash", "gold": gold, "answer": answer, "error": f"{type(error).__name__}: {error}"})
        return None
    seconds = time.thread_time() - started
    if seconds > SLOW_S:
        hits.append({"hit": "slow", "gold": gold, "answer": answer, "seconds": round(seconds, 3)})
    return equal


def keys(answer: str, golds: list[str], hits: list[Hit]) -> int:
    """Note two golds that differ and for which the answer is paid; return the number of pairs."""
    paid = paid_golds(answer, golds, hits)
    for one, other in itertools.combinations(paid, 2):
        pairs = ((one, other), (other, one), (value(one), value(other)), (one, bare(other)), (other, bare(one)))
        if is_choice(one) == is_choice(other) and all(truth(left, right, hits) is False for left, right in pairs):
            hits.append({"hit": "key", "gold": one, "other": other, "answer": answer})
            break
    return len(golds) + len(paid) + len(paid) * (len(paid) - 1)


def value(gold: str) -> str:
    """Return a gold without its name, which an answer may leave out: 8 answers `K = 8` as well as `x = 8`."""
    return gold.rpartition("=")[2]


def bare(gold: str) -> str:
    r"""Return a gold without its percent sign: 5 answers `5\%`, and also `500\%`, which it is."""
    return gold.replace(r"\%", "").replace("%", "")


def is_choice(gold: str) -> bool:
    """Say whether a gold is the letter of a choice: `(C) 5` answers C and 5, and no question has both as golds."""
    letter = AROUND_LETTER.sub("", gold)
    return len(letter) == 1 and letter in ascii_uppercase


def paid_golds(answer: str, golds: list[str], hits: list[Hit]) -> list[str]:
    """Return the golds for which an answer is paid; note those for which the lenient reading does not pay it."""
    paid = [gold for gold in golds if truth(gold, answer, hits)]
    for gold in paid:
        if truth(gold, answer, hits, "lenient") is False:
            hits.append({"hit": "lenient", "gold": gold, "answer": answer})
    return paid


def golds_for(near: str, random_: random.Random) -> list[str]:
    """Return golds that a data set may hold: a known one, the same with other numbers, and some that differ."""
    others = [renumbered(random_, near) for _ in range(VARIANTS)]
    return list(dict.fromkeys([near, *others, *random_.sample(DIFFERENT, VARIANTS)]))


def run(seed: int, known: list[str]) -> tuple[int, list[Hit]]:
    """Return the pairs and the hits of one round."""
    random_ = random.Random(seed)
    hits: list[Hit] = []
    pairs = 0
    gc.collect()
    gc.disable()  # a collection of all that is cached is no answer's time
    for place, (answer, near) in enumerate(itertools.islice(endless(random_, known), ANSWERS)):
        answer = answer.strip() or "0"
        pairs += keys(answer, golds_for(near, random_), hits)
        broken = [answer, *(changed(random_, answer) for _ in range(VARIANTS))]
        pairs += len(broken) + len(paid_golds(answer, broken, hits))
        if place % WITH_WORKERS == 0:
            verdict = verify(random_.choice(DIFFERENT), answer)
            if "internal" in verdict.reason:
                hits.append({"hit": "crash", "answer": answer, "error": verdict.reason})
    gc.enable()
    return pairs, hits


def lines(log: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a log; a line that was cut is left out."""
    if not log.exists():
        return
    for line in log.read_text().splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue


def sit(hours: float, log: Path, known: list[str]) -> None:
    """Run rounds until so many hours of processor time have passed in this sitting."""
    in_caller("1", r"\sqrt{2}", "strict")  # what the first comparison of a process imports is no answer's time
    seed = 1 + max([line["seed"] for line in lines(log)], default=0)
    used = 0.0
    while used < 3600 * hours:
        started = time.process_time()
        pairs, hits = run(seed, known)
        seconds = time.process_time() - started
        used += seconds
        with log.open("a") as file:
            for hit in hits:
                file.write(json.dumps({"seed": seed, **hit}) + "\n")
            file.write(json.dumps({"seed": seed, "pairs": pairs, "seconds": round(seconds, 2)}) + "\n")
        for hit in hits:
            print(seed, hit, flush=True)
        seed += 1


def report(log: Path) -> None:
    """Print what a log holds, of all sittings."""
    rounds = [line for line in lines(log) if "pairs" in line]
    found = [line for line in lines(log) if "hit" in line]
    hours = sum(line["seconds"] for line in rounds) / 3600
    pairs = sum(line["pairs"] for line in rounds)
    last = max([line["seed"] for line in found], default=0)
    since = [line for line in rounds if line["seed"] > last]
    quiet = sum(line["seconds"] for line in since) / 3600
    print(f"{pairs:,} pairs in {hours:.2f} processor hours, {len(found)} hits")
    print(f"{sum(line['pairs'] for line in since):,} pairs in the {quiet:.2f} hours since the last hit")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=0.0, help="of processor time in this sitting; 0 only reports")
    parser.add_argument("--log", type=Path, default=Path("fuzz_verifier.jsonl"))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    options = parser.parse_args()
    known = [*hedges(), *DIFFERENT]
    if options.data.is_dir():
        known += texts(options.data)
    if options.seed is not None:
        print(run(options.seed, known))
        return
    sit(options.hours, options.log, known)
    report(options.log)


if __name__ == "__main__":
    main()
