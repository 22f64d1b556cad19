"""Hides problems of an evaluation in training data in seven ways, and makes other problems from the same templates."""

import random
import re
from collections.abc import Callable

WRAPPERS = [
    "Solve the following math problem step by step. Put your final answer in \\boxed{{}}.\n\n{}",
    "<|im_start|>system\nYou are a helpful "
    "assistant.<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
    "Question: {}\nAnswer:",
    "Hi! I have been stuck on my homework for 2 hours. Here it is: {} Can you explain it to a 9th grader? Thanks!",
    "### Instruction:\n{}\n\n### Response:\nLet's think step by step.",
    "Below are 3 problems.\n1. What is 17 + 25? (42)\n2. {}\n3. Name the largest prime below 100.",
    "[INST] {} [/INST] Reason about it first, then check each of the 4 steps, and give the result in <answer> tags.",
    "Du bist ein Mathematiklehrer. Aufgabe 12 (5 Punkte): {}",
]
SYNONYMS = {
    "find": ["determine", "work out", "calculate"], "what is": ["give", "state"], "how many": ["what number of"],
    "let": ["suppose", "denote"], "compute": ["evaluate", "obtain"], "determine": ["find", "identify"],
    "positive": ["strictly positive"], "integers": ["whole numbers"], "integer": ["whole number"],
    "greatest": ["largest", "biggest"], "smallest": ["least", "minimal"],
    "such that": ["so that", "with the property that"], "value": ["quantity"], "product": ["multiplied result"],
    "sum": ["total"], "each": ["every"], "given": ["provided"], "distinct": ["different"], "equal": ["identical"],
    "number": ["count"], "points": ["locations"], "real": ["real-valued"], "has": ["possesses"],
    "then": ["afterwards"], "if": ["assuming"], "exactly": ["precisely"], "all": ["every one of the"],
    "possible": ["feasible"], "area": ["surface"], "the": ["this"], "is": ["equals"], "are": ["happen to be"],
    "and": ["plus also"], "where": ["in which"], "for": ["given"], "which": ["that"], "buys": ["purchases"],
    "every": ["each"], "day": ["24 hours"], "people": ["persons"], "cost": ["price"], "total": ["overall"],
    "money": ["cash"],
}  # fmt: skip
PLAIN = [
    (r"\cdot", "·"), (r"\times", "×"), (r"\leq", "≤"), (r"\geq", "≥"), (r"\le ", "≤ "), (r"\ge ", "≥ "), (r"\pi", "π"),
    (r"\theta", "θ"), (r"\alpha", "α"), (r"\angle", "∠"), (r"^\circ", "°"), (r"^{\circ}", "°"), (r"\infty", "∞"),
    (r"\triangle", "△"), ("^2", "²"), ("^3", "³"), ("^{2}", "²"), (r"\left", ""), (r"\right", ""), (r"\%", "%"),
]  # fmt: skip
_COMMAND_OR_LETTER = re.compile(r"\\[a-zA-Z]+|\{[a-z]+\*?\}(?=[^$]*)|[a-zA-Z]+")


def retyped(text: str, pick: random.Random) -> str:
    """Type the mathematics in another style."""
    style = pick.choice(["brackets", "display", "unicode", "loose"])
    if style == "brackets":
        text = re.sub(r"\$([^$]+)\$", r"\\(\1\\)", text)
        return text.replace(r"\frac", r"\dfrac").replace(r"\dots", r"\ldots").replace("(", r"\left(", 0)
    if style == "display":
        text = re.sub(r"\$([^$]+)\$", r"\\[ \1 \\]", text)
        return text.replace(r"\frac", r"\tfrac").replace(r"\le ", r"\leqslant ").replace(r"\cdot", r"\times")
    if style == "unicode":
        text = re.sub(r"\\d?frac\{([^{}]+)\}\{([^{}]+)\}", r"(\1)/(\2)", text)
        text = re.sub(r"\\sqrt\{([^{}]+)\}", r"√(\1)", text)
        for command, sign in PLAIN:
            text = text.replace(command, sign)
        return text.replace("$", "")
    text = re.sub(r"\\frac\{(\w)\}\{(\w)\}", r"\\frac \1 \2", text)
    text = re.sub(r"\^(\w)(?!\w)", r"^{\1}", text)
    return text.replace("(", r"\left(").replace(")", r"\right)").replace("=", r" \; = \; ")


