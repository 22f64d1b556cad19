r"""One spelling for one meaning.

`canonical` turns LaTeX, Unicode and plain text into the same characters, so that every later rule reads one dialect:
`±∓≤≥≠≈∈∪∩∖∞π°…ℝ∅` for the commands of these names, `*` and `/` for products and quotients, `⦃⦄` for the braces of
a set, `⟦⟧` for a matrix, `∧∨` for "and" and "or", and `‹words›` for text. Plain braces only group.
"""

import re
import unicodedata
from functools import lru_cache

# fmt: off
_COMMANDS = {
    "pm": "±", "mp": "∓", "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "lt": "<",
    "gt": ">", "ne": "≠", "neq": "≠", "approx": "≈", "in": "∈", "cup": "∪", "bigcup": "∪", "cap": "∩", "setminus": "∖",
    "backslash": "∖", "infty": "∞", "pi": "π", "circ": "°", "degree": "°", "ldots": "…", "dots": "…", "cdots": "…",
    "dotsc": "…", "dotsb": "…", "emptyset": "∅", "varnothing": "∅", "times": "*", "cdot": "*", "div": "/", "colon": ":",
    "mid": "|", "vert": "|", "lvert": "|", "rvert": "|", "lbrace": "⦃", "rbrace": "⦄", "langle": "(", "rangle": ")",
    "land": "∧", "wedge": "∧", "lor": "∨", "vee": "∨", "dfrac": r"\frac", "tfrac": r"\frac", "cfrac": r"\frac",
    "dbinom": r"\binom", "tbinom": r"\binom", "tg": r"\tan", "ctg": r"\cot", "arctg": r"\arctan", "lg": r"\log_{10}",
    "R": "ℝ", "Reals": "ℝ", "Z": "ℤ", "lparen": "(", "rparen": ")", "implies": "⇒", "Rightarrow": "⇒", "iff": "⇔",
    "Leftrightarrow": "⇔", "sim": "~", "prime": "'", "varphi": r"\phi", "varepsilon": r"\epsilon", "quad": " ",
    "qquad": " ", "left": "", "right": "", "displaystyle": "", "textstyle": "", "limits": "", "boldsymbol": "",
    "phantom": "", "equiv": "≡", "pmod": "‹mod›", "bmod": "‹mod›", "mod": "‹mod›",
    "big": "", "Big": "", "bigg": "", "Bigg": "", "bigl": "", "bigr": "", "Bigl": "", "Bigr": "", "middle": "",
}
_CHARACTERS = str.maketrans({
    "−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "⁄": "/", "∕": "/", "√": r"\sqrt ",
    "≦": "≤", "≧": "≥", "⩽": "≤", "⩾": "≥", "∣": "|", "∥": "|", "º": "°", "∘": "°", "⟨": "(", "⟩": ")", "’": "'",
    "′": "'", "“": '"', "”": '"', "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "θ": r"\theta ",
    "λ": r"\lambda ", "μ": r"\mu ", "ρ": r"\rho ", "σ": r"\sigma ", "τ": r"\tau ", "φ": r"\phi ", "ω": r"\omega ",
    "ε": r"\epsilon ", "η": r"\eta ", "Δ": r"\Delta ", "∀": r"\forall ", "∃": r"\exists ", "⌈": r"\lceil ",
    "⌉": r"\rceil ", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "，": ",", "；": ";", "：": ":", "（": "(", "）": ")",
    "。": ".",
})
_LATEX = str.maketrans({
    "±": r"\pm ", "∓": r"\mp ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "∈": r"\in ",
    "∪": r"\cup ", "∩": r"\cap ", "∖": r"\setminus ", "∞": r"\infty ", "π": r"\pi ", "°": r"^{\circ}", "…": r"\dots ",
    "⦃": r"\{", "⦄": r"\}", "∅": r"\emptyset ", "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "*": r"\cdot ", "%": r"\%",
    "‹": r"\text{", "›": "}", "⟦": r"\begin{pmatrix}", "⟧": r"\end{pmatrix}", "\n": r"\\", "≡": r"\equiv ",
})
# fmt: on
FUNCTIONS = (
    "arcsin arccos arctan arccot sinh cosh tanh sin cos tan cot sec csc ln log exp sqrt frac binom lfloor rfloor lceil "
    "rceil"
).split()
UNITS = frozenset(
    "mm cm dm km m ft foot feet in inch inches yd yard yards mi mile miles mg g kg gram grams s sec second seconds min "
    "minute minutes h hr hour hours day days week weeks month months year years ml l liter liters litre litres mph "
    "kmph kph rpm dollar dollars cent cents unit units sq square cubic cu percent percentage degree degrees deg rad "
    "radian radians meter meters metre metres pound pounds lb lbs oz ounce ounces people ways times yuan rs usd".split()
)

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n")
_SUPERSCRIPT_RUN = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ]+")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉ₙ", "0123456789n")
_SUBSCRIPT_RUN = re.compile("[₀₁₂₃₄₅₆₇₈₉ₙ]+")
_VULGAR = re.compile("[¼-¾⅐-⅞]")
_CIRCLED = re.compile("[①-⑳]")
_TAG = re.compile(r"<(sup|sub)>([^<>]*)</\1>")
_SPACING = re.compile(r"\\[,;: ]|~|\\\(|\\\)|\\\[|\\\]|\$|\\\$")
_TEXT = re.compile(r"\\(?:text[a-z]*|mathrm|mathit|mathsf|mbox|hbox|operatorname\*?|math(?:bf|cal))\s*\{([^{}]*)\}")
_NUMBER_SET = re.compile(r"\\math(?:bb|bf|rm)\s*\{?\s*([RZNQ])\s*\}?(?![a-zA-Z])")
_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?=\{)")
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{\s*(?:[pbvBV]?(?:small)?matrix|array)\s*\}(?:\s*\{[lcr| ]*\})?")
_ENVIRONMENTS = {"begin": "⟦", "end": "⟧"}
_NEGATIVE_SPACE = re.compile(r"(?:(?<=\d),)?\s*\\!\s*")
_EMPTY_DELIMITER = re.compile(r"\\(?:left|right)\s*\.")
_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_DEGREE = re.compile(r"\^\s*\{?\s*°\s*\}?")
_RUN = re.compile(r"\\[a-zA-Z]+|‹[^›]*›|[A-Za-z]+")
_CONJUNCTION = re.compile(r"\b(and|or)\b")
_STRAY_PERIOD = re.compile(r"\.(?=\s*[)\]}⦄])")
_UNEQUAL = re.compile(r"(?<![0-9)}!])!=")  # `5!=120` is a factorial
_QUOTED_MOD = re.compile(r"‹\(?\s*(?:mod|modulo)\s+(\w+)\s*\)?›")
_ARGUMENTS = re.compile(r"\\(max|min|gcd|lcm) *⦃([^⦃⦄]*)⦄")
_RATE = re.compile(r"(?<=[\d}])\s*‹?(k?m|cm|mi|ft)›?\s*/\s*‹?(s|min|h|hr)›?(?=\s*(?:\^\s*\{?2\}?)?\s*$)")
_ORDINAL = re.compile(r"(\d)\s*\^?\s*\{?\s*‹?(?:th|st|nd|rd)›?\s*\}?(?![a-z])")
_SMALL_GROUP = re.compile(r"([_^])\{([A-Za-z0-9])\}")
_IDLE_SPACE = re.compile(r"(?<![A-Za-z0-9])\s+|\s+(?![A-Za-z0-9])")
_ENGLISH = frozenset("for any not how most is if of".split())  # else they could be products of letters in order
_WORDS = {"infinity": "∞", "inf": "∞", "infty": "∞", "pi": "π", "and": "∧", "or": "∨", "union": "∪"}


