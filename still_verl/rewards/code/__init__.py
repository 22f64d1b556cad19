"""Rewards code by tests: what a response's program does, compared outside of the process that runs it.

- `problem`: what is asked, in one form; `layouts` reads it from the data sets' forms, `decode` from JSON and compressed
  text, `assertions` from tests that are Python.
- `program`: the program in a response.
- `run`: runs a program against the tests of a problem, each in a fresh process of a sandbox (`sandboxes`); `scripts`
  is the Python that goes there. Right outputs never do.
- `text` and `objects`: whether what a program printed, and what its function returned, is right.
- `grade`: all of this for a response, with a cache; `judge` is its place in a reward.

Entry points: `grade.grade(response, ground_truth)`, and the term `tests` with the preset `code`.

To add a layout: write a function in `layouts` and name it there. A comparison of your own is a function `(expected,
found, tolerance) -> bool`; the data, or `still.reward.tests.comparison`, give its dotted name.
"""
