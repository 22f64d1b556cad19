r"""What the tiny model reads before RL: column additions, with planted mistakes and now and then a correction.

    <think>
    7+5=11
    Wait, 7+5=12
    4+8+1=13
    0+3+1=4
    </think>
    \boxed{432}

One line a column, from the right; a carry is the third term. A mistake is one digit sum that is wrong; what follows is
built on it. So the most probable trace is right and a sampled one mostly is not: the skill is there, and RL has
something to draw out.
"""

import random

MISTAKES = 0.3  # share of digit sums that are wrong
CORRECTIONS = 0.1  # share of wrong digit sums that are noticed at once


def write_trace(a: int, b: int, rng: random.Random) -> str:
    r"""Return one response to `a + b`, from `<think>` to `\boxed{}`; right unless a mistake stayed uncorrected."""
    lines, digits, carry = ["<think>"], "", 0
    columns = max(len(str(a)), len(str(b)))
    for place in range(columns):
        terms = [_digit(a, place), _digit(b, place)]
        if carry:
            terms.append(carry)
        total = _sum(terms, rng)
        lines.append(_equation(terms, total))
        if total != sum(terms) and rng.random() < CORRECTIONS:
            total = sum(terms)
            lines.append(f"Wait, {_equation(terms, total)}")
        if place == columns - 1:  # the last column writes its carry down
            digits = str(total) + digits
        else:
            digits = str(total % 10) + digits
        carry = total // 10
    return "\n".join([*lines, "</think>", f"\\boxed{{{digits}}}"])


def _digit(number: int, place: int) -> int:
    """Return the digit at `place`, counted from the right from 0."""
    return number // 10**place % 10


def _sum(terms: list[int], rng: random.Random) -> int:
    """Return the sum of `terms`, or now and then another number."""
    total = sum(terms)
    if rng.random() >= MISTAKES:
        return total
    # From all sums: were mistakes near misses, greedy decoding would take far longer to settle on the right one.
    return rng.choice([wrong for wrong in range(1, 20) if wrong != total])


def _equation(terms: list[int], total: int) -> str:
    return f"{'+'.join(map(str, terms))}={total}"
