"""Is it a whole problem?"""

import re

from still_verl.curation.filters.asking import VERBS
from still_verl.curation.filters.lost_options import are_lost
from still_verl.curation.filters.marks import find_marks
from still_verl.curation.rows import SCORED_BY_TESTS, Row

# Words of which one more has to follow. "Then x is" and "the nearest integer to" do not belong to them: there it is the
# answer that follows.
_WORDS_THAT_GO_ON = re.compile(
    r"\b(?:the|and|or|if|let|where|such(?: that)?|so that|which|whose|when|(?<=[a-z]{2} )an?)\s*$"
)
_NAMES_A = re.compile(r"[=+\-*/\d] ?a$|[=+\-*/\d] ?a\b(?! \w{3})|\ba ?[=+\-*/]")  # "2a = 6 ... find the value of a"
# "Such a city is called a": the answer completes it.
_IS_COMPLETED = re.compile(r"\b(?:is|are|was|were|be|called|named|known as)(?: the| an?)?\s*$")
_REFERS = re.compile(
    r"\b(?:previous|preceding|above|earlier) (?:question|problem|exercise|example|part)s?\b"
    r"|\b(?:in|from|of|see|using) the last (?:question|problem|exercise|example)s?\b"
    r"|\b(?:question|problem|exercise)s? above\b"
    r"|\b(?:in|from|see|using|use|by|refer(?:ring)? to) (?:exercises?|examples?|problems?) \d"
    r"|\bof (?:exercise|example|problem) \d"
)
# "A test has 20 questions, each worth twice as much as the previous question."
_IS_ABOUT_TEST = re.compile(r"\b(?:each|every|\d+) (?:\w+ )?(?:question|problem)s?\b")
_OF_PART = re.compile(r"\b(?:in|of|from|to|using|for) parts? \(?[a-e1-4i]+\)")
_HAS_PARTS = re.compile(r"(?:^|[\s.:;?,])\(?(?:[a-e1-4]|i{1,3})\s*[.)]\s")
# A passage that is read. One also walks through a passage, and speaks of the passage of time.
_PASSAGE = re.compile(
    r"\b(?:according to|based on|in|throughout|inferred from"
    r"|(?:theme|idea|purpose|sentence|paragraph|narrator|author) of)"
    r" (?:the|this|both|these) (?:reading )?passages?\b(?! (?:of|from|to|through|between))"
    r"|\b(?:both|each|two|these) passages?\b(?! (?:of|from|to|through|between))|\bpassage \d\b"
    r"|\b(?:summari[sz]es|purpose of|effect of|idea of) the (?:\w+ )?(?:passage|paragraph)\b"
)
SHORTEST_PASSAGE = 80  # words of a text that has its passage with it
_LATER_PART = re.compile(r"\s*(?:\(\s*[b-h]\s*\)|[b-h][.)])\s+[A-Z]")  # "c. What is the mean?", without a. and b.
# What asks in a text without a formula. One with a formula may begin with any verb: "Combine $x + x$."
_ASKS = re.compile(
    rf"[?=]|_{{2,}}|\b(?:{VERBS}|what|how|which|who|when|where|why|implement|return|is|are|do|does|did|can|will|then|let"
    r"|suppose|if)\b"
)
_FORMULA = re.compile(r"[$\\\d]")
_FORMULAS = re.compile(r"\$\$.*?\$\$|\$.*?\$|\\\[(?:(?!\\\[).)*?\\\]|\\\((?:(?!\\\().)*?\\\)", re.DOTALL)
_WORDS = re.compile(r"[^\W\d_]{2}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # a Chinese word may be one sign
_SENTENCE = re.compile(r"\\(?:text|mbox)\s*\{\s*(?:[a-zA-Z]+ ){3}")  # a problem that is typed as one formula
_LETTER = re.compile("[a-zA-Z]")
_COMMAND = re.compile(r"\\[a-zA-Z]+")
# 2 + 2 =, 2 + 2 = ?, 2 + 2 = __, or a sum with its bounds; but not a_1
_LEFT_OPEN = re.compile(r"\?|_\s*\\?_|\\(?:int|lim|sum|prod)(?:\\limits)?_|=[\s$.\\\])]*$")
_LOST = re.compile(r"\[(?:missing|\.\.\.|truncated|omitted)\]|<(?:missing|unk)>|�", re.IGNORECASE)
_WORD = re.compile(r"[a-zA-Z]{2,}|\d|[+\-*/^=!]|[^\x00-\x7f]")


def incomplete(row: Row) -> str:
    """Drop a problem that stops in the middle, asks nothing, has lost a part, or goes on from another one."""
    if row.fields.kind == SCORED_BY_TESTS:
        return ""
    plain = row.plain
    lost = _LOST.search(row.problem)
    if lost:
        return f"a part of it is lost: {lost[0]!r}"
    if len(_WORD.findall(row.problem)) < 3:
        return "it has less than three words, numbers and signs"
    if _dollars_of_formulas(row.problem) % 2 and plain.endswith(("=", "\\", "+", "-", "(", "{", "^", "*", "/")):
        return "it ends in the middle of a formula"
    goes_on = _WORDS_THAT_GO_ON.search(plain)
    if goes_on and not _IS_COMPLETED.search(plain) and not (goes_on[0].strip() == "a" and _NAMES_A.search(plain)):
        return f"it ends in the middle of a sentence: {plain[-40:]!r}"
    refers = _REFERS.search(plain)
    if refers and not _IS_ABOUT_TEST.search(plain):
        return f"it goes on from another one: {refers[0]!r}"
    part = _OF_PART.search(plain)
    if part and not _HAS_PARTS.search(_OF_PART.sub("", plain)):
        return f"it goes on from another part: {part[0]!r}"
    if len(find_marks(row.problem)) < 2 and are_lost(row):
        return "its options are not there"
    passage = _PASSAGE.search(plain) if "passage" in plain or "paragraph" in plain else None
    if passage and len(plain.split()) < SHORTEST_PASSAGE:
        return f"its passage is not there: {passage[0]!r}"
    if _LATER_PART.match(row.problem):
        return f"it is a part of a problem, without what comes before: {row.problem.strip()[:20]!r}"
    if _is_only_a_formula(row.problem):
        return "it asks nothing: it is only a formula"
    ends = plain.rstrip().endswith((".", "!", ":"))  # else the answer may complete it
    if ends and plain.isascii() and not _FORMULA.search(row.problem) and not _ASKS.search(plain):
        return "it asks nothing"
    return ""


def _is_only_a_formula(text: str) -> bool:
    """Whether no word is outside of formulas and nothing is left open; a computation of numbers alone is to be made."""
    if _WORDS.search(_FORMULAS.sub("", text)) or _LEFT_OPEN.search(text) or _SENTENCE.search(text):
        return False
    return _LETTER.search(_COMMAND.sub("", text)) is not None


def _dollars_of_formulas(text: str) -> int:
    """How many dollar signs are not those of a price."""
    return len(re.findall(r"(?<!\\)\$(?!\d)", text))
