"""Computes the reward of a response. Nothing in this package imports verl, Ray or torch.

Entry points:
    `equivalence.verify.verify(gold, answer)`       whether two answers are equal, strictly or leniently
    `gold.read_gold(ground_truth)`                  the right answers of a row of data, in whatever form
    `extract.extract(response)`                     the final answer of a response
    `compose.score(response, ground_truth, preset)` the reward of a response; `score_sample` takes a `Sample`
    `offline`                                       runs a reward on a file of responses: `still-verl score`
The files of `reward_fns/` and the reward manager `still` call these.

A reward is a `presets.Preset`: a weighted sum of terms. A term is a function `(sample: Sample) -> float`; those of the
study are in `terms`, and what a term sees is in `sample`. `registries` has the short names of terms, presets and
extractors. You need not register your own: give its dotted name in the setting, see docs/extend.md.
"""
