"""Decides whether two interpretations of answers are equal.

`table.RULES` has a rule for each two kinds that can be equal. Two kinds without a rule are different, unless a part of
them was not understood. A rule takes the comparison, the gold value and the answer's value. It returns True, False, or
None for "undecided". After None, another interpretation or math-verify in a worker may still decide. Equality is
symmetric, except that an answer may solve a gold equation.

`comparison.Comparison` applies the table. It is handed to every rule, so that a rule can compare parts without
importing the table: `compare.interpretations(gold_item, answer_item)`.

To add a rule: write a function in the module that fits, and add a row to the table.
"""
