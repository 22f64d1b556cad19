r"""Writes texts of one meaning in one notation.

`normalize` turns LaTeX, Unicode and plain text into the same characters, so that every later rule reads one dialect:
`±∓≤≥≠≈∈∪∩∖∞π°∘…ℝ∅` for the commands of these names, `*` and `/` for products and quotients, `⦃⦄` for the braces
of a set, `⟦⟧` for a matrix, `⟪⟫` for cases, `∧∨` for "and" and "or" between answers, `⋀⋁` for those of logic, and
`‹words›` for text. Plain braces only group.
"""

import re
import unicodedata
from functools import lru_cache

# fmt: off
_COMMANDS = {
    "pm": "±", "mp": "∓", "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "lt": "<",
    "gt": ">", "ne": "≠", "neq": "≠", "approx": "≈", "in": "∈", "cup": "∪", "bigcup": "∪", "cap": "∩", "setminus": "∖",
    "backslash": "∖", "infty": "∞", "pi": "π", "circ": "∘", "degree": "°", "ldots": "…", "dots": "…", "cdots": "…",
    "dotsc": "…", "dotsb": "…", "emptyset": "∅", "varnothing": "∅", "times": "*", "cdot": "*", "div": "/", "colon": ":",
    "mid": "|", "vert": "|", "lvert": "|", "rvert": "|", "lbrace": "⦃", "rbrace": "⦄", "langle": "(", "rangle": ")",
    "land": "⋀", "wedge": "⋀", "lor": "⋁", "vee": "⋁", "parallel": "∥", "perp": "⊥", "lnot": r"\neg ",
    "euro": "€", "pounds": "£", "dfrac": r"\frac", "tfrac": r"\frac", "cfrac": r"\frac", "nicefrac": r"\frac",
    "dbinom": r"\binom", "tbinom": r"\binom", "tg": r"\tan", "ctg": r"\cot", "arctg": r"\arctan", "lg": r"\log_{10}",
    "R": "ℝ", "Reals": "ℝ", "Z": "ℤ", "lparen": "(", "rparen": ")", "implies": "⇒", "Rightarrow": "⇒", "iff": "⇔",
    "Leftrightarrow": "⇔", "sim": "~", "prime": "'", "varphi": r"\phi", "varepsilon": r"\epsilon", "quad": " ",
    "rightarrow": r"\to ",
    "qquad": " ", "left": "", "right": "", "displaystyle": "", "textstyle": "", "limits": "", "boldsymbol": "",
    "phantom": "", "equiv": "≡", "pmod": "‹mod›", "bmod": "‹mod›", "mod": "‹mod›",
    "bm": "", "bf": "", "rm": "", "it": "", "therefore": "", "cr": "\n",
    "big": "", "Big": "", "bigg": "", "Bigg": "", "bigl": "", "bigr": "", "Bigl": "", "Bigr": "", "middle": "",
}
_CHARACTERS = str.maketrans({
    "−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "⁄": "/", "∕": "/", "√": r"\sqrt ",
    "≦": "≤", "≧": "≥", "⩽": "≤", "⩾": "≥", "∣": "|", "∶": ":", "º": "°", "∧": "⋀", "∨": "⋁",
    "⟨": "(", "⟩": ")", "’": "'",
    "′": "'", "“": '"', "”": '"', "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "θ": r"\theta ",
    "λ": r"\lambda ", "μ": r"\mu ", "ρ": r"\rho ", "σ": r"\sigma ", "τ": r"\tau ", "φ": r"\phi ", "ω": r"\omega ",
    "ε": r"\epsilon ", "η": r"\eta ", "Δ": r"\Delta ", "∀": r"\forall ", "∃": r"\exists ", "⌈": r"\lceil ",
    "⌉": r"\rceil ", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "，": ",", "；": ";", "：": ":", "（": "(", "）": ")",
    "。": ".", "【": "(", "】": ")", "✓": "", "✔": "", "✅": "", "∎": "", "■": "", "□": "", "、": ",",
    "∴": "", "∠": r"\angle ", "△": r"\triangle ", "∛": r"\sqrt[3]", "\u200b": "", "\u200c": "", "\u200d": "",
    "\u2060": "", "\ufeff": "",
})
_LATEX = str.maketrans({
    "±": r"\pm ", "∓": r"\mp ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "∈": r"\in ",
    "∪": r"\cup ", "∩": r"\cap ", "∖": r"\setminus ", "∞": r"\infty ", "π": r"\pi ", "°": r"^{\circ}", "…": r"\dots ",
    "⦃": r"\{", "⦄": r"\}", "∅": r"\emptyset ", "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "*": r"\cdot ", "%": r"\%",
    "‹": r"\text{", "›": "}", "⟦": r"\begin{pmatrix}", "⟧": r"\end{pmatrix}", "\n": r"\\", "≡": r"\equiv ",
    "∘": r"\circ ",    "⋀": r"\land ", "⋁": r"\lor ", "⟪": r"\begin{cases}", "⟫": r"\end{cases}",
    "∥": r"\parallel ", "⊥": r"\perp ",
})
# fmt: on
_DIALECT = frozenset("…ℝℤℕℚℂ")  # characters of ours with compatible ones
# The functions that apply to what follows them: `normalize` knows them without a backslash, `parse` reads a call.
CALLS = frozenset("sin cos tan cot sec csc arcsin arccos arctan ln log exp".split())
_BARE_COMMANDS = CALLS.union("sqrt frac binom lfloor rfloor lceil rceil gcd lcm".split())
# Units of two letters, which would else be a product; longer ones are words, and a single letter may be either.
_SHORT_UNITS = frozenset("deg mm cm dm km in ft yd mi mg kg oz lb ml hr am pm AM PM sq".split())
# Products of three or four symbols, `mgh` or `GMm`, have no vowel or a capital inside. No word is so, but units are.
_SYMBOLS = re.compile(r"(?=.{3,4}$)(?![A-Z]+$)(?:[^aeiouyAEIOUY]+|.+[A-Z].*)")
_LONG_UNITS = frozenset(
    "pct mph kph rpm lbs hrs yds ppm ppb kWh kHz MHz GHz mmHg keV MeV GeV TeV hPa kPa MPa nth".split()
)
_CURRENCIES = {"€": "‹euro›", "£": "‹£›", "¥": "‹yuan›", "₹": "‹rs›"}
_JOINED = re.compile(r"(?<=[0-9n+-])\}[\^_]\{(?=[0-9n+-])")  # `x^{1}^{2}` of `x¹²`
_TAG = re.compile(r"<(sup|sub)>([^<>]*)</\1>")
_FONT_TAG = re.compile(r"<(b|i|strong|em|u|mark)>([^<>]*)</\1>")
_BARE_SET = re.compile(r"\{(\s*[a-zA-Z]\s*[|∣].*)\}")  # as it looks: `{x|x>2}`
_SPACING = re.compile(r"\\[,;: ()\[\]]|~|\$")
_DECORATION = re.compile(
    r"\\(?:textcolor|colorbox|color)\s*(?:\[\w+\])?\s*\{[^{}]*\}"
    r"|\\(?:checkmark|underline|blacksquare|square|Box|qed|[hH]uge|[lL]arge|LARGE)(?![a-zA-Z])"
)
_MARKDOWN = re.compile(r"^(\*\*|__|`)(.+)\1$")
_ABOUT = re.compile(r"^\s*~(?=\s*[\d\\(])")
_DOUBLE_ESCAPED = re.compile(r"\\\\(?=[a-zA-Z{}%])")  # a row that ends just before a letter is in an environment
_THOUSANDS_MARK = re.compile(r"(?<=\d)\{,\}(?=\d{3}(?!\d))")
_DECIMAL_MARK = re.compile(r"(?<=\d)\{,\}(?=\d)")
_CURRENCY = re.compile("[€£¥₹](?![^‹›]{0,60}›)")  # outside of quoted text
_TEXT = re.compile(
    r"\\(?:text[a-z]*|mathrm|mathit|mathsf|mathtt|emph|mbox|hbox|operatorname\*?|math(?:bf|cal|bb))\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_NUMBER_SET = re.compile(r"\\math(?:bb|bf(?!\s*\{?\s*C))\s*\{?\s*([RZNQC])\s*\}?(?![a-zA-Z])")
_AXIS = re.compile(r"\\(?:mathbf|boldsymbol|bm|hat|vec)\s*(?:\{\s*\\?([ijk])(?:math)?\s*\}|([ijk])(?![a-z]))")
_UPRIGHT = re.compile(r"\\(?:mathrm|operatorname)\s*\{\s*([ei])\s*\}")
# Of vectors a cross is another product than a dot.
_VECTOR = r"\\(?:vec|mathbf|boldsymbol|bm|overrightarrow)\s*(?:\{[^{}]*\}|[a-zA-Z])"
_CROSS = re.compile(rf"({_VECTOR})\s*(?:\\times(?![a-zA-Z])|×)\s*(?={_VECTOR})")
_ROW_SPACE = re.compile(r"(?<=\\\\)\s*\[\s*-?[\d.]+\s*[a-z]{2}\s*\]")  # of `\\\\[4pt]`
_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?=\{)")
_ENVIRONMENT = re.compile(
    r"\\(begin|end)\s*\{\s*(?:(?P<matrix>[pbB]?(?:small)?matrix|array)|(?P<det>vmatrix)|(?P<cases>[dr]?cases)|"
    r"(?P<lines>align(?:ed)?|gather(?:ed)?|split)\*?)\s*\}(?:\s*\{[lcr| ]*\})?"
)
_ENVIRONMENTS = {
    "matrix": {"begin": "⟦", "end": "⟧"},
    "det": {"begin": "|⟦", "end": "⟧|"},
    "cases": {"begin": "⟪", "end": "⟫"},
    "lines": {"begin": "⟪", "end": "⟫"},
}
_SYSTEM = re.compile(r"⦃\s*⟦([^⟦⟧]*)⟧(?!\s*⦄)")  # an array behind a single brace
_BRACKETED_MATRIX = re.compile(r"[(\[]\s*(⟦[^⟦⟧]*⟧)\s*[)\]]")
_ALIGNED = re.compile(r"&\s*(?=[=<>≤≥])|(?<=[=<>≤≥])\s*&")
_NUMBER_SETS = {"R": "ℝ", "Z": "ℤ", "N": "ℕ", "Q": "ℚ", "C": "ℂ"}
_NEGATIVE_SPACE = re.compile(r"(?:(?<=\d),)?\s*\\!\s*")
_EMPTY_DELIMITER = re.compile(r"\\(?:left|right)\s*\.")
_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_DEGREE = re.compile(r"\^\s*\{\s*[°∘]\s*\}|\^\s*[°∘]|(?<=\d)\s*∘(?!\s*[a-zA-Z(])")
_RELATED = re.compile("[=<>≤≥≠∈≡]")
_RUN = re.compile(r"\\[a-zA-Z]+|‹[^›]*›|[A-Za-z]+|[\u4e00-\u9fff]+")
_CONJUNCTION = re.compile(r"\b(and|or)\b")
_STRAY_PERIOD = re.compile(r"\.(?=\s*[)\]}⦄])")
_UNEQUAL = re.compile(r"(?<![0-9)}!])!=")  # `5!=120` is a factorial
_ARGUMENTS = re.compile(r"\\(max|min|gcd|lcm) *⦃([^⦃⦄]*)⦄")
_ORDINAL = re.compile(r"(\d)\s*(?:\^\s*\{?\s*‹?|‹)(?:th|st|nd|rd)(?![^›]*[a-z][^›]*›)›?\s*\}?(?![a-z])")
_NTH = re.compile(r"^(\d+)th$")
_MERIDIEM = re.compile(r"(?<=\d)\s*([apAP])\.\s?([mM])(?:\.|(?![a-zA-Z]))")
_NUMBERS = re.compile(r"[-\d.,/\s]+(?:(?:and|or)\b[-\d.,/\s]+)*")  # quoted, though they are no words
# A quoted text that begins with its number: `10:30 a.m.`, `7th`, `12 cm`.
_MEASURED = re.compile(r"(-?\d+(?:[.:/]\d+)?)(?:st|nd|rd|th)?\b\s*([^\d.,:;]\D*)?")
_FORMULA = re.compile(r"\\(?!cdot|times|circ|degree)[a-zA-Z]|[+=]")  # in a bold or upright text; not in units
_LETTERS = re.compile(r"[^\W\d_]{2}|(?![a-zA-Z])[^\W\d_]")
_SMALL_GROUP = re.compile(r"([_^])\{([A-Za-z0-9])\}")
_UNIT_FRACTION = re.compile(r"\\frac\s*\{\s*(‹[^›]*›)\s*\}\s*\{\s*(‹[^›]*›)\s*\}")
_SINGLE_ENTRY = re.compile(r"⟦([^⟦⟧&\n]*)⟧")
_PER = re.compile(r"(?<=›)\s*/\s*([a-zA-Z]{1,2})(?![a-zA-Z])")  # `‹km›/h`
_SPACES = re.compile(r"[ \t]+")
_ROW_ENDS = re.compile(r"\n\s+")  # of empty rows
# An interval, its open ends perhaps `]0, 1[`. A list in its own brackets comes first: `[1],[2]` has no `],[`.
_REVERSED = re.compile(r"\[[^][]*\]|([][])(\s*[^][(),;\s][^][(),;]*[,;]\s*[^][(),;\s][^][(),;]*)([][])")
_IDLE_SPACE = re.compile(r"(?<![A-Za-z0-9\s])\s+|\s+(?![A-Za-z0-9\s])")  # all of it: `12 \n13` is not 1213
_BEHIND_NUMBER = re.compile(r"[\d}]\s$|/\s*$")
_LONGEST_PRODUCT = 4  # letters side by side that may be a product
_ENGLISH = frozenset("for any not how most is if of no No".split())  # else they could be products of letters in order
_WORDS = {"infinity": "∞", "inf": "∞", "infty": "∞", "pi": "π", "and": "∧", "or": "∨", "union": "∪"}
_WORDS |= dict.fromkeys("和与且及", "∧") | {"或": "∨"}


@lru_cache(maxsize=16_384)
def normalize(text: str) -> str:
    r"""Return `text` in the one dialect of this module (see above).

    Example:
        >>> normalize(r"\left\{ \tfrac12 ,\ \infty \right\}")
        '⦃ \\frac12 , ∞ ⦄'
    """
    text = _ABOUT.sub("≈", _MARKDOWN.sub(r"\2", _plain_characters(" ".join(text.split()))))
    text = text.replace("...", "…").replace("**", "^")
    if "{,}" in text:
        text = _DECIMAL_MARK.sub(".", _THOUSANDS_MARK.sub("", text))
    if "\\" in text:
        text = _without_commands(text)
    text = _CURRENCY.sub(lambda sign: _CURRENCIES[sign[0]], text.replace("$", " ").replace("~", " "))
    text = text.replace("<=", "≤").replace(">=", "≥")
    text = _UNEQUAL.sub("≠", _MERIDIEM.sub(r" \1\2", text))
    text = _STRAY_PERIOD.sub("", text)
    if "⟦" in text or "⟪" in text:
        text = _matrices(text)
    if "[" in text or "]" in text:
        text = _REVERSED.sub(_interval, text)
    text = _DEGREE.sub("°", text)
    text = _ORDINAL.sub(r"\1", _NTH.sub(r"\1", text))
    text = _RUN.sub(_mark_words, text)
    if "‹" in text:
        text = _UNIT_FRACTION.sub(r"\1/\2", _PER.sub(r"/‹\1›", text))
    if _RELATED.search(text):  # between relations they join answers
        text = text.replace("⋀", "∧").replace("⋁", "∨")
    return _ROW_ENDS.sub("\n", _SPACES.sub(" ", text)).rstrip(" .;,\\").lstrip(" ;,=:")


def _without_commands(text: str) -> str:
    """Commands as the characters of this dialect, environments as their brackets, quoted text as `‹words›`."""
    text = _DECORATION.sub("", _BOX.sub("", text))
    text = _CROSS.sub(r"\1 ⨯ ", _UPRIGHT.sub(r" \1", _ROW_SPACE.sub("", text)))
    if r"\begin" in text:
        text = _ENVIRONMENT.sub(lambda found: _ENVIRONMENTS[str(found.lastgroup)][found[1]], text)
    else:
        text = _DOUBLE_ESCAPED.sub(r"\\", text)
    text = _AXIS.sub(lambda found: f"e_{{{'_ijk'.index(found[1] or found[2])}}}", text)
    text = _NUMBER_SET.sub(lambda found: _NUMBER_SETS[found[1]], text)
    text = _NEGATIVE_SPACE.sub("", text)
    text = _EMPTY_DELIMITER.sub("", text)
    text = text.replace(r"\{", "⦃").replace(r"\}", "⦄").replace(r"\%", "%").replace(r"\$", "‹dollar›")
    text = text.replace(r"\\", "\n")  # the end of a row
    text = _SPACING.sub(" ", text)
    text = _TEXT.sub(_quoted, text)
    # A command without a character stays, set apart from the letters behind it.
    text = _COMMAND.sub(lambda found: _COMMANDS.get(found[1], found[0] + " "), text)
    return _ARGUMENTS.sub(r"\\\1(\2)", text)


def _matrices(text: str) -> str:
    """Matrices without brackets around them, single entries without a matrix, and systems without their alignment."""
    text = _BRACKETED_MATRIX.sub(r"\1", _SINGLE_ENTRY.sub(r"\1", text))
    return _ALIGNED.sub("", _SYSTEM.sub(r"⟪\1⟫", text))


@lru_cache(maxsize=16_384)
def compact(text: str) -> str:
    """Return a normalized text without the spaces and braces that separate nothing: equal ones are equal answers."""
    return _SMALL_GROUP.sub(r"\1\2", _IDLE_SPACE.sub("", text))


def to_latex(text: str) -> str:
    """Return a normalized text as LaTeX that other parsers read."""
    return text.translate(_LATEX)


def _plain_characters(text: str) -> str:
    """Unicode as the characters that LaTeX would give; a raised digit stays an exponent."""
    text = _FONT_TAG.sub(r"\2", _TAG.sub(lambda tag: f"{'_^'[tag[1] == 'sup']}{{{tag[2]}}}", text))
    bare = _BARE_SET.fullmatch(text)
    text = f"⦃{bare[1]}⦄" if bare else text
    if text.isascii():
        return text
    return _JOINED.sub("", "".join(map(_plain_character, text.translate(_CHARACTERS))))


@lru_cache(maxsize=4096)
def _plain_character(character: str) -> str:
    """One character as its compatible ones: `²` as an exponent, `½` as a fraction behind a space, `ℝ` and `…` as is."""
    kind, _, _ = unicodedata.decomposition(character).partition(" ")
    plain = unicodedata.normalize("NFKC", character).replace("−", "-")
    marks = {"<super>": f"^{{{plain}}}", "<sub>": f"_{{{plain}}}", "<fraction>": f" {plain}".replace("⁄", "/")}
    if character in _DIALECT:
        return character
    return marks.get(kind, plain)


def _quoted(command: re.Match[str]) -> str:
    """Text as `‹words›`, with the colon of a label behind it; digits and punctuation alone stay as they are."""
    words = command[1].strip()
    if not words:
        return " "
    if "‹" in words or not any(map(str.isalpha, words)) or _NUMBERS.fullmatch(words):
        return words
    if words in _BARE_COMMANDS:
        return "\\" + words + " "
    if _FORMULA.search(words) and not _LETTERS.search(_COMMAND.sub(" ", words)):
        return words
    measured = _MEASURED.fullmatch(words)
    if measured:
        return measured[1] + (f" ‹{measured[2]}›" if measured[2] else "")
    if words.endswith(":"):
        return f"‹{words.removesuffix(':')}›:"
    return f"‹{words}›"


def _interval(found: re.Match[str]) -> str:
    """An interval with parentheses at its open ends."""
    return f"{found[1].replace(']', '(')}{found[2]}{found[3].replace('[', ')')}" if found[1] else found[0]


def _mark_words(match: re.Match[str]) -> str:
    """Letters that are prose become `‹words›`; products of letters, functions and commands stay."""
    run = match[0]
    word = run.strip("‹›").lower()
    if run.startswith("\\"):
        return run
    if word in _WORDS:
        return _WORDS[word]
    if run.startswith("‹"):  # with "and" between two texts
        return _CONJUNCTION.sub(lambda word: f"›{_WORDS[word[1]]}‹", run).replace("‹›", " ")
    if run in _BARE_COMMANDS:
        return "\\" + run + " "
    return f"‹{run}›" if _is_word(run, match) else run


def _is_word(run: str, match: re.Match[str]) -> bool:
    """Whether letters are a word or a unit. Up to four different letters in alphabetical order are a product."""
    if not run.isascii():
        return True
    if run in _ENGLISH:
        return True
    if run in _SHORT_UNITS and _BEHIND_NUMBER.search(match.string[max(match.start() - 3, 0) : match.start()]):
        return True
    if run not in _LONG_UNITS and _SYMBOLS.fullmatch(run):
        return False
    in_order = len(run) <= _LONGEST_PRODUCT and list(run) == sorted(set(run))
    return len(run) > 2 and not (in_order and (run.islower() or run.isupper()))
