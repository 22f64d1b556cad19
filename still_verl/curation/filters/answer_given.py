"""Does the problem say its own answer?"""

import re

from still_verl.curation.rows import Row
from still_verl.curation.tokens import mentions
from still_verl.rewards.extract import extract

_SAYS = re.compile(
    r"(?:\b(?:the\s+)?(?:final\s+|correct\s+|right\s+)?answers?\s*(?:is|are|should be|must be|:|=)\s*"
    r"|\bans(?:wer)?\s*[.:=]\s*|\[ans(?:wer)?\s+"
    # "What is 2+2? Show that it is 4." is what becomes of a problem that is to be proved by a machine.
    r"|\b(?:show|prove|verify|demonstrate)\s+that\s+(?:it|this|that|the\s+\w+)\s+(?:is|are|equals?|=)\s*"
    r"|\bsolution\s*:\s*.{0,400}?=\s*)"
    r"[\s$*({\\\[]{0,6}([^\n]{1,200})",
    re.IGNORECASE,
)
# "Find the largest number u ... Show that u = 3."
_SHOWS = re.compile(r"(?<=[.?!\]$:)] )(?:Show|Prove) that (?:(?:the|all|it|this|these|one|such|we)\b|\$|[a-zA-Z]\b)")
_SAYS_WHAT = re.compile(r"\b(?:is|are|be|equals?|has|have)\b|=")
_ASKED = re.compile(
    r"\b(?:what|how (?:many|much|long|far)|for (?:which|what)|which|who)\b[^?]{0,400}\?"
    r"|(?:^|[.!?;:]\s+|,\s+|\b(?:and|then)\s+)(?:find|compute|evaluate|calculate|determine)\b"
)
_PLACEHOLDER = re.compile(
    r"\\boxed\{\s*\}|\\boxed\{\s*(?:answer|your answer|\.\.\.|\\cdots|\\ldots)\s*\}", re.IGNORECASE
)
_WORDS = ("nswer", "NSWER", "boxed", "Ans", "olution", "that it", "that th")
LONG = 12  # characters of an answer that no problem ends with by chance
# What comes before an answer that is stated: the end of a sentence, or a verb. The last of some options, and the last
# term of a sum, have something else before them.
_STATED = re.compile(r"(?:[.?!]|\b(?:is|are|be|equals?|that|has|have))[\s$\\(\[*]*$")
_IF = re.compile(r"\bif\b[^.?!]*$", re.IGNORECASE)  # "If there are none, the answer is 0."
_LONGEST_CASE = 100  # characters
_VERB = r"(?:=|\b(?:is|are|be|equals?|that))[\s$\\(\[{]*"
_EDGE = " \t$*.,;:(){}[]\\"


def answer_given(row: Row) -> str:
    """Drop a row whose problem ends in "Answer: 42", has its right answer in a box, or ends by stating a long one."""
    text = row.problem
    for gold in row.right_answers:
        if len(gold) >= LONG and _ends_with(_bare(text), _bare(gold)):
            return f"the problem ends with its answer: {gold!r:.60}"
    shown = _to_be_shown(row)
    if shown and (not row.right_answers or _is_stated(_bare(row.right_answers[0]), shown)):
        return f"it is to be shown that the answer is what it is: {shown!r:.60}"
    if not row.right_answers or not mentions(text, _WORDS):
        return ""
    said = [found[1].split("$")[0] for found in _SAYS.finditer(text) if not _is_for_a_case(text, found.start())]
    if "boxed" in text and not _PLACEHOLDER.search(text):
        said.append(extract(text, ["boxed"]).answer)
    for gold in row.right_answers:
        wanted = _bare(gold)
        for answer in said:
            bare = _bare(answer)
            if bare == wanted or bare.split(" ")[0].strip(_EDGE) == wanted:
                return f"the problem says its answer: {answer.strip()!r:.60}"
    return ""


def _to_be_shown(row: Row) -> str:
    """What a problem asks, and then has shown: Find the least u. Show that u = 3."""
    text = row.problem
    if not mentions(text, ("Show that", "Prove that")):
        return ""
    shown = _SHOWS.search(text, text.rfind("?") + 1)
    if shown is None or not _SAYS_WHAT.search(text, shown.end()) or not _ASKED.search(row.plain):
        return ""
    return text[shown.start() :].strip()


def _is_stated(gold: str, shown: str) -> bool:
    """Whether an answer stands behind a verb: in "x - 1 is a factor" 1 is not stated."""
    return re.search(rf"{_VERB}{re.escape(gold)}(?!\w)", _bare(shown)) is not None


def _is_for_a_case(text: str, at: int) -> bool:
    return _IF.search(text, max(0, at - _LONGEST_CASE), at) is not None


def _ends_with(text: str, gold: str) -> bool:
    return text.endswith(gold) and _STATED.search(text.removesuffix(gold)) is not None


def _bare(text: str) -> str:
    return " ".join(text.strip(_EDGE).split())
