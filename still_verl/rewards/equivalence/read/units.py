"""Numbers with something attached: units, number words, degrees, percent, currency, a number base, thousands."""

import re

from still_verl.rewards.equivalence.answer_types import Formula
from still_verl.rewards.equivalence.node import Node, Unreadable, number
from still_verl.rewards.equivalence.parse import parse

_POWER = re.compile(r"›\s*\^\s*\{?\s*-?\d\s*\}?$")
_BASE = re.compile(r"(-?\d+)\s*_\s*\{?\s*(\d+)\s*\}?")
_ABOUT = re.compile(r"^(?:‹(?:approximately|about|approx|around|roughly)›\s*\.?|≈)\s*")
_CURRENCY = re.compile(r"^(-?)\s*‹(dollar|euro|£|yuan|rs|usd)›\s*\.?\s*", re.IGNORECASE)
_TEMPERATURE = re.compile(r"(?<=\d)\s*°\s*‹?([CF])›?$")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:(?:,\d{3})+(?![\d,])|(?: \d{3})+(?![\d/]))")
_BRACKET = re.compile(r"[(\[⦃]")
_ANGLE_FUNCTION = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)")
# Letters behind a number: a product of symbols, or a unit.
_LETTERS = re.compile(
    r"([^a-zA-Z]*\d(?:[eE][+-]?\d+)?)(\s*)([a-zA-Z]{1,3}(?:\s*/\s*[a-zA-Z]{1,2})?(?:\s*\^\s*\{?\s*\d\s*\}?)?)"
)
_LETTER_UNITS = frozenset(
    "m g s h d l L N W J V A K C F H T t cm mm dm km in ft yd mi mg kg oz lb lbs ml mL min hr kN kW mV kV Hz Pa "
    "rad rs".split()
)
_EXPONENT = re.compile(r"\^\s*\{?\s*(-?\d)\s*\}?")
_RAISED = re.compile(r"\*\*-?\d")
_MARKS = re.compile(r"[‹›(){},]")
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NUMBERS = {word: str(value) for value, word in enumerate(_SMALL)}
for _value, _ten in enumerate(_TENS, 2):
    NUMBERS |= {_ten: f"{_value}0"} | {f"{_ten} {_SMALL[one]}": f"{_value}{one}" for one in range(1, 10)}
_MULTIPLIERS = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
_COUNT = "|".join((*_SMALL, *_TENS))
# Of `two-digit numbers` and `five letter words` the number says which are counted; `point five meters` is a value.
_DESCRIBING = re.compile(
    rf"(?:\b(?:{_COUNT})-|(?:^|(?<=different )|(?<=distinct ))(?:{_COUNT}) )(?=[a-z]{{2,}}[a-rt-z] [a-z])"
)
# Words behind a number that say another number, or that this is none.
_CHANGES = re.compile(
    rf"\d|\b(?:{_COUNT}|{'|'.join(_MULTIPLIERS)})\b|"
    r"\b(?:doubled|tripled|halved|twice|thrice|kilo|mega|giga|lakhs?|crores?|"
    r"factorial|squared|cubed|mod|modulo|base|half|halves|thirds?|quarters?|fourths?|fifths?|sixths?|sevenths?|"
    r"eighths?|ninths?|tenths?|hundredths?|thousandths?|hundreds|thousands|millions|billions|score|gross|times|not|no|"
    r"nor|or|to|than|less|more|fewer|minus|plus|negative|if|when|unless|except|without|choose|root|"
    r"is|are|was|were|be|isn|aren|can|cannot|could|would|should|must|does|do|did|wrong|false|incorrect|impossible|invalid|"
    r"etc|others?|so|any|every|all|some|like|such|maybe|perhaps|possibl[ey]|odd|least|most|too|power|inverse|tens|basis|"
    r"mille|permil|ppm|ppb|millones|mio|mil|bn|[kKMB])\b"
)
# Behind a number in Chinese stands what is counted or measured; another word may say another number.
_CHINESE = re.compile("[\u4e00-\u9fff]")
_COUNTED = re.compile(
    "(?:平方|立方)?[千厘分毫公海英]?[米里寸尺]|[千毫公]?[克升斤]|公顷|分钟|小时|摄氏度|"
    "[个元角人名位种次条本张块只头匹双对套页行列排组班间层台架艘座段节步圈面件辆棵支枝朵根颗粒杯瓶箱袋包盒吨亩秒分时天日月年岁周度边题道]"
)
_OTHER_NUMBER = re.compile("[以之半错误左右多余倍折成打平立次方阶倒相反又约近至到不非没無无或除十百千万亿億萬兆几数]")
_SPECIAL = dict.fromkeys(("percent", "percentage", "per cent", "pct"), "%")
_SPECIAL |= dict.fromkeys(("degree", "degrees", "deg"), "°")
_SPECIAL |= dict.fromkeys(("rad", "radian", "radians"), "rad") | {"元": "yuan", "am": "am", "pm": "pm", "度": "°"}


