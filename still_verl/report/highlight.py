"""The text of a model as safe HTML, with what a reader looks for marked."""

import re

from markupsafe import Markup, escape

from still_verl.monitor.keywords import WORDS, pattern

HEAD, TAIL = 5000, 3000  # characters that are shown of a long text
_MARKED = re.compile(
    r"(?P<tool>```(?:python|py|output)\b.*?(?:```|\Z))|(?P<answer>\\boxed\b)|"
    + "|".join(f"(?P<{name}>{pattern(words).pattern})" for name, words in WORDS.items()),
    re.IGNORECASE | re.DOTALL,
)


def highlight(text: str) -> Markup:
    """Escaped text; reasoning words, code and its output, and boxes are `<mark>`ed. Long texts lose their middle."""
    if len(text) <= HEAD + TAIL:
        return _marked(text)
    left_out = f"{len(text) - HEAD - TAIL:,} characters are left out here"
    return _marked(text[:HEAD]) + Markup('\n<em class="cut">… {} …</em>\n').format(left_out) + _marked(text[-TAIL:])


def _marked(text: str) -> Markup:
    parts, end = [Markup()], 0
    for hit in _MARKED.finditer(text):
        mark = Markup('<mark class="{}" title="{}">{}</mark>').format(hit.lastgroup, hit.lastgroup, hit[0])
        parts += [escape(text[end : hit.start()]), mark]
        end = hit.end()
    return Markup().join([*parts, escape(text[end:])])
