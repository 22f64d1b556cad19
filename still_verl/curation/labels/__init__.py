"""What a model says of problems that it has read: labels, which decide where rules about the wording are often wrong.

Whether a text says all that one needs without its picture, no rule can know. A model that reads it can. But asking is
slow and not exact, so it is a step of its own that writes a file, and a curation that reads the file stays fast and
exact: the same file gives the same set.

`rubric` is what the model is told, `replies` what its reply says, `label` the whole of it, in a folder that survives a
kill. `known` is the file, as a curation looks into it.

The command is `still-verl data label` (`still_verl/cli/data_label.py`).
"""
