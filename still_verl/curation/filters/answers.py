"""Is there a right answer, can it be read, and is it one?"""

import re

from still_verl.curation.rows import SCORED_BY_TESTS, Row
from still_verl.curation.tokens import UNSPACED
from still_verl.rewards.gold import UnreadableGold, read_gold
from still_verl.rewards.gold_check import self_fault

MAX_WORDS = 6  # of an answer; more are a sentence
MAX_LENGTH = 300  # characters in which a sentence has its verb

_COMMAND = re.compile(
    r"\\(?:begin|end)\s*\{[^{}]*\}(?:\{[^{}]*\})?|\\(?:text|mathrm|textbf|mbox|operatorname)\s*\{|\\[a-zA-Z]+"
)
# "The mode is 1/3." is short, and a sentence.
_SENTENCE = re.compile(
    r"\W*(?:the|show|prove|it|this|that|we|let|since|because)\b.*\b(?:is|are|equals?|that|has|have|must|does|can)\b",
    re.IGNORECASE | re.DOTALL,
)
_WORD = re.compile(rf"[^\W\d_{UNSPACED}]{{3,}}")
_UNSPACED_SIGN = re.compile(rf"[{UNSPACED}]")
_PLACEHOLDER = re.compile(
    r"\W*(?:see (?:the )?(?:above|below|solution|proof|figure|image|text|explanation)|proof|proved|proven"
    r"|q\.?e\.?d\.?|n/?a|none"
    r"|unknown|not (?:given|provided|available|specified)|no answer|undefined answer|omitted"
    r"|(?:the )?(?:statement|claim)"
    r" (?:is )?(?:true|proven|proved)|answers? (?:may |will )?var(?:y|ies)|todo|tbd|error|notfound"
    r"|(?:证明|答案)?(?:略|见解析))\W*",
    re.IGNORECASE,
)


def no_answer(row: Row) -> str:
    """Drop a row without a right answer."""
    answer = row.fields.answer
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        return "it has no right answer"
    try:
        if row.fields.kind != SCORED_BY_TESTS and not row.right_answers:
            read_gold(answer)  # says why there is none
    except UnreadableGold as error:
        return str(error)
    is_count = "how many" in row.plain and answer in ("none", "None")
    if row.right_answers and _PLACEHOLDER.fullmatch(row.right_answers[0]) and not is_count:
        return f"{row.right_answers[0]!r:.60} stands for an answer that is not given"
    return ""


def unreadable_answer(row: Row) -> str:
    """Drop a row whose right answer does not equal itself for the strict verifier."""
    if row.fields.kind == SCORED_BY_TESTS or not row.right_answers:
        return ""
    return self_fault(list(row.right_answers))


def prose_answer(row: Row) -> str:
    """Drop a row whose right answer is a sentence, which no rule compares."""
    for gold in row.right_answers:
        text = _COMMAND.sub(" ", gold)
        words = len(_WORD.findall(text)) + len(_UNSPACED_SIGN.findall(text)) // 2  # most Chinese words have two signs
        if words > MAX_WORDS:
            return f"the answer has {words} words: {gold!r:.60}"
        if _SENTENCE.match(gold[:MAX_LENGTH]):
            return f"the answer is a sentence: {gold!r:.60}"
    return ""
