"""Operators that stand before what they are applied to, in normalized text."""

import re

# With bounds, or a variable that runs.
RUNNING = re.compile(r"\\(?:i{0,2}int|oint|sum|prod|lim)(?![a-zA-Z])|[∫∬∭∮∑∏]")
# What is asked for by its operator: `\lim_{n→∞} a_n`, `\det A`.
NAMING = re.compile(r"\\(?:lim|i{0,2}int|oint|sum|prod|det|max|min|sup|inf|dim|deg)(?![a-zA-Z])")
