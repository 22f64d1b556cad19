"""How fast `still-verl data curate` is, and how much memory it takes: python benchmarks/curate.py [ROWS] [WORKERS]

Makes synthetic rows of twelve templates with random numbers and words, among them copies, and curates them against
synthetic evaluations. Prints rows a second and the largest memory of this process and of any worker.
"""

import json
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from still_verl.curation.curate import curate
from still_verl.curation.settings import CurateSettings

TEMPLATES = [
    "{a} has {n} {b}s and buys {m} more. How many {b}s does {a} have, if {k} are given to each of {j} friends?",
    "Find the value of $x$ for which ${n}x+{m}={k}x-{j}$ holds, where $x$ is a real number.",
    "A {b} of {n} cm by {m} cm is cut into pieces of area ${k}$ square cm. Compute how many of the {j} pieces "
    "are left.",
    r"Let $f(x)=\frac{{{n}x+{m}}}{{x-{k}}}$. Determine $f({j})$ and write it as a fraction in lowest terms, {a}.",
    "What is the remainder when ${n}^{{{m}}}+{k}$ is divided by ${j}$? The {b} of {a} shows it.",
    "How many integers between {n} and {m}{k} are divisible by {j}, when {a} counts each {b} only once?",
    "The {b} travels {n} km in {m} hours, and {k} km in the next {j} hours. What is its average speed, as {a} sees it?",
    "In a triangle with sides ${n}$, ${m}$ and ${k}$ the altitude on the longest side is $h$. Find ${j}h$ for the {b}.",
    r"Compute $\sum_{{i=1}}^{{{n}}} ({m}i-{k})$ modulo ${j}$, which {a} wrote on the {b}.",
    "A bag holds {n} red and {m} blue {b}s. {a} draws {k} of them. What is the probability that {j} are red?",
    "The product of two numbers is {n} and their sum is {m}. What is the sum of their squares, plus {k}, times {j}?",
    r"If $\log_{{{n}}} y = {m}$ and $y^{{{k}}} = z$, what is $\log_{{{n}}} z + {j}$ for the {b} of {a}?",
]


def word(pick: random.Random) -> str:
    """Make a word up."""
    return "".join(pick.choice("bdfgklmnprst") + pick.choice("aeiou") for _ in range(pick.randint(2, 3)))


def rows(count: int, seed: int) -> list[str]:
    """Make lines of JSON."""
    pick = random.Random(seed)
    made = []
    for number in range(count):
        if made and pick.random() < 0.02:
            text = json.loads(pick.choice(made[-500:]))["problem"]
        else:
            numbers = {name: pick.randint(2, 999) for name in "nmkj"}
            text = pick.choice(TEMPLATES).format(a=word(pick).title(), b=word(pick), **numbers)
        made.append(json.dumps({"id": f"row-{seed}-{number}", "problem": text, "answer": str(hash_of(text) % 1000)}))
    return made


def hash_of(text: str) -> int:
    """Return the same number for the same text, in every process."""
    return sum(number * ord(letter) for number, letter in enumerate(text, 1))


def main(count: int, workers: int) -> None:
    """Measure one run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "rows.jsonl").open("w") as file:
            for start in range(0, count, 10_000):
                file.write("\n".join(rows(min(10_000, count - start), start)) + "\n")
        (folder / "eval.jsonl").write_text("\n".join(rows(2000, 10**9)) + "\n")
        settings = CurateSettings(
            inputs=(str(folder / "rows.jsonl"),),
            against=(str(folder / "eval.jsonl"),),
            output=folder / "out",
            workers=workers,
        )
        own_cpu = time.process_time()
        start_time = time.perf_counter()
        last = [0]

        def progress(done: int) -> None:
            last[0] += done
            if last[0] % 100_000 < done:
                print(f"{last[0]:,} rows, {time.perf_counter() - start_time:.0f} s", file=sys.stderr)

        result = curate(settings, progress)
        seconds = time.perf_counter() - start_time
    print(result.manifest["counts"], result.manifest["dropped"])
    print(f"{count / seconds:,.0f} rows a second with {workers} workers ({seconds:.0f} s)")
    cpu = time.process_time() - own_cpu + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    print(f"{1e6 * cpu / count:,.0f} microseconds of processor time a row, in all processes together")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest memory: {own:,.0f} MB here, {child:,.0f} MB in a worker")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, int(sys.argv[2]) if len(sys.argv) > 2 else 2)
