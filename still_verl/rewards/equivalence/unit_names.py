"""The words that are units: the one list of them, for `normalize` and `read/units.py`.

To add a unit: a row of `_SPELLINGS` when it can contradict another one (5 cm is not 5 m), else a word of `_COUNTED`.
"""

# The name of each measure, and the words for it.
_SPELLINGS = {
    "mm": "mm",
    "cm": "cm centimeter centimeters",
    "dm": "dm",
    "m": "m meter meters metre metres",
    "km": "km kilometer kilometers",
    "in": "in inch inches",
    "ft": "ft foot feet",
    "yd": "yd yard yards",
    "mi": "mi mile miles",
    "mg": "mg",
    "g": "g gram grams",
    "kg": "kg kilogram kilograms",
    "oz": "oz ounce ounces",
    "lb": "lb lbs pound pounds",
    "s": "s sec second seconds",
    "min": "min minute minutes",
    "h": "h hr hour hours",
    "day": "day days",
    "week": "week weeks",
    "month": "month months",
    "year": "year years",
    "ml": "ml",
    "l": "l liter liters",
    "m/s": "m/s",
    "km/h": "km/h km/hr",
    "cent": "cent cents",
    "dollar": "dollar dollars usd",
    "%": "percent percentage",
    "°": "degree degrees deg",
    "rad": "rad radian radians",
}
# Words that follow a number as units do, and contradict none.
_COUNTED = "litre litres mph kmph kph rpm unit units sq square cubic cu people ways times yuan rs"


def _measures() -> dict[str, str]:
    measures = {}
    for name, words in _SPELLINGS.items():
        for word in words.split():
            measures[word] = name
    return measures


MEASURES = _measures()  # of each word: the name of what it measures
UNIT_WORDS = frozenset(MEASURES).union(_COUNTED.split())
