"""Whether two interpretations of answers are equal.

`table.RULES` has a rule for each two kinds that can be equal; kinds without one differ, unless a part of them was not
understood. A rule takes the comparison, the gold value and the answer's, and says True, False, or None for "cannot
tell". None only survives where another interpretation, or math-verify in a worker, may still know. Equality is
symmetric except where an answer solves a gold equation.

`comparison.Comparison` applies the table. It is handed to every rule, so that a rule can compare parts without
importing the table: `compare.interpretations(gold_item, answer_item)`.

To add a rule: a function beside its relatives, and a row of the table.
"""
