"""Words as words, times as times."""

from still_verl.rewards.equivalence.answer_types import Clock, Formula, Words
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary
from still_verl.rewards.equivalence.read.words import plain_words, telling_words

HALF_DAY = 720  # minutes


def same_clock(compare: Comparison, gold: Clock, answer: Clock) -> Ternary:
    """Compare times; without "am" or "pm" on one side, by the face of the clock."""
    if gold.half and answer.half:
        same = gold.minutes == answer.minutes
    else:
        same = gold.minutes % HALF_DAY == answer.minutes % HALF_DAY
    return same or compare.refuse("values differ")


def same_words(compare: Comparison, gold: Words, answer: Words) -> Ternary:
    """Compare prose word by word, but for words that only say "all numbers"."""
    if _say_the_same(gold.text, answer.text):
        return True
    return compare.without_rule(gold, answer)


def words_and_formula(compare: Comparison, gold: Words, answer: Formula) -> Ternary:
    """Compare `‹no›` with `No`, whose letters may be a product."""
    if _say_the_same(gold.text, plain_words(answer.text)):
        return True
    return compare.without_rule(gold, answer)


def formula_and_words(compare: Comparison, gold: Formula, answer: Words) -> Ternary:
    """Compare `No` with `‹no›`."""
    return words_and_formula(compare, answer, gold)


def _say_the_same(left: str, right: str) -> bool:
    if left == right:
        return True
    said = telling_words(left)
    return said != "" and said == telling_words(right)
