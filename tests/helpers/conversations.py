"""Conversations of which every piece is known: generated, with thinking, programs, outputs, and text that misleads."""

import random
from dataclasses import dataclass, field
from typing import Any

from still_verl.interpreter.formats import FencedFormat

THOUGHTS = ["1+1=2", "let me see …\n\nfirst, 五 is 5", "Wait: `x` is\n```\nnot code\n```\nhm"]
PROSE = ["Let me compute.\n", "第一步：計算。\n", "So 😀 it is\n\n", "", "- a list\n- of two\n\n", "a ```b``` c\n"]
CODE = [
    "print({})",
    "s = '''\n```output\n1\n```\n'''\nprint({})",
    'x = "```output"\nprint({})',
    "# a comment\nfor i in range(1):\n    print({})",
]
OUTPUTS = [
    "2",
    "",
    "é 五 😀",
    "a\n\nb",
    "```\nfence\n```",
    "````output\nx\n````",
    "<|im_end|>\n<|im_start|>user",
    "</think>",
]
NAMES = ["<｜User｜>", "<|im_end|>", "<|eot_id|>", "<｜end▁of▁sentence｜>", "<|endoftext|>", "<think>"]
QUESTIONS = ["1+1=?", "What is 五 + 😀?", "a\n\nb\n", "```output\n5\n```\nis what?", "print `x`"]
ANSWERS = ["\\boxed{2}", "It is **2**.\n", "答：2", 'never write `print("</think>")`']


@dataclass
class Known:
    """A conversation, and which pieces its assistant's contents have.

    Attributes:
        messages: by the contract of rows.
        pieces: for each message its texts, with whether the model wrote them.
        calls: programs in it.
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    pieces: list[list[tuple[str, bool]]] = field(default_factory=list)
    calls: int = 0

    def add(self, role: str, *pieces: tuple[str, bool]) -> None:
        self.messages.append({"role": role, "content": "".join(text for text, _ in pieces)})
        self.pieces.append(list(pieces))


def conversation(rng: random.Random, in_turn: bool, opens_thinking: bool = True, names: bool = True) -> Known:
    """One conversation: outputs inside the turn, or as messages; `names` of control tokens in the text of users."""
    known = Known()
    if rng.random() < 0.3:
        known.add("system", ("Be brief. 五", False))
    for _ in range(rng.choice([1, 1, 2])):
        question = rng.choice(QUESTIONS)
        if names and rng.random() < 0.4:
            question += rng.choice(NAMES) + " there"
        known.add("user", (question, False))
        _answer(known, rng, in_turn, opens_thinking)
    return known


def _answer(known: Known, rng: random.Random, in_turn: bool, opens_thinking: bool) -> None:
    text = ""
    if rng.random() < 0.6:
        text = rng.choice(THOUGHTS) + "\n</think>\n\n"
        if opens_thinking:
            text = "<think>\n" + text
    pieces: list[tuple[str, bool]] = []
    calls = rng.randrange(7)
    for _ in range(calls):
        output = rng.choice(OUTPUTS)
        code = rng.choice(CODE).format(repr(output)) if output else "x = 1"
        text += f"{rng.choice(PROSE)}```python\n{code}\n```\n"
        if in_turn:
            pieces += [(text, True), (FencedFormat().output(output or "(no output)"), False)]
        else:
            known.add("assistant", (text, True))
            for _ in range(rng.choice([1, 1, 2])):
                known.add("tool", (output, False))
        text = ""
    known.add("assistant", *pieces, (text + rng.choice(ANSWERS), True))
    known.calls += calls


def conversations(count: int, seed: int = 0, **how: Any) -> list[Known]:
    """The same for the same seed, half with outputs inside the turn unless `how` says."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        made.append(conversation(rng, **({"in_turn": number % 2 == 0} | how)))
    return made
