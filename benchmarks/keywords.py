"""How long does it take to count the words of reasoning in the responses of a step?

    python benchmarks/keywords.py [--responses 4096] [--characters 16000]

Processor seconds of one core, on made-up responses: plain words with 3 % of keywords and look-alikes among them.
"""

import argparse
import random
import time

from rich.console import Console
from rich.table import Table

from still_verl.monitor.keywords import Keywords, split_words
from still_verl.monitor.repetition import novelty

PLAIN = (
    "the a of to and then we have that equation number plus minus equals is it therefore attribute distribute "
    "incorrect hence let us consider value sum product triangle angle degree first second "
    "result follows from this which can be"
).split()
KEYWORDS = ["Wait,", "However,", "verify", "double check", "but", "correct", "Alternatively", "adjust", "reflect"]
DISTINCT = 64  # responses that are made; the others repeat them


def response(characters: int, rng: random.Random) -> str:
    """Make a response of that many characters."""
    words: list[str] = []
    while sum(map(len, words)) + len(words) < characters:
        for _ in range(100):
            source = KEYWORDS if rng.random() < 0.03 else PLAIN
            words.append(rng.choice(source))
    return " ".join(words)[:characters]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--responses", type=int, default=4096)
    parser.add_argument("--characters", type=int, default=16_000)
    args = parser.parse_args()
    rng = random.Random(0)
    made = [response(args.characters, rng) for _ in range(min(DISTINCT, args.responses))]
    texts = [made[index % len(made)] for index in range(args.responses)]
    keywords = Keywords()
    table = Table(
        "work", "s", title=f"{args.responses} responses of {args.characters} characters", title_justify="left"
    )
    for name, work in (
        ("count keywords", keywords.count),
        ("count words", split_words),
        ("repetition, distinct-2", novelty),
    ):
        started = time.process_time()
        for text in texts:
            work(text)
        table.add_row(name, f"{time.process_time() - started:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
