"""Are there several questions, of which one answer tells only one?"""

import re

from still_verl.curation.rows import Row

_PART = re.compile(
    r"(?:^|[\s.;:?])(?:\(\s*([a-e]|[1-5]|i{1,3}|iv)\s*\)|(?<=[\n.;:?])\s*([a-e]|[1-5])\s*[).](?=\s)|part\s+([a-e1-5])\s*[:.)])\s*",
    re.IGNORECASE,
)
_DO = re.compile(
    r"\W*(?:\w+ly,? )?(?:find|compute|show|prove|determine|what|how|calculate|evaluate|solve|if|for|is|are|does|do|when|which|write|state"
    r"|let|draw|express|sketch|give|explain|simplify|when|in|at|suppose|who|can|using|the|factor|list)\b",
    re.IGNORECASE,
)
_ORDER = ("abcde", "12345")


def several_parts(row: Row) -> str:
    """Drop a problem with parts (a), (b), ... or (1), (2), ... each of which asks something."""
    marks: list[str] = []
    asked = 0
    for part in _PART.finditer(row.problem):
        mark = (part[1] or part[2] or part[3]).lower()
        mark = str(len(mark)) if set(mark) == {"i"} else mark
        if mark in ("a", "1"):
            marks, asked = [], 0
        marks.append(mark)
        asked += _asks(row.problem, part.end())
    if len(marks) >= 2 and asked >= 2 and "".join(marks).startswith(tuple(order[: len(marks)] for order in _ORDER)):
        return f"it has {len(marks)} parts, {asked} of which ask something"
    return ""


def _asks(text: str, start: int) -> bool:
    """Whether a part begins like a question or a task, and ends as one."""
    part = text[start : start + 300].split("\n\n")[0]
    begins = _DO.match(part)
    if not begins:
        return False
    return begins[0].strip().lower() not in ("the", "if", "for", "in", "at", "let", "is", "are") or "?" in part
