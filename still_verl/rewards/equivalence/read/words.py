"""Answers in words: prose, "all real numbers", "no solution", spoken inequalities, times, counts."""

import re

from still_verl.rewards.equivalence.answer_types import EVERYTHING, NOTHING, Clock, Interpretations, Words

_MARKS = re.compile("[‹›]")
_PUNCTUATION = re.compile(r"[‹›\"'{},.;:!?$\\]")
_TELLING = re.compile(r"\d|\b(?:not|no|nor|never|neither|except|without|than|isn|one of|either|or|if|unless)\b")
_ARTICLES = re.compile(r"\b(?:the|a|an)\b")
_NOTHING = re.compile(
    r"no (?:such )?(?:real |integer |positive )*(?:solutions?|roots?|values?|numbers?|integers?|pairs?|triples?|"
    r"functions?|polynomials?|primes?)(?: exists?)?|no such [a-z]|none"
)
_NOTHING_MORE = re.compile(r"(?:there (?:is|are) )?(?:" + _NOTHING.pattern + r")|does not exist|dne|empty set|∅")
_EVERYTHING = re.compile(
    r"(?:[a-z] (?:is|can be|are) )?(?:all|any|every|set of all|set of) (?:possible )?reals?(?: numbers?| values?)?"
    r"(?: of)?(?: [a-z])?"
)
_PHRASES = (
    (re.compile(r"(?:is )?(?:greater|more|larger|bigger) than or equal to|(?:is )?at least|(?:is )?no less than"), "≥"),
    (
        re.compile(r"(?:is )?(?:less|smaller|fewer) than or equal to|(?:is )?at most|(?:is )?no (?:more|greater) than"),
        "≤",
    ),
    (re.compile(r"(?:is )?(?:strictly )?(?:greater|more|larger|bigger) than"), ">"),
    (re.compile(r"(?:is )?(?:strictly )?(?:less|smaller|fewer) than"), "<"),
    (re.compile(r"(?:is )?not equal to|except(?: for)?|other than"), "≠"),
)
_BETWEEN = re.compile(r"(?:is )?between (.+?) (?:and|∧) (.+?)(,? inclusive(?:ly)?)?$")
_SUBJECT = re.compile(
    r"^(?:(?:all|any|every)? ?(?:real )?(?:numbers?|values?|reals?)? ?(?:of )?(?:[a-z] )?)(?:that (?:is|are) )?"
)
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)\s*([ap])?\s*\.?\s*(?:m\b)?\.?", re.IGNORECASE)
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_PARTS = {"half": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4}


def _numerals() -> dict[str, str]:
    """The small numbers and fractions by their words: `21` for "twenty one", `2/3` for "two thirds"."""
    numerals = {}
    for value, word in enumerate(_SMALL):
        numerals[word] = str(value)
    for tens, word in enumerate(_TENS, 2):
        numerals[word] = str(10 * tens)
        for ones in range(1, 10):
            numerals[f"{word} {_SMALL[ones]}"] = str(10 * tens + ones)
    for part, whole in _PARTS.items():
        for count in range(1, whole):
            numerals[f"{_SMALL[count]} {part}"] = f"{count}/{whole}"
    return numerals


_NUMERALS = _numerals()
_TRUTHS = {"true": "yes", "false": "no"}
_QUANTIFIERS = frozenset("all any each every is are".split())
_FILLERS = _QUANTIFIERS | frozenset("of integer integers number numbers value values for".split())
_INTEGER_NAMES = frozenset("kmn")  # what integers are called, where something is said about all of them


def says_little(words: str) -> bool:
    """Say whether words may be left out beside an answer: they deny nothing, and hold no number of their own."""
    return _TELLING.search(words.lower()) is None


def plain_words(text: str) -> str:
    """Return the words of `text` in lower case, without marks, punctuation and articles."""
    text = text.replace("∧", " and ").replace("∨", " or ").lower()
    text = _PUNCTUATION.sub(" ", text).replace("-", " ")
    return " ".join(_ARTICLES.sub(" ", text).split())


def read_nothing(text: str) -> Interpretations:
    """Read "no solution", "none", "does not exist" as the empty set."""
    if _NOTHING_MORE.fullmatch(plain_words(text)):
        return (NOTHING,)
    return ()


def read_everything(text: str) -> Interpretations:
    """Read "all real numbers" as the set of reals."""
    if text == "ℝ" or _EVERYTHING.fullmatch(plain_words(text)):
        return (EVERYTHING,)
    return ()


def spoken_inequality(text: str) -> str:
    """Return "x is at least 2" as `x≥2`, "between 1 and 3" as `1<x<3`; empty when there is no such phrase."""
    spoken = " ".join(_MARKS.sub(" ", text.replace("∧", " and ")).split())
    lowered = spoken[:1].lower() + spoken[1:]
    subject = _SUBJECT.sub("", lowered)
    between = _BETWEEN.match(subject)
    if between:
        relation = "<"
        if between[3]:  # "inclusive"
            relation = "≤"
        return f"{between[1]}{relation}x{relation}{between[2]}"
    for phrase, relation in _PHRASES:
        found = phrase.match(subject)
        if found:
            return f"x{relation}{subject[found.end() :].strip()}"
    return ""


def read_clock(text: str) -> Interpretations:
    """Read `3:05 pm` as the time 15:05."""
    found = _CLOCK.fullmatch(_MARKS.sub("", text))
    if not found or int(found[1]) > 23:
        return ()
    # 12 am is midnight and 12 pm noon; without either the hour stays as it is written.
    hour, half = int(found[1]), (found[3] or "").lower()
    if half:
        hour %= 12
    if half == "p":
        hour += 12
    return (Clock(60 * hour + int(found[2]), half),)


def read_count(text: str) -> str:
    """Return "seven" as `7`, "two thirds" as `2/3`; empty when `text` is not a small number in words."""
    return _NUMERALS.get(plain_words(text), "")


def telling_words(words: str) -> str:
    """Return `words` without what only says "all numbers".

    Example:
        >>> telling_words("all odd integers"), telling_words("n is odd"), telling_words("true")
        ('odd', 'odd', 'yes')
    """
    found = words.split()
    fillers = _FILLERS
    if _QUANTIFIERS.intersection(found):
        fillers = _FILLERS | _INTEGER_NAMES
    said = " ".join(word for word in found if word not in fillers)
    return _TRUTHS.get(said, said)


def read_words(text: str) -> Interpretations:
    """Read prose, when there is any."""
    words = plain_words(text)
    if "‹" in text and words:
        return (Words(words),)
    return ()
