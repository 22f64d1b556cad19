"""Cutting a text of the dialect of `spelling` at the places that are outside every bracket."""

_OPEN = "([{⦃‹⟦"
_CLOSE = ")]}⦄›⟧"


def split(text: str, separators: str) -> list[str]:
    """The parts of `text` between top-level `separators`, stripped; one part when there is none."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
        elif depth == 0 and character in separators:
            parts.append(text[start:at].strip())
            start = at + 1
    return [*parts, text[start:].strip()]


def unwrap(text: str, opening: str, closing: str) -> str | None:
    """What is inside, when one pair of brackets encloses all of `text`; brackets may be mixed, as in `(0, 1]`."""
    if len(text) < 2 or text[0] not in opening or text[-1] not in closing:
        return None
    depth = 0
    for at, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if depth == 0:
            return text[1:-1].strip() if at == len(text) - 1 else None
    return None


def depth(text: str) -> int:
    """How many brackets are open at once, at most."""
    level = deepest = 0
    for character in text:
        level += (character in _OPEN) - (character in _CLOSE)
        deepest = max(deepest, level)
    return deepest
