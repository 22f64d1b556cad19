"""Our numbers beside those of inspect_ai, on one set of samples: python benchmarks/other_statistics.py PYTHON

PYTHON is the Python of an environment with inspect_ai (tried with 0.3.285), which needs other packages than verl:
`python -m venv other && other/bin/pip install inspect_ai`.
"""

import json
import random
import subprocess
import sys

from still_verl.stats.summary import summarise

PROBLEMS, K = 30, 16
KS = (1, 2, 4, 8, 16)

THEIRS = """
import json, sys
from inspect_ai.scorer import SampleScore, Score, mean, pass_at, pass_k, stderr
problems, ks = json.load(sys.stdin)
scores = []
for name, judged in problems.items():
    for right in judged:
        scores.append(SampleScore(score=Score(value=float(right)), sample_id=name, sample_metadata={"problem": name}))
found = {"avg": mean()(scores), "stderr": stderr(cluster="problem")(scores), "stderr of samples": stderr()(scores)}
for k in ks:
    for name, reducer in (("pass@", pass_at(k)), ("pass^", pass_k(k))):
        reduced = [reducer([Score(value=float(right)) for right in judged]).as_float() for judged in problems.values()]
        found[f"{name}{k}"] = sum(reduced) / len(reduced)
print(json.dumps(found))
"""


def main(python: str) -> None:
    draw = random.Random(21)
    problems = {}
    for number in range(PROBLEMS):
        rate = draw.betavariate(0.5, 0.8)
        problems[f"p{number}"] = [draw.random() < rate for _ in range(K)]
    given = json.dumps([problems, KS])
    done = subprocess.run([python, "-c", THEIRS], input=given, capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout)
    rows = [("b", name, right, None) for name, judged in problems.items() for right in judged]
    figures = summarise(rows)["b"]
    ours = {"avg": figures["avg"], "stderr": figures["stderr"]}
    for k in KS:
        ours |= {f"pass@{k}": figures["pass"][str(k)], f"pass^{k}": figures["pass_all"][str(k)]}
    for name, value in ours.items():
        print(f"{name:>8} {value:.12f} {theirs[name]:.12f} difference {abs(value - theirs[name]):.1e}")
    print(f"not clustered, inspect_ai's error would be {theirs['stderr of samples']:.4f}")


if __name__ == "__main__":
    main(sys.argv[1])
