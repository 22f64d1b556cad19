"""How hard the problems of a training set are for one model: their pass rates, with the uncertainty of each.

A problem that a model always solves, or never, teaches it nothing, so that a set is cut to a band of pass rates. With 8
samples a problem much of such a cut is luck. Here each problem has a Beta posterior (`posterior`), and a decision is
made only where the posterior is sure of it (`sequential`). What stays open is called undecided.

The samples exist already (`samples`), or are drawn four at a time until the posterior is sure (`draw`). `training_set`
reads the set and says which sample belongs to which of its rows; `grade` is the whole of it, and writes the result.

The command is `still-verl data difficulty` (`still_verl/cli/data_difficulty.py`).
"""