@lru_cache(maxsize=16_384)
def normalise(text: str) -> str:
    """`canonical` and `tight`: equal strings are equal answers."""
    return tight(canonical(text))


def tight(text: str) -> str:
    """A canonical text without the spaces and braces that separate nothing."""
    return _SMALL_GROUP.sub(r"\1\2", _IDLE_SPACE.sub("", text))


@lru_cache(maxsize=16_384)
def canonical(text: str) -> str:
    """`text` in the one dialect of this module (see above)."""
    text = _characters(" ".join(text.split()))
    text = _BOX.sub("", text)
    text = _ENVIRONMENT.sub(lambda match: _ENVIRONMENTS.get(match[1], match[0]), text)
    text = _NUMBER_SET.sub(lambda match: {"R": "ℝ", "Z": "ℤ", "N": "ℕ", "Q": "ℚ"}[match[1]], text)
    text = (
        _EMPTY_DELIMITER.sub("", _NEGATIVE_SPACE.sub("", text))
        .replace("{:}", ":")
        .replace("...", "…")
        .replace(r"\{", "⦃")
        .replace(r"\}", "⦄")
        .replace(r"\%", "%")
        .replace("{,}", "")
    )
    text = _SPACING.sub(" ", text.replace(r"\\", "\n"))
    text = _QUOTED_MOD.sub(r"‹mod› \1", _TEXT.sub(_quote, text))
    text = _COMMAND.sub(lambda match: _COMMANDS.get(match[1], match[0] + " "), text)
    text = _ARGUMENTS.sub(r"\\\1(\2)", text)
    text = text.replace("<=", "≤").replace(">=", "≥")
    text = _UNEQUAL.sub("≠", text)
    text = _ORDINAL.sub(r"\1", _DEGREE.sub("°", _STRAY_PERIOD.sub("", text)))
    text = re.sub(r"[ \t]+", " ", _RUN.sub(_mark_words, text)).rstrip(" .;,").lstrip(" ;,")
    return _RATE.sub(r" ‹\1/\2›", text)


