"""From conversations to rows for supervised training: token ids, and which of them are trained.

A model is trained on what it writes itself, never on what a user, a system prompt or a tool wrote. So a row says of
each token who wrote it, and what RL will see at that point is by construction what supervised training has seen.

`rows` is the contract of a row, and `masks` makes ids and mask of one: `messages` says what a message is as text,
`render` puts a conversation into pieces by `template`, `tokens` encodes them.

The package needs neither verl nor torch; the data set class for verl's trainer is in `integration/sft`.

The commands are `still-verl data show-mask` and `still-verl data distill` (`still_verl/cli/data.py`).
"""
