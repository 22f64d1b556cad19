"""What an answer may cost, guessed from its looks before anything is computed: in which lane it waits, and how long our
own rules may take in the caller's process."""

import re

from still_verl.rewards.equivalence.pool import Cost

CALLER_S = 0.01  # seconds of processor time; a usual comparison takes a hundredth of it
HOPELESS_S = 0.002

_HEAVY = re.compile(r"\\(?:sum|prod|i+nt|oint|lim)(?![a-zA-Z])|!|\\d?binom|\^[^a-z]*\^")
_LONG = re.compile(r"\d{40}|.{300}", re.DOTALL)
# Numbers that nobody can write out: towers, large powers (no bounds of integrals), sums of many terms, factorials of
# factorials and of large numbers, large binomials; and powers of sums that fill a page.
_HOPELESS = re.compile(
    r"\^\{[^{}a-z]*\^\{?\d|(?<!_\w)(?<!\})\^\{?\d{5}|\\(?:sum|prod)[^^]*\^\{?\d{5}|!\s*[)}\]]\s*!|\d{5}!"
    r"|\((?=[^a-z()]*\^)[^a-z()]*\)!|binom[^a-z]*(?:\^|\d{6})|\)\s*\^\s*\{?\d{4}"
)


def cost(answer: str) -> Cost:
    """Guess from its looks what an answer costs. A wrong guess costs it a place in a longer queue, and no point."""
    if _HOPELESS.search(answer):
        return "hopeless"
    if _LONG.search(answer):
        return "slow"
    if _HEAVY.search(answer):
        return "heavy"
    return "light"


def caller_seconds(looks: Cost) -> float:
    """Return the processor time that the rules may use in the caller's process."""
    return HOPELESS_S if looks == "hopeless" else CALLER_S
