r"""What the tiny model reads before RL: column additions, with planted mistakes and now and then a correction.

    <think>
    Units: 7+5=11, carry 1.
    Wait, 7+5=12, carry 1.
    Tens: 4+8+1=13, carry 1.
    Hundreds: 0+3+1=4.
    </think>
    \boxed{432}

A mistake is one digit sum that is wrong; what follows is built on it. So the most probable trace is right and a sampled
one mostly is not: the skill is there, and RL has something to draw out.
"""

import random

MISTAKES = 0.3  # share of digit sums that are wrong
CORRECTIONS = 0.1  # share of wrong digit sums that are noticed at once

_COLUMNS = ("Units", "Tens", "Hundreds")


def write_trace(a: int, b: int, rng: random.Random) -> str:
    r"""One response to `a + b`, from `<think>` to `\boxed{}`; right unless a mistake stayed uncorrected."""
    lines, digits, carry = ["<think>"], "", 0
    columns = max(len(str(a)), len(str(b)))
    for place in range(columns):
        terms = [a // 10**place % 10, b // 10**place % 10] + [carry] * (carry > 0)
        top = place == columns - 1
        total = _sum(terms, rng)
        lines.append(f"{_COLUMNS[place]}: {_equation(terms, total, top)}")
        if total != sum(terms) and rng.random() < CORRECTIONS:
            total = sum(terms)
            lines.append(f"Wait, {_equation(terms, total, top)}")
        carry = total // 10
        digits = (str(total) if top else str(total % 10)) + digits
    return "\n".join([*lines, "</think>", f"\\boxed{{{digits}}}"])


def _sum(terms: list[int], rng: random.Random) -> int:
    total = sum(terms)
    if rng.random() >= MISTAKES:
        return total
    return rng.choice([wrong for wrong in (total - 2, total - 1, total + 1, total + 2) if wrong > 0])


def _equation(terms: list[int], total: int, top: bool) -> str:
    carried = f", carry {total // 10}" if total > 9 and not top else ""
    return f"{'+'.join(map(str, terms))}={total}{carried}."
