"""Answers in words: prose, "all real numbers", "no solution", spoken inequalities, times, choices, counts."""

import re

from still_verl.rewards.equivalence.answer_types import EVERYTHING, NOTHING, Clock, Readings, Words

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
_LETTER = re.compile(r"\(?\s*‹?\s*\(?\s*([A-J])\s*\)?\s*›?\s*\)?")
_LETTERS = re.compile(r"[(‹\s]*[A-J](?:[\s,;∧()‹›]*[A-J])*[)›\s]*")
_LABELLED = re.compile(r"(?:‹\(([A-J])\)›|\(([A-J])\))[\s.:]*([^\s.:^_+*/=,∧∨-].*)", re.DOTALL)
_CHOICE = re.compile(r"(?:‹(?i:option|choice|answer)›\s*)?[(‹]*\s*([A-J])\s*(?:[)›.:](?![_^]).*)?", re.DOTALL)
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_PARTS = {"half": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4}
_COUNTS = (
    {word: str(count) for count, word in enumerate(_SMALL)}
    | {ten: str(10 * count) for count, ten in enumerate(_TENS, 2)}
    | {f"{ten} {_SMALL[one]}": str(10 * count + one) for count, ten in enumerate(_TENS, 2) for one in range(1, 10)}
    | {f"{_SMALL[count]} {part}": f"{count}/{whole}" for part, whole in _PARTS.items() for count in range(1, whole)}
)
_TRUTHS = {"true": "yes", "false": "no"}
_QUANTIFIERS = frozenset("all any each every is are".split())
_FILLERS = _QUANTIFIERS | frozenset("of integer integers number numbers value values for".split())
_INTEGERS = frozenset("kmn")  # what integers are called, where something is said about all of them


def plain(text: str) -> str:
    """The words of `text` in lower case, without marks, punctuation and articles."""
    text = re.sub(r"[‹›\"'{},.;:!?$\\]", " ", text.replace("∧", " and ").replace("∨", " or ").lower())
    return " ".join(_ARTICLES.sub(" ", text.replace("-", " ")).split())


def read_nothing(text: str) -> Readings:
    """ "No solution", "none", "does not exist"."""
    return (NOTHING,) if _NOTHING_MORE.fullmatch(plain(text)) else ()


def read_everything(text: str) -> Readings:
    """ "All real numbers"."""
    return (EVERYTHING,) if text == "ℝ" or _EVERYTHING.fullmatch(plain(text)) else ()


def spoken_inequality(text: str) -> str:
    """ "x is at least 2" as `x≥2`, "between 1 and 3" as `1<x<3`; empty when there is no such phrase."""
    spoken = " ".join(re.sub(r"[‹›]", " ", text.replace("∧", " and ")).split())
    lowered = spoken[:1].lower() + spoken[1:]
    subject = _SUBJECT.sub("", lowered)
    if between := _BETWEEN.match(subject):
        relation = "≤" if between[3] else "<"
        return f"{between[1]}{relation}x{relation}{between[2]}"
    for phrase, relation in _PHRASES:
        if found := phrase.match(subject):
            return f"x{relation}{subject[found.end() :].strip()}"
    return ""


def read_clock(text: str) -> Readings:
    """`3:05 pm` as 15:05."""
    found = _CLOCK.fullmatch(re.sub(r"[‹›]", "", text))
    if not found or int(found[1]) > 23:
        return ()
    half = (found[3] or "").lower()
    hour = int(found[1]) % 12 + (12 if half == "p" else 0) if half else int(found[1])
    return (Clock(60 * hour + int(found[2]), half),)


def read_count(text: str) -> str:
    """ "seven" as `7`, "two thirds" as `2/3`; empty when `text` is not a small number in words."""
    return _COUNTS.get(plain(text), "")


def telling(words: str) -> str:
    """`words` without what only says "all numbers": "all odd integers" and "n is odd" are `odd`; "true" is `yes`."""
    found = words.split()
    names = _INTEGERS if _QUANTIFIERS.intersection(found) else frozenset()
    said = " ".join(word for word in found if word not in _FILLERS | names)
    return _TRUTHS.get(said, said)


def read_words(text: str) -> Readings:
    """Prose, when there is any."""
    words = plain(text)
    return (Words(words),) if "‹" in text and words else ()


def letter(text: str) -> str:
    """The letter of a multiple choice that a whole gold answer is, or nothing."""
    found = _LETTER.fullmatch(text)
    return found[1] if found else ""


def letters(text: str) -> frozenset[str]:
    """The choices of an answer that names two or more: `AC`, `A, C`, `(A) ∧ (C)`; nothing for other answers."""
    found = _LETTERS.fullmatch(text)
    named = re.findall("[A-J]", text) if found else []
    return frozenset(named) if len(named) > 1 and named == sorted(set(named)) or "," in text else frozenset()


def labelled(text: str) -> tuple[str, str]:
    """The letter in brackets before a gold answer, and the answer: `‹(C)› 12`. Two empty texts for other golds."""
    found = _LABELLED.fullmatch(text)
    return (found[1] or found[2], found[3]) if found else ("", "")


def chosen(text: str) -> str:
    """The letter that an answer chooses: `B`, `(B)`, `B. 12`, `‹option› B`; nothing when anything else comes first."""
    found = _CHOICE.fullmatch(text)
    return found[1] if found else ""


def same_choice(gold: str, answer: str) -> bool | None:
    """Whether both choose the same letters; None when one of them is no choice."""
    several, picks = letters(gold), letters(answer)
    if several and picks:
        return several == picks
    if (several and letter(answer)) or (picks and letter(gold)):
        return False
    wanted, picked = letter(gold) or labelled(gold)[0], chosen(answer)
    return wanted == picked if wanted and picked else None
