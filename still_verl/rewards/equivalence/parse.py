r"""A parser for the formulas that answers are made of, from the dialect of `normalize` to a small tree.

It reads what it understands completely and refuses the rest (`Unreadable`), so that nothing is compared by half.
Products may be implicit; `2\frac{1}{3}` is a mixed number; a function takes the product that follows it.
"""

import re
from fractions import Fraction
from functools import lru_cache

from still_verl.rewards.equivalence import clock
from still_verl.rewards.equivalence.node import Node, Unreadable, function, number
from still_verl.rewards.equivalence.normalize import CALLS
from still_verl.rewards.equivalence.scanner import Scanner

MAX_FORMULA_LENGTH = 600  # characters
MAX_SUM_DEPTH = 40  # sums inside brackets, exponents and arguments; the parser calls itself for each

_NUMBER = re.compile(r"\d+\.\d+[eE][+-]?\d{1,3}|\d+(?:E[+-]?|e)\d{1,3}|1e-\d{1,3}|\d+e[+-]\d{2,3}|\d+(?:\.\d+)?|\.\d+")
_REPEATING = re.compile(
    r"(\d*)\.(\d*)"  # with a space `0.5 (1)` is a product
    r"(\s*\\overline\s*\{\s*\d+\s*\}|\s*\\dot\s*\{\s*\d+\s*\}(?:\d*\s*\\dot\s*\{\s*\d\s*\})?|\(\d{1,40}\))"
)
_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_NEXT_COMMAND = re.compile(r"\s*\\([a-zA-Z]+)")
_SUBSCRIPT = re.compile(r"\s*_\s*(?:\{([^{}]*)\}|([A-Za-z0-9]))")
_MIXED = re.compile(r"\s*(?:\\frac\s*(?:\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}|(\d)\s*(\d))|\s(\d+)\s*/\s*(\d+)(?![\d.]))")
_DERIVATIVE = re.compile(r"(?<![a-zA-Z\\])d(?:\^\{?\d\}?)?\s*[a-zA-Z]?\s*(?:\}\s*\{|/)\s*d\s*\\?[a-zA-Z]")
_ONE_LETTER = re.compile(r"‹([A-Za-z])›")
_INVERSE = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
_GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi omega Gamma "
    "Delta Theta Lambda Xi Sigma Phi Psi Omega ell".split()
)
_MARK = re.compile(r"\s*(!!|[!°%])")
_POSTFIX = {"!": "factorial", "°": "degrees"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _literal(text: str) -> Node:
    """A number as it is written; one with an exponent of ten counts as exact."""
    decimals = 0 if "e" in text.lower() else len(text.partition(".")[2])
    return Node("number", value=Fraction(text), decimals=decimals)


def _repeating(whole: str, fixed: str, period: str) -> Node:
    r"""The fraction that `0.1\overline{6}` is, also written `0.1(6)` and with dots over the ends of the period."""
    period = re.sub(r"\D", "", period)
    shift = 10 ** len(fixed)
    nines = 10 ** len(period) - 1
    before_period = Fraction(int(whole + fixed or "0"), shift)
    return number(before_period + Fraction(int(period), shift * nines))


@lru_cache(maxsize=16_384)
def parse(text: str) -> Node:
    r"""Parse a whole formula, in the dialect of `normalize`.

    Raises:
        Unreadable: any part of it is not understood.
        RecursionError: it is nested too deeply for Python.
        OutOfTime: see `clock`.

    Example:
        >>> parse("2x").kind, sorted(parse("2x + y").symbols())
        ('*', ['x', 'y'])
    """
    clock.check()
    if len(text) > MAX_FORMULA_LENGTH:
        raise Unreadable("too long")
    if _DERIVATIVE.search(text):
        raise Unreadable("a derivative")  # no quotient of products: dy/dx is not y/x
    parser = _Parser(text)
    tree = parser.sum()
    if parser.peek():
        raise Unreadable(f"stopped at {parser.ahead()!r}")
    return tree


class _Parser(Scanner):
    """Recursive descent, one method for each level of precedence.

    From the loosest to the tightest: `sum`, `signed`, `product`, `power`, `postfix` (factorials, degrees, percent), and
    `primary` (numbers, brackets, symbols, commands). A method leaves `at` behind what it has read.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.inside_bars = 0  # of absolute values: there a bar closes and opens no other

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > MAX_SUM_DEPTH:
            raise Unreadable("nested too deeply")
        total = self.signed()
        while self.peek() in ("+", "-"):
            sign = self.text[self.at]
            self.at += 1
            term = self.signed()
            total = Node("+", (total, term if sign == "+" else Node("neg", (term,))))
        self.depth -= 1
        return total

    def signed(self) -> Node:
        if self.take("-"):
            return Node("neg", (self.signed(),))
        self.take("+")
        return self.product()

    def product(self) -> Node:
        result = self.power()
        while True:
            if self.take("*"):
                result = Node("*", (result, self.factor()))
            elif self.take("/"):
                result = Node("/", (result, self.factor()))
            elif self.starts_factor():
                # `2 3` is no product: a sign may be lost between them, or they are two answers.
                if self.peek() in "0123456789." and self.text[self.at - 1 : self.at] in "0123456789. ":
                    raise Unreadable("two numbers side by side")
                result = Node("*", (result, self.power()))
            else:
                return result

    def factor(self) -> Node:
        """After an explicit operator a sign may come first."""
        if self.take("-"):
            return Node("neg", (self.power(),))
        return self.power()

    def starts_factor(self) -> bool:
        following = self.peek()
        if following == "|":
            return not self.inside_bars
        if following == "\\":
            return not self.text.startswith((r"\rceil", r"\rfloor"), self.at)
        return bool(following) and (following.isalnum() or following in "([{π∞…‹.")

    def power(self) -> Node:
        base = self.postfix(self.primary())
        if not self.take("^"):
            return base
        exponent = self.exponent()
        return self.postfix(Node("^", (base, exponent)))

    def exponent(self) -> Node:
        if self.take("-"):
            return Node("neg", (self.exponent(),))
        self.take("+")
        return self.primary()

    def postfix(self, node: Node) -> Node:
        mark = self.match(_MARK)
        while mark:
            if mark[1] == "!!":
                raise Unreadable("a double factorial")
            node = Node("/", (node, number(100))) if mark[1] == "%" else Node(_POSTFIX[mark[1]], (node,))
            mark = self.match(_MARK)
        return node

    def primary(self) -> Node:
        following = self.peek()
        repeating = self.match(_REPEATING)
        if repeating:
            return _repeating(*repeating.groups())
        literal = self.match(_NUMBER)
        if literal:
            return self.mixed(_literal(literal[0]))
        if following in _CLOSING:
            self.at += 1
            return self.bracketed(_CLOSING[following])
        if following == "|":
            return self.absolute()
        command = self.match(_COMMAND)
        if command:
            return self.command(command[1])
        quoted_letter = self.match(_ONE_LETTER)
        if quoted_letter:
            return self.symbol(quoted_letter[1])
        if following and (following in "π∞…" or (following.isalpha() and following.isascii())):
            self.at += 1
            return self.symbol(following)
        raise Unreadable(f"nothing to read at {self.ahead()!r}")

    def mixed(self, whole: Node) -> Node:
        """`whole` and the fraction that follows it, when that is a proper one."""
        found = _MIXED.match(self.text, self.at)
        if not found or whole.decimals:
            return whole
        # The pattern has two groups for each spelling, of which one pair has matched.
        top, bottom = [int(digits) for digits in found.groups() if digits]
        if not 0 < top < bottom:
            return whole
        self.at = found.end()
        return number(whole.value + Fraction(top, bottom))

    def bracketed(self, closing: str) -> Node:
        bars, self.inside_bars = self.inside_bars, 0
        inner = self.sum()
        self.inside_bars = bars
        self.expect(closing)
        return inner

    def absolute(self) -> Node:
        self.at += 1
        self.inside_bars += 1
        inner = self.sum()
        self.inside_bars -= 1
        self.expect("|")
        return Node("abs", (inner,))

    def symbol(self, name: str) -> Node:
        found = self.match(_SUBSCRIPT)
        if found:
            index = found[1] or found[2] or ""
            if name == "C" and self.take("^"):
                return self.combinations(index)
            name += "_" + re.sub(r"[\s{}‹›\\]", "", index)
        while self.take("'"):
            name += "'"
        return Node("symbol", name=name)

    def combinations(self, index: str) -> Node:
        """`C_n^k` as a binomial; a power of the constant `C_1` when no k of n could be chosen."""
        top, bottom = parse(index), self.exponent()
        if top.kind == bottom.kind == "number" and (top.value < 2 or top.value < bottom.value):
            return Node("^", (Node("symbol", name=f"C_{index}"), bottom))
        return Node("binom", (top, bottom))

    def command(self, name: str) -> Node:
        if name in CALLS:
            return self.call(name)
        if name in _GREEK:
            return self.symbol(name)
        if name == "frac":
            return Node("/", (self.argument(), self.argument()))
        if name == "binom":
            return Node("binom", (self.argument(), self.argument()))
        if name == "sqrt":
            return self.root()
        if name in ("lfloor", "lceil"):
            inner = self.sum()
            self.expect(r"\r" + name[1:])
            return Node(name[1:], (inner,))
        raise Unreadable(f"\\{name}")

    def argument(self) -> Node:
        """One argument of a LaTeX command: a group, or a single character or command."""
        following = self.peek()
        if following == "{":
            self.at += 1
            return self.bracketed("}")
        if following.isdigit():
            self.at += 1
            return number(int(following))
        return self.primary()

    def root(self) -> Node:
        index = number(2)
        if self.take("["):
            index = self.bracketed("]")
        return Node("root", (self.primary(), index))

    def call(self, name: str) -> Node:
        r"""A function with its base (`\log_2`), its exponent (`\sin^2`) and what it applies to."""
        base = exponent = None
        if name == "log" and self.take("_"):
            base = self.primary()
        if self.take("^"):
            exponent = self.exponent()
        if exponent == Node("neg", (number(1),)) and name in _INVERSE:
            name, exponent = _INVERSE[name], None
        result = function(name, self.operand())
        if base is not None:
            result = Node("/", (result, Node("ln", (base,))))
        if exponent is not None:
            result = Node("^", (result, exponent))
        return result

    def operand(self) -> Node:
        r"""What a function applies to: a bracket, or the product up to the next operator or function (`\sin 2x`)."""
        if self.take("("):
            return self.bracketed(")")
        if self.take("-"):
            return Node("neg", (self.operand(),))
        result = self.power()
        while self.starts_factor() and not self.starts_call() and self.peek() != "(":
            result = Node("*", (result, self.power()))
        if self.peek() == "/" and not self.starts_call(behind=1):
            self.at += 1
            result = Node("/", (result, self.power()))
        return result

    def starts_call(self, behind: int = 0) -> bool:
        """Whether a function is next, or so many characters later."""
        found = _NEXT_COMMAND.match(self.text, self.at + behind)
        return found is not None and found[1] in CALLS
