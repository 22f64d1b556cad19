"""Reads the log of any run, whoever wrote it: the one reader that `diagnose`, `report` and `watch` share.

- `find.find_runs(path)`: the runs that a file or a folder holds, each once, as `format.Log` objects.
- `read.read_log(log)`: all numbers of a run by metric and step, and in words what was left out.
- `registries.FORMATS`: every format by its name. Each is a small module, with a class from `format`.
- `series.Series`: puts rows together: steps that repeat or go back, numbers that are text, NaN.
- `files`, `binary`, `sqlite`: what formats share: compressed files, framed records, data bases.
- `same_run`: whether two logs tell of the same run. `known`: which metrics mean something to the detectors.

To add a format of your own, write a `LogFormat` (or a `LineFormat`, if each line is a step) and give its dotted name:
`still-verl diagnose LOG --format my_package.MINE`. To add one to still_verl, name it in `registries.FORMATS`.
"""
