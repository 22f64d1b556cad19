"""From a normalized text to the kinds of answer that it may be (`answer_types`).

The entry point is `interpret.interpret(text)`. It asks one reader after the other; each takes one kind, and gives
nothing when the text is not that:
    `words`, `choices`          prose, "no solution", counts, times; the letters of a multiple choice
    `regions`, `congruence`     intervals and inequalities; residues
    `relations`                 orderings, equations, ratios
    `enumeration`               both signs, dots and permutations, written out
    `declarations`              "for some constant c", taken off before anything else is read
    `units`                     formulas, with what is attached to them

To add a kind: a module with `read_KIND(text) -> Interpretations`, which returns () for any other text, and its place
in the order of `interpret`. Readers call `interpret` for their parts only from that module, so that no two import each
other.
"""
