"""Which rule compares which two kinds: (kind of the gold value, kind of the answer's).

`object` stands for any kind without a row for the two. Two kinds that no row meets are different.
"""

from still_verl.rewards.equivalence.answer_types import (
    Clock,
    Collection,
    Congruence,
    Equation,
    Formula,
    Interval,
    Matrix,
    Named,
    Ordering,
    Piecewise,
    Region,
    Words,
)
from still_verl.rewards.equivalence.compare import collections, congruences, formulas, regions, relations, words
from still_verl.rewards.equivalence.compare.comparison import Rules

RULES: Rules = {
    (Formula, Formula): formulas.same_formula,
    (Collection, Collection): collections.same_collection,
    (Collection, Formula): collections.collection_and_formula,
    (Formula, Collection): collections.formula_and_collection,
    (Matrix, Matrix): collections.same_matrix,
    (Matrix, Collection): collections.matrix_and_collection,
    (Collection, Matrix): collections.collection_and_matrix,
    (Region, Region): regions.same_region,
    (Region, Collection): regions.region_and_collection,
    (Collection, Region): regions.collection_and_region,
    (Region, Formula): regions.region_and_formula,
    (Formula, Region): regions.formula_and_region,
    (Interval, Interval): regions.same_interval,
    (Ordering, Ordering): relations.same_ordering,
    (Equation, Equation): relations.same_equation,
    (Equation, Formula): relations.equation_and_formula,
    (Formula, Equation): relations.formula_and_equation,
    (Named, Named): relations.same_named,
    (Named, Equation): relations.named_and_equation,
    (Equation, Named): relations.equation_and_named,
    (Named, object): relations.named_and_other,
    (object, Named): relations.other_and_named,
    (Congruence, Congruence): congruences.same_congruence,
    (Congruence, Formula): congruences.congruence_and_formula,
    (Formula, Congruence): congruences.formula_and_congruence,
    (Piecewise, Piecewise): collections.same_piecewise,
    (Clock, Clock): words.same_clock,
    (Words, Words): words.same_words,
    (Words, Formula): words.words_and_formula,
    (Formula, Words): words.formula_and_words,
}
