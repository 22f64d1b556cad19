"""The letters of a multiple choice, `A` to `J`."""

import re

from still_verl.rewards.equivalence.read.words import DENYING
from still_verl.rewards.equivalence.reading import Reading

_LETTER = re.compile(r"[(‹\s]*([A-J])[)›\s]*")
_ONE = re.compile("[A-J]")
_SEVERAL = re.compile(r"[(‹\s]*[A-J](?:[\s,;∧()‹›]*[A-J])+[)›\s]*")
_LABELLED = re.compile(r"(?:‹\(([A-J])\)›|\(([A-J])\))[\s.:]*([^\s.:^_+*/=,∧∨-].*)", re.DOTALL)
_CHOSEN = re.compile(
    rf"(?:‹?(?i:option|choice|(?:the )?(?:final )?answer(?: is)?|(?:(?![或{DENYING}])[\u4e00-\u9fff]){{1,8}})›?"
    r"\s*:?\s*)?"
    r"[({\[‹]*\s*([A-J])\s*(?:(?:[)}\]›.:,](?![_^])|\s-\s|\s(?=\d)|‹选?项›)(.*))?",
    re.DOTALL,
)
_ANOTHER = re.compile(r"(?<![A-Za-z\\])[A-J](?![A-Za-z])|∨")


def same_choice(gold: str, answer: str, reading: Reading = "strict") -> bool | None:
    """Say whether both choose the same letter; None when the gold answer is no choice.

    A gold answer that is one letter is a choice: no formula is equal to it. In the lenient reading an answer may be a
    lower-case letter.
    """
    if _SEVERAL.fullmatch(gold) and _SEVERAL.fullmatch(answer.replace("∨", " ")):  # `AC`, `A, C`, `(A) ∧ (C)`
        return "∨" not in answer and set(_ONE.findall(gold)) == set(_ONE.findall(answer))
    wanted, picked = letter(gold), chosen(answer)
    if wanted and not picked:
        return reading == "lenient" and letter(answer.upper()) == wanted
    wanted = wanted or labelled(gold)[0]
    if wanted and picked:
        return wanted == picked
    return None


def letter(text: str) -> str:
    """Return the letter of a multiple choice that a whole gold answer is, or nothing."""
    found = _LETTER.fullmatch(text)
    return found[1] if found else ""


def labelled(text: str) -> tuple[str, str]:
    """Return the letter in brackets before a gold answer, and the answer: `‹(C)› 12`. Two empty texts without one."""
    found = _LABELLED.fullmatch(text)
    return (found[1] or found[2], found[3]) if found else ("", "")


def chosen(text: str) -> str:
    """Return the letter that an answer chooses: `B`, `(B)`, `B. 12`, `‹option› B`; nothing behind anything else."""
    found = _CHOSEN.fullmatch(text)
    if not found or _ANOTHER.search(found[2] or ""):  # `B or A` chooses nothing
        return ""
    return found[1]
