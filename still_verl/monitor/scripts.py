"""Which scripts responses are written in: a policy that leaves the language of its prompt, or any, shows here."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from still_verl.monitor.means import means
from still_verl.monitor.remembered import remembers

MIXED = 0.1  # of the letters of a response: two writing systems that have so much each are mixed

# How the Unicode names of a script's letters begin.
SCRIPTS = {
    "LATIN": "latin",
    "GREEK": "greek",
    "CYRILLIC": "cyrillic",
    "ARABIC": "arabic",
    "HANGUL": "hangul",
    "HIRAGANA": "kana",
    "KATAKANA": "kana",
    "CJK": "han",
}
OTHER, BROKEN = "other", "broken"
NAMES = (*dict.fromkeys(SCRIPTS.values()), OTHER, BROKEN)
# Japanese is one writing system of two scripts; Greek letters are symbols of formulas.
SYSTEMS = {name: name for name in NAMES if name != "greek"} | {"kana": "han"}

_ASCII = re.compile(r"[\x00-\x7f]+")
_NO_LETTER = bytes(code for code in range(256) if not chr(code).isascii() or not chr(code).isalpha())
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BROKEN_CATEGORIES = ("Cc", "Cn", "Co", "Cs")  # control, unassigned, private, half of a pair


def script_metrics(texts: Sequence[str]) -> dict[str, float]:
    """Compute how the letters of all responses are divided among scripts, and the share of responses that mix them.

    Returns:
        `script/NAME`: share of each of `NAMES`. `broken` are characters that no language has: U+FFFD, which stands for
            bytes that are no text, control characters, and codes that Unicode has not assigned.
        `script/mixed`: share of the responses with letters that have two writing systems of 10 % and more.
    """
    total: Counter[str] = Counter()
    mixed: list[bool] = []
    for text in texts:
        counts = count_scripts(text)
        if counts:
            total.update(counts)
            mixed.append(is_mixed(counts))
    letters = total.total()
    if not letters:
        return {}
    found = {f"script/{name}": total[name] / letters for name in NAMES}
    return found | means({"script/mixed": mixed})


@remembers
def count_scripts(text: str) -> Counter[str]:
    """Count the letters of each script in a text, and its broken characters."""
    counts: Counter[str] = Counter()
    rest = text
    if text.isascii():
        rest = ""
    latin = len(text.encode("ascii", "ignore").translate(None, _NO_LETTER))
    if latin:
        counts["latin"] = latin
    broken = len(_CONTROL.findall(text))
    if broken:
        counts[BROKEN] = broken
    for character, count in Counter(_ASCII.sub("", rest)).items():
        name = script_of(character)
        if name is not None:
            counts[name] += count
    return counts


@lru_cache(maxsize=20_000)
def script_of(character: str) -> str | None:
    """Return the script of a letter, `BROKEN`, or None for a sign that is neither.

    Example:
        >>> script_of("é"), script_of("ℝ"), script_of("等"), script_of("€"), script_of("\ufffd")
        ('latin', 'latin', 'han', None, 'broken')
    """
    if character == "\ufffd" or unicodedata.category(character) in _BROKEN_CATEGORIES:
        return BROKEN
    if not character.isalpha():
        return None
    # Letters of formulas, and wide ones, are those that they stand for.
    plain = unicodedata.normalize("NFKC", character)[0]
    first = re.split("[ -]", unicodedata.name(plain, ""))[0]
    return SCRIPTS.get(first, OTHER)


def is_mixed(counts: Mapping[str, int]) -> bool:
    """Whether two writing systems have a tenth of the letters each."""
    systems: Counter[str] = Counter()
    for name, count in counts.items():
        if name in SYSTEMS:
            systems[SYSTEMS[name]] += count
    most = systems.most_common(2)
    return len(most) == 2 and most[1][1] >= MIXED * systems.total()
