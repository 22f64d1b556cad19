"""The spelling of an answer, without what never changes its meaning."""

import re

_DROP = re.compile(r"\\(?:left|right|displaystyle|[Bb]igg?[lr]?)(?![a-zA-Z])|\\[,;:! ]|\\q?quad|[$~\s]")


def normalise(text: str) -> str:
    r"""`text` without spacing, `$`, `\left` and `\right`, and with one spelling of fractions."""
    text = _DROP.sub("", text.strip().rstrip("."))
    return text.replace(r"\dfrac", r"\frac").replace(r"\tfrac", r"\frac")
