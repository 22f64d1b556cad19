"""Answers that leave the work to be done: an integral where its value is asked for only repeats the problem."""

import re

from still_verl.rewards.equivalence.read.splitting import places

_OPERATOR = re.compile(r"\\(?:i{0,2}int|oint|sum|prod|lim)(?![a-zA-Z])|[∫∬∭∮∑∏]")
_VARIABLE = re.compile(r"(?<![\\a-zA-Z])[a-zA-Z]")


def is_unevaluated(gold: str, answer: str) -> bool:
    r"""Say whether an answer ends with an integral, a sum, a product or a limit where the right answer is a value.

    `\int_0^1 x dx = 1/2` has its value. Where the right answer has variables, `\sum_{k=1}^n k` may be a formula.
    Both texts are normalized.
    """
    operators = list(_OPERATOR.finditer(answer))
    if not operators or _OPERATOR.search(gold) or _VARIABLE.search(gold):
        return False
    last = operators[-1].end()
    return not any(at > last for at in places(answer, "=≈"))
