"""Reads the samples of a run, and chooses those that a page shows.

Entry point: `files.read_phase_samples(folder)` returns a `phase.PhaseSamples` for training and for validation. It reads
the samples that still_verl keeps and those that verl dumps, as a stream: memory does not grow with the files.

`kept` is one sample, made from a line of ours or of verl's. `phase` keeps the first and the last step, of which the
page shows the same problems, and the longest responses. `choice` keeps what can be searched on the page: all samples of
the prompts with the smallest hash, so that a problem can be followed from step to step. `lengths` counts how long all
responses are.
"""
