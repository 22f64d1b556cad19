"""What runs on the program's side, in the same interpreter as a model's program. Nothing here is trusted.

- `cells`: executes a block as a notebook does, and shows the value of its last line.
- `scripts`: executes a program as `python FILE` does, for a reward by tests.
- `calls` and `remote`: call a function of a program, for its arguments or for tests in another process; `values` is the
  plain data that they exchange.
- `errors`: describes how a block failed, in the words that the model reads.
- `commands`: answers `!pip install x`, `%timeit` and other lines that are no Python.
- `imports`: finds modules that the program itself has just written.

`exec_block` receives blocks and uses all of these. Its text and theirs are also sent to other machines, see
`fusion.protocol.program`, in the order of `fusion.protocol.MODULES`. So they import the standard library and each other
only, and do without anything that a fresh interpreter lacks.

To add something that notebooks offer: write it in `cells` or in a module of its own, and add that to `MODULES`.
"""
