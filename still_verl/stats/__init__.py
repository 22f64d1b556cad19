"""Computes numbers with error bars from samples that were judged: evaluation, report and validation use it.

Entry points: `summary.summarise(rows)` gives the figures of each benchmark, as `still-verl eval --json` prints them;
`compare.compare(first, second)` gives the paired comparison of two models, with a verdict in words;
`runs.compare_runs(first, second)` that of two ways to train, from what their runs reached by seed.

What they are made of: `problems` counts the samples of each problem. `passes` has pass@k and pass^k, `majority` the
vote of k samples: exact expectations over all subsets of k. `interval` has errors clustered by problem and intervals,
`paired` the difference of two models, with `sign_flips` for its p value, `equivalence` for the claim that there is
none, `power` for what could have been seen, and `holm` for several benchmarks.

Rates and differences are shares, 0 to 1, never percent. Nothing here imports verl, torch or another package of ours.
docs/evaluation.md says how many samples a question needs, `benchmarks/coverage.py` how often the intervals are right.
"""
