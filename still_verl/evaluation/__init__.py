"""Measures how good a model is, with honest numbers. Nothing in this package imports verl, Ray or torch.

A run asks a model k samples for each problem of one or more benchmarks, and keeps one row a sample:
    `benchmarks`        problems and right answers, found by name or in a file
    `protocols`         how samples are drawn: the study's settings, and those of a careful comparison
    `engines/`          who answers: vLLM in this process, an OpenAI-compatible server, an engine of your own
    `code`              the code interpreter, where the model runs programs in the middle of a response
    `run`               draws what is missing, and writes each sample at once to a journal that survives a kill
    `saved`             samples that exist already: a validation dump of verl's, or rows of any other tool
    `score`, `votes`    is a response right, and which answers are the same; a score never asks the model again
    `memorised`, `overlap`    has the model seen the problems? asks the model; looks into its training set
    `rows`              the row of a sample, as it is kept in files

The numbers are computed in `still_verl.stats`. To add an engine or a protocol, see `registries`.
"""
