"""Which rule compares which two kinds: (kind of the gold value, kind of the answer's).

`object` stands for any kind without a row for the two. Two kinds that no row meets are different.
"""

from still_verl.rewards.equivalence.answer_types import Collection, Equation, Formula, Named, Region, Relation, Words
from still_verl.rewards.equivalence.compare import collections, formulas, relations
from still_verl.rewards.equivalence.compare.comparison import Rules

RULES: Rules = {
    (Formula, Formula): formulas.same_formula,
    (Collection, Collection): collections.same_collection,
    (Region, Region): relations.same_region,
    (Relation, Relation): relations.same_relation,
    (Equation, Equation): relations.same_equation,
    (Equation, Formula): relations.equation_and_formula,
    (Named, Named): relations.same_named,
    (Named, Equation): relations.named_and_equation,
    (Equation, Named): relations.equation_and_named,
    (Named, object): relations.named_and_other,
    (object, Named): relations.other_and_named,
    (Words, Words): formulas.same_words,
}
