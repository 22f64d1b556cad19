"""What a model is asked in RL: the prompts of a data set, token by token as verl makes them, and what is odd in them.

verl hands the messages of a row to `tokenizer.apply_chat_template` with `add_generation_prompt`, in its agent loops and
where it counts lengths. So does this package, and a test compares it with verl's own code.

`rows` reads the prompts of a file, `render` makes text and tokens of one, `pieces` says which role each part of the
text has, `faults` and `instructions` find what is there twice or not at all, `preview` puts it together.

The package needs neither verl nor torch, and transformers only for a tokenizer. The command is
`still-verl data preview` (`still_verl/cli/data_preview.py`).
"""
