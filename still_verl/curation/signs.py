"""The tables by which two ways to type the same mathematics become one."""

# Superscripts and subscripts of Unicode; NFKC alone would turn x² into x2.
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n", strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-", strict=True))
_SIGNS = {
    "√": " sqrt ", "π": " pi ", "∞": " infty ", "∠": " angle ", "△": " triangle ", "°": " degree ", "º": " degree ",
    "×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "⁄": "/", "∕": "/", "−": "-", "–": "-", "—": " - ", "‐": "-",
    "≤": "≤", "⩽": "≤", "≥": "≥", "⩾": "≥", "∈": " in ", "∪": " cup ", "∩": " cap ", "∑": " sum ", "∏": " prod ",
    "∫": " int ", "→": " to ", "≠": " neq ", "≡": " equiv ", "±": " pm ", "⊥": " perp ",
    "∥": " parallel ",
    "⌊": " floor ", "⌋": " floor ", "⌈": " ceil ", "⌉": " ceil ", "…": " ", "′": "'", "’": "'", "“": '"', "”": '"',
    "%": " percent ", "\u00a0": " ", "\u2009": " ", "½": " 1/2 ", "¼": " 1/4 ",
    "¾": " 3/4 ",
    "⅓": " 1/3 ", "⅔": " 2/3 ", "⅕": " 1/5 ", "⅖": " 2/5 ", "⅗": " 3/5 ", "⅘": " 4/5 ", "⅙": " 1/6 ", "⅚": " 5/6 ",
    "⅐": " 1/7 ", "⅛": " 1/8 ", "⅜": " 3/8 ", "⅝": " 5/8 ", "⅞": " 7/8 ", "⅑": " 1/9 ", "⅒": " 1/10 ",
    "⊂": " subset ", "⊆": " subseteq ", "⊃": " supset ", "⊇": " supseteq ", "∉": " notin ", "∅": " emptyset ",
    "∧": " wedge ", "∨": " vee ", "¬": " neg ", "∀": " forall ", "∃": " exists ", "⇒": " rightarrow ",
    "⟹": " rightarrow ", "⇔": " iff ", "⟺": " iff ", "≈": " approx ", "∼": " sim ", "≅": " cong ", "∝": " propto ",
    "∘": " degree ", "∂": " partial ", "∇": " nabla ", "∣": "|", "∤": " nmid ", "∛": " sqrt 3 ",
}  # fmt: skip

TYPED = str.maketrans(_SIGNS)

# Marks where a word may be broken, or in which direction it is read: soft hyphens, zero-width joiners.
INVISIBLE = dict.fromkeys((0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, 0xFE0E, 0xFE0F))
# Cyrillic letters that one cannot tell from Latin ones; in translated problems they are names of points and variables.
LOOK_LATIN = str.maketrans("аеорсухіјѕһԁАВЕКМНОРСТУХІЈЅ", "aeopcyxijshdABEKMHOPCTYXIJS")

VARIABLE = "v"
_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho varrho sigma tau "
    "upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Upsilon Phi Psi Omega ell"
).split()
# Commands that say how something looks, and not what it is.
_LOOKS = (
    "left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr displaystyle textstyle scriptstyle limits "
    "nolimits quad "
    "qquad text mathrm mathbf mathit mathsf mathbb mathcal operatorname textbf textit emph underline mbox hbox "
    "rm bf it "
    "hspace vspace phantom boldsymbol bm ensuremath textrm textnormal mathop middle nonumber notag hfill noindent "
    "overline bar vec overrightarrow hat widehat tilde widetilde underbrace overbrace boxed hline frac "
    "dfrac tfrac cfrac dots ldots cdots dotsc displaylimits item "
    "begin end "
    "medskip bigskip smallskip par label centering newline lbrace rbrace lbrack rbrack langle rangle"
).split()
_SPELLED = {
    "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "lt": "<", "gt": ">", "cdot": "*",
    "times": "*", "ast": "*", "div": "/", "over": "/", "circ": " degree ", "degree": " degree ", "ne": " neq ",
    "rightarrow": " to ", "lfloor": " floor ", "rfloor": " floor ", "lceil": " ceil ", "rceil": " ceil ",
    "binom": " choose ", "dbinom": " choose ", "tbinom": " choose ", "pmod": " mod ", "bmod": " mod ",
    "infty": " infty ", "dollar": "$", "to": " to ", "lvert": "|", "rvert": "|", "vert": "|", "mid": "|",
    "land": " wedge ", "lor": " vee ", "lnot": " neg ", "varnothing": " emptyset ", "implies": " rightarrow ",
    "Rightarrow": " rightarrow ", "Longrightarrow": " rightarrow ", "Leftrightarrow": " iff ", "minus": "-",
    "percent": " percent ", "triangle": " triangle ",
}  # fmt: skip
COMMANDS = {
    **{name: " " for name in _LOOKS},
    **{name: f" {VARIABLE} " for name in _GREEK},
    **_SPELLED,
}

# The Greek letters of Unicode are variables, except pi.
GREEK_LETTERS = str.maketrans({letter: f" {VARIABLE} " for letter in "αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΣΦΨΩϕϵ"})

# All other pairs of letters are a product, `ax`.
TWO_LETTERS = frozenset("am an as at be by do go he if in is it me my no of on or so to up us we pi ln lg".split())
UNITS = frozenset("cm mm km ft lb kg hr mph hz db ml gm st nd rd th".split())
# Numbers that are written as words. "one" is left out: it is rather a pronoun ("the one that", "one of").
_COUNTED = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen".split()
)
_RANKED = "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
NUMBER_WORDS = {
    **{word: str(number) for number, word in enumerate(_COUNTED, 2)},
    **{word: str(number) for number, word in enumerate(_RANKED, 2)},
    "eighteen": "18", "nineteen": "19", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60",
    "seventy": "70", "eighty": "80", "ninety": "90", "hundred": "100", "thousand": "1000", "million": "1000000",
    "twice": "2", "double": "2", "thrice": "3", "triple": "3", "half": "0.5", "zero": "0", "dozen": "12",
}  # fmt: skip
