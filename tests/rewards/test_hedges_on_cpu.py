"""Of two candidates that a response joins, at most one is paid: a hundred ways to join them, in the strict reading."""

import pytest

from still_verl.rewards.compose import score
from still_verl.rewards.presets import BOXED

# In one box; A and B stand for the candidates.
IN_A_BOX = r"""
A or B | A, B | A and B | A; B | A / B | A\text{ or }B | A \lor B | A \vee B | A \text{ or maybe } B | A (or B) | A (B)
(A)(B) | (A) or (B) | \text{A or B} | \text{either } A \text{ or } B | A \quad B | A \\ B | A\ \text{if not } B | A = B
A \ne B | A \neq B | A \approx B | A \to B | A \Rightarrow B | \{A, B\} | [A, B] | (A, B) | A \pm 0 \text{ or } B
\begin{cases} A \\ B \end{cases} | \begin{pmatrix} A \\ B \end{pmatrix} | x = A or x = B | x = A, y = B | A \mid B
x=A \text{ or } B | A \text{ not } B | \text{not } A \text{ but } B | A \text{ rather than } B | A - B | A + B
A \cdot B | \text{A: } A \text{ B: } B
A\text{ (alternatively }B\text{)} | AB | A B | A:B | A \text{ to } B | A \sim B | A, \text{or} B | A \text{ and } B
A \& B | A \cup B | A\text{, also }B | A \equiv B | A…B | A, \ldots, B | A < x < B
\text{one of } A, B | A\text{ unless }B | A \text{ (since } B {)} | A\text{ (previously }B\text{)} | A_{B}
\cancel{A} B | A (\approx B)
\boxed{A} \boxed{B} | A\\[2pt]B | A & B | \overset{B}{A} | \sout{A} B | A% B | A, \text{ hmm, } B | A ~or~ B | A ∨ B
"""
IN_A_RESPONSE = r"""
\boxed{A} or \boxed{B} | \boxed{A}, \boxed{B} | \boxed{A}⏎\boxed{B} | \boxed{A} and \boxed{B}
x=\boxed{A} or x=\boxed{B} | \boxed{A} \approx \boxed{B}
$x=\boxed{A}$ and $y=\boxed{B}$ | \boxed{A}. Or rather \boxed{B} | <answer>A</answer><answer>\boxed{B}</answer>
\boxed{A}<|im_end|>\boxed{B} | \boxed{A}⏎⏎User: no⏎⏎Assistant: \boxed{B} | \boxed{A} = \boxed{B}
<think>\boxed{A}</think>\boxed{B} | <think>\boxed{A}</think>B | \boxed{A} \boxed{}\boxed{B} | \boxed{A}\boxed{B}
\fbox{A} or \boxed{B} | \\boxed{A} or \boxed{B} | \boxed A or \boxed B | \boxed{A} (\boxed{B}) | -\boxed{A} or \boxed{B}
\boxed{A \text{ or } \boxed{B}} | \boxed{\boxed{A}, B} | - \boxed{A}⏎- \boxed{B} | \boxed{A}\lor\boxed{B}
\boxed{A} either way, \boxed{B} | 1. \boxed{A}⏎2. \boxed{B} | \boxed{A} / \boxed{B}
\boxed{A} + \boxed{B} | \boxed{A} - \boxed{B}
"""
CANDIDATES = [
    *(("2", "3"), ("5", "50"), ("-1", "1"), ("12", "21"), ("0", r"\infty"), ("72", r"72 \text{ million}")),
    *(("B", "A"), ("A", "C"), (r"\text{yes}", r"\text{no}"), ("x=2", "x=3"), ("x+1", "x-1"), (r"\pi", "e")),
    *(
        (r"\frac{1}{2}", r"\frac{1}{3}"),
        ("0.5", "0.25"),
        (r"\sqrt{2}", r"-\sqrt{2}"),
        ("(0,1)", "[0,1]"),
        ("x>1", "x<1"),
    ),
]


def listed(templates: str) -> list[str]:
    lines = templates.strip().replace("\n", " | ").split(" | ")
    return [line.replace("⏎", "\n") for line in lines]


TEMPLATES = [rf"\boxed{{{template}}}" for template in listed(IN_A_BOX)] + listed(IN_A_RESPONSE)


def joined(template: str, first: str, second: str) -> str:
    """Put candidates into a template; by way of marks, since a candidate may be the letter A itself."""
    marked = template.replace("A", "\0", 1).replace("B", "\1", 1)
    if r"\text{A: }" in template:
        marked = r"\boxed{\text{A: } " + "\0" + r" \text{ B: } " + "\1}"
    return marked.replace("\0", first).replace("\1", second)


def test_there_are_a_hundred_templates() -> None:
    assert len(set(TEMPLATES)) >= 100


@pytest.mark.parametrize("template", TEMPLATES)
def test_at_most_one_of_two_different_candidates_is_paid(template: str) -> None:
    for one, other in CANDIDATES:
        for first, second in ((one, other), (other, one)):
            response = joined(template, first, second)
            paid = [gold for gold in (one, other) if score(response, gold, BOXED)["acc"]]
            assert len(paid) < 2, (response, score(response, one, BOXED)["pred"])