def _characters(text: str) -> str:
    """Unicode to the characters that LaTeX would give; a raised digit stays an exponent."""
    text = _TAG.sub(lambda match: ("^" if match[1] == "sup" else "_") + "{" + match[2] + "}", text)
    text = _SUPERSCRIPT_RUN.sub(lambda run: "^{" + run[0].translate(_SUPERSCRIPTS) + "}", text)
    text = _SUBSCRIPT_RUN.sub(lambda run: "_{" + run[0].translate(_SUBSCRIPTS) + "}", text)
    text = _VULGAR.sub(lambda match: " " + unicodedata.normalize("NFKC", match[0]), text)
    text = _CIRCLED.sub(lambda match: f" {unicodedata.numeric(match[0]):.0f},", text)
    text = text.translate(_CHARACTERS)
    return unicodedata.normalize("NFKC", text) if not text.isascii() and "…" not in text else text


def _quote(match: re.Match[str]) -> str:
    """Text as `‹words›`, with the colon of a label behind it."""
    words = match[1].strip()
    if not any(character.isalpha() for character in words):
        return words or " "
    label = words.endswith(":")
    return f"‹{words.removesuffix(':')}›" + ":" * label


def _mark_words(match: re.Match[str]) -> str:
    """Letters that are prose become `‹words›`; products of letters, functions and commands stay."""
    run = match[0]
    if run.startswith("\\"):
        return run
    if run.startswith("‹"):
        return _CONJUNCTION.sub(lambda word: "›∧‹" if word[1] == "and" else "›∨‹", run).replace("‹›", " ")
    if run.lower() in _WORDS:
        return _WORDS[run.lower()]
    if run in FUNCTIONS:
        return "\\" + run + " "
    return f"‹{run}›" if _is_word(run, match) else run


def _is_word(run: str, match: re.Match[str]) -> bool:
    if len(run) < 2:
        return False
    if run in _ENGLISH:
        return True
    if run.lower() in UNITS and re.search(r"[\d}/]\s*$", match.string[: match.start()][-4:]):
        return True
    is_product = len(run) <= 4 and list(run) == sorted(set(run)) and (run.islower() or run.isupper())
    return len(run) > 2 and not is_product


def latex(text: str) -> str:
    """The dialect turned back into LaTeX that other parsers read."""
    return text.translate(_LATEX)
