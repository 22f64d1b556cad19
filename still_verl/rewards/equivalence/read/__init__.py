"""Finds the kinds of answer that a normalized text may be (`answer_types`).

The entry point is `interpret.interpret(text)`. It calls one reader after the other. Each reads one kind, and returns
nothing if the text is of another kind:
    `words`, `choices`          prose, "no solution", small numbers; the letters of a multiple choice
    `regions`                   intervals and inequalities
    `relations`                 orderings, equations, ratios, sums of unit vectors
    `enumeration`               plus-minus signs and dots, written out as several answers
    `declarations`              "for some constant c", removed before anything else is read
    `units`, `quantities`       formulas, and what is attached to a number; what one unit is in another

To add a kind: write a module with `read_KIND(text) -> Interpretations`, which returns () for any other text, and add it
at its place in `interpret`. Only that module interprets the parts of an answer, so that no two modules import each
other.
"""
