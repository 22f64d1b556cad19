"""Decides whether two answers are mathematically equal. The only entry point is `verify.verify(gold, answer)`.

Each of these steps runs only if the one before could not decide:
    `normalize`      writes LaTeX, Unicode and plain text in one notation; equal texts are equal answers
    `decide`         applies the rules, in the caller's process and in bounded time:
        `read/`      turns a text into the kinds of answer that it may be (`answer_types`)
        `compare/`   holds a rule for each two kinds that can be equal, in `compare/table.py`
    `pool`           asks a worker process, which runs `symbolic`: the rules with math-verify, then math-verify alone

`reading` names the two ways to compare: strict for training, lenient for evaluation. Both packages use modules for
formulas: `node` (the tree), `parse`, `evaluate`, `identity` (the same value everywhere) and `tolerance`.

To add a kind of answer: a class in `answer_types`, a reader that `read/interpret.py` calls, a rule, and a row of the
table. Begin with the pairs that it must accept and refuse, in `tests/rewards/equivalence/pairs/`.
"""