def without_thousands(text: str) -> str:
    """Return `text` with `1,234` and `1 234` as `1234`, when it has no brackets that would make the comma separate."""
    if _BRACKET.search(text):
        return text
    return _THOUSANDS.sub(lambda found: re.sub("[, ]", "", found[0]), text)


def read_formulas(text: str) -> tuple[Formula, ...]:
    """Read a formula; letters behind a number are symbols and, in a second interpretation, a unit: `5 m`."""
    formula = read_formula(text)
    found = _LETTERS.fullmatch(text)
    if not found or formula.unit or re.split(r"[\s/^]", found[3])[0] not in _LETTER_UNITS:
        return (formula,)
    try:
        return formula, Formula(found[1], parse(found[1]), unit_name(found[3]), droppable=False)
    except Unreadable:
        return (formula,)


def read_formula(text: str) -> Formula:
    """Read a formula and the unit that is attached to it; `node` is None when the formula is not understood."""
    exact = _ABOUT.sub("", text)
    money = _CURRENCY.match(exact)
    core, unit = take_unit(money[1] + exact[money.end() :] if money else exact)
    scale, unit = _multiplied(unit)
    if money and not unit:
        unit = money[2].lower()
    try:
        node = parse(core)
    except Unreadable:
        return Formula(core, None, unit)
    if scale != 1:
        node = Node("*", (node, number(scale)))
    return Formula(core, node, unit, is_about=exact != text)


def take_unit(text: str) -> tuple[str, str]:
    """Return the text without its unit, and the unit's name; an empty one when nothing is attached to a formula."""
    with_base = _BASE.fullmatch(text)
    if with_base:
        return with_base[1], f"base {with_base[2]}"
    if text.endswith("%"):
        return text[:-1].strip(), "%"
    if text.endswith("°") and not _ANGLE_FUNCTION.search(text):
        return text[:-1].strip(), "°"
    temperature = _TEMPERATURE.search(text)
    if temperature:
        return text[: temperature.start()], "°" + temperature[1]
    core = _without_words(text)
    unit = unit_name(text[len(core) :])
    if not core or not unit or changes_number(unit):
        return text, ""
    return core.removesuffix("°"), unit


def changes_number(words: str) -> bool:
    """Say whether words behind a number make another number of it, or none: they are no unit of it."""
    _, behind = _multiplied(words)
    is_symbol = len(words) == 1 and words.isascii() and words.isalpha() and words not in _LETTER_UNITS
    if is_symbol or _CHANGES.search(_DESCRIBING.sub("", _RAISED.sub("", behind))):
        return True
    counted = _COUNTED.match(words)
    if counted:
        return _OTHER_NUMBER.search(words, counted.end()) is not None
    return _CHINESE.search(words) is not None


def _without_words(text: str) -> str:
    """`text` without the `‹words›` at its end, with their powers and the signs between them."""
    while text:
        power = _POWER.search(text)
        if power:
            text = text[: power.start() + 1]
        if not text.endswith("›"):
            return text
        text = text[: max(text.rfind("‹"), 0)].rstrip(" */.")
    return text


def unit_name(words: str) -> str:
    """Return the name of a unit as `read.quantities` reads it: `m/s`, `cm**2`, `apples`."""
    words = _MARKS.sub(" ", _EXPONENT.sub(r"**\1", words.replace(".", "")))
    name = " ".join(words.split()).replace(" **", "**")
    return _SPECIAL.get(name.lower(), name)


def _multiplied(unit: str) -> tuple[int, str]:
    """The factor that "million" and other number words stand for, and the unit behind them."""
    factor, words = 1, unit.split()
    while words and words[0].lower() in _MULTIPLIERS:
        factor *= _MULTIPLIERS[words.pop(0).lower()]
    name = " ".join(words).removeprefix("of ")
    return factor, _SPECIAL.get(name.lower(), name)
