"""From raw problems to a training set that can be trusted.

A row of the input becomes exactly one of three: kept, dropped by a named filter with a reason, or rejected because it
cannot be read. Everything that was decided is written down, so that a set can be made again, explained and compared.

The package needs neither verl nor torch.

The command is `still-verl data curate` (`still_verl/cli/data.py`).
"""
