"""Cut off what a model wrote after its answer as if it were the other side: the next question and its answer."""

import re

from still_verl.rewards.boxes import last_boxed
from still_verl.rewards.format import END_TOKENS

# What begins another turn. Templates mark it by tokens, base models write a line. No flags: a scan for the first
# characters alone is several times as fast.
_NEXT_TURN = re.compile(
    r"\n[*#> ]{0,4}(?:[Uu]ser|USER|[Hh]uman|HUMAN|[Qq]uestion|[Pp]roblem|[Ii]nstruction|Q|用户|问题)[* ]{0,3}[:：]"
    r"|<\|im_start\|>|<\|start_header_id\|>|<\|user\|>|<｜User｜>|<start_of_turn>|\[INST\]"
)


def own_turn(response: str) -> str:
    r"""Return a response up to its end token, or else up to the turn that begins behind its first marked answer.

    A line like `Question:` may also repeat the task before the answer, and stand in the thoughts: so only one behind an
    answer in a box or a tag ends the turn, and behind the first `</think>` where there is one.

    Example:
        >>> own_turn(r"It is \boxed{3}.<|im_end|>And \boxed{4}")
        'It is \\boxed{3}.'
        >>> own_turn("Question: 1 + 1? <answer>2</answer>\n\nQuestion: 2 + 2? <answer>4</answer>")
        'Question: 1 + 1? <answer>2</answer>\n'
    """
    text = _before_end_token(response)
    start = max(text.find("</think>"), 0)
    for mark in _NEXT_TURN.finditer(text, start):
        before = text[start : mark.start()]
        if "</answer>" in before or last_boxed(before):
            return text[: mark.start()]
        start = mark.start()
    return text


def _before_end_token(response: str) -> str:
    """The text before its first end token; one at the very beginning is taken for a token of the beginning."""
    text = response.lstrip()
    for token in END_TOKENS:
        text = text.removeprefix(token)
    for token in END_TOKENS:
        text = text.partition(token)[0]
    return text
