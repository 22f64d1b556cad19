"""Instructions that a prompt has twice: by the template and by the data, by two messages, or repeated in one."""

import re
from collections import Counter
from collections.abc import Iterable

from still_verl.preview.pieces import TEMPLATE, Piece

# Ways to answer that prompts ask for, each in whatever words.
_KINDS = {
    "to think step by step": re.compile(
        r"\b(?:think|reason|solve|work|explain|proceed|answer)\w*\b[^.\n]{0,80}\bstep[\s-]+by[\s-]+step", re.IGNORECASE
    ),
    "for the answer in \\boxed{}": re.compile(
        r"\b(?:put|plac|enclos|box|wr[ia]|wrap|present|giv|provid|return|output|express|end|conclud|stat|show|report)"
        r"\w*\b[^.\n]{0,80}\\boxed",
        re.IGNORECASE,
    ),
    "to think between <think> and </think>": re.compile("<think>[^\n]{0,40}</think>"),
    "for the answer between <answer> and </answer>": re.compile("<answer>"),
}
_SENTENCE_ENDS = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n+")
_WORD = re.compile(r"\w+")
_WORDS, _SIGNS = 4, 20  # a sentence has as many words, or, where words are not parted, signs


def instruction_twice(pieces: Iterable[Piece], controls: re.Pattern[str]) -> str:
    """Return what a prompt asks for twice, or an empty text.

    Args:
        pieces: of the prompt; turns of the model and of tools are left out.
        controls: matches what marks a chat and is no word of a sentence.
    """
    template = ""
    messages: dict[tuple[str, int | None], str] = {}
    for piece in pieces:
        if piece.role == TEMPLATE:
            template += controls.sub("\n", piece.text) + "\n"
        elif piece.role in ("system", "user"):
            messages[piece.role, piece.place] = piece.text
    return _repeated(template, list(messages.values())) or _asked_by_two(template, messages)


def _repeated(template: str, messages: list[str]) -> str:
    """Return a sentence of the template that a message has too, or an instruction that one message has twice."""
    said = [f" {_words(text)} " for text in messages]
    for sentence in _sentences(template):
        if any(f" {_words(sentence)} " in text for text in said):
            return repr(sentence)
    for text in messages:
        counts: Counter[str] = Counter()
        for sentence in _sentences(text):
            counts[_words(sentence)] += 1
            if counts[_words(sentence)] > 1 and _kinds(sentence):
                return repr(sentence)
    return ""


def _asked_by_two(template: str, messages: dict[tuple[str, int | None], str]) -> str:
    """Return what two of template, system and user ask for; turns of one user may well ask the same."""
    texts = {TEMPLATE: template}
    for (role, _place), text in messages.items():
        texts[role] = texts.get(role, "") + "\n" + text
    askers: Counter[str] = Counter()
    for text in texts.values():
        askers.update(_kinds(text))
    for kind, count in askers.items():
        if count > 1:
            return kind
    return ""


def _kinds(text: str) -> list[str]:
    return [kind for kind, pattern in _KINDS.items() if pattern.search(text)]


def _sentences(text: str) -> list[str]:
    """Return the sentences that are long enough to be no coincidence."""
    found = []
    for sentence in _SENTENCE_ENDS.split(text):
        words = _WORD.findall(sentence)
        if len(words) >= _WORDS or len("".join(words)) >= _SIGNS:
            found.append(sentence.strip())
    return found


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
