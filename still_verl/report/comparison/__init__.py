"""Compares runs by design: which of them differ in what, and what that is worth.

`arms.group(runs)` puts runs into arms: those of an arm have the same settings and differ in their seeds. `verdicts.
compare_arms(arms)` compares each two of them on every source of held-out problems, by `still_verl.stats`, and
`sentences` says the result in one sentence. `bands` makes a mean and an interval of the curves of an arm. `parting`
finds where two runs part. `tables` has a row for each run.

A run without a recorded configuration is an arm of its own: nothing is guessed from its name.
"""