def wrapped(text: str, pick: random.Random) -> str:
    """Put a prompt around a problem."""
    return pick.choice(WRAPPERS).format(text)


def synonyms(text: str, pick: random.Random) -> str:
    """Replace six of ten words that have a synonym."""

    def other(found: re.Match[str]) -> str:
        if pick.random() > 0.6:
            return found[0]
        return pick.choice(SYNONYMS[found[0].lower()])

    words = "|".join(sorted(SYNONYMS, key=len, reverse=True))
    pieces = re.split(r"(\$[^$]*\$|\\\[.*?\\\])", text, flags=re.DOTALL)
    for number in range(0, len(pieces), 2):
        pieces[number] = re.sub(rf"\b({words})\b", other, pieces[number], flags=re.IGNORECASE)
    return "".join(pieces)


def reordered(text: str, pick: random.Random) -> str:
    """Put the sentences in another order; a single one is turned at a comma."""
    sentences = re.split(r"(?<=[.?!])\s+", text)
    if len(sentences) < 2:
        sentences = text.split(", ")
    pick.shuffle(sentences)
    return " ".join(sentences)


def renamed(text: str, pick: random.Random) -> str:
    """Give each variable of the formulas another letter."""
    small, capital = list("abcdefghkmnpqrstuvwxyz"), list("ABCDEFGHKLMNPQRSTUVWXYZ")
    names = {}
    for letters in (small, capital):
        others = letters[:]
        pick.shuffle(others)
        names.update(zip(letters, others, strict=True))

    def other(found: re.Match[str]) -> str:
        if found[0].startswith(("\\", "{")) or len(found[0]) > 4:
            return found[0]
        return "".join(names.get(letter, letter) for letter in found[0])

    pieces = re.split(r"(\$[^$]*\$|\\\[.*?\\\])", text, flags=re.DOTALL)
    for number in range(1, len(pieces), 2):
        if re.search(r"(?<![\\a-zA-Z])[a-z]{4,}", pieces[number]):
            continue  # two prices, and words between them
        pieces[number] = _COMMAND_OR_LETTER.sub(other, pieces[number])
    return "".join(pieces)


def respaced(text: str, pick: random.Random) -> str:
    """Change white space, and the case of the first letters."""
    text = re.sub(r"\s+", lambda _: pick.choice([" ", "  ", "\n", "\t", " \u00a0"]), text)
    return pick.choice([text, text.lower() if "\\" not in text else text, f"\n\n{text}\r\n"])


def everything(text: str, pick: random.Random) -> str:
    """Do all of it, one after the other."""
    for change in (synonyms, reordered, renamed, retyped, respaced, wrapped):
        text = change(text, pick)
    return text


TRANSFORMS: dict[str, Callable[[str, random.Random], str]] = {
    "retyped": retyped, "wrapped": wrapped, "synonyms": synonyms, "reordered": reordered, "renamed": renamed,
    "respaced": respaced, "everything": everything,
}  # fmt: skip


def other_number(text: str, pick: random.Random) -> str:
    """Change one number of a problem; return "" where it has none. Numbers in a figure stay."""
    text_end = text.find("[asy]") if "[asy]" in text else len(text)
    places = list(re.finditer(r"\d+", text[:text_end]))
    if not places:
        return ""
    place = pick.choice(places)
    changed = str(int(place[0]) + pick.choice([1, 2, 3, 10]))
    return text[: place.start()] + changed + text[place.end() :]
