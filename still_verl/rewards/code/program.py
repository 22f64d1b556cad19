"""Finds the program in a response."""

import re

from still_verl.interpreter.fences import PYTHON, FenceParser
from still_verl.rewards.code.problem import Problem
from still_verl.rewards.own_turn import own_turn

_READS = re.compile(r"\binput\s*\(|\bstdin\b|\bopen\s*\(\s*0|\bos\.read\b|fileinput")


def find_program(response: str, problem: Problem) -> str:
    r"""Return the program of a response: the last block of Python that defines what is asked for.

    A block without a language counts where none has one, and the whole response where there is no block. What the model
    wrote up to the last `</think>` is not looked at.

    Args:
        response: the model's own text.
        problem: what is asked for.

    Example:
        >>> from still_verl.rewards.code.layouts import read_problem
        >>> problem = read_problem('{"inputs": ["1"], "outputs": ["2"], "fn_name": "f"}')
        >>> find_program("```python\ndef f(x):\n    return x + 1\n```\nTry it:\n```python\nf(1)\n```", problem)
        'def f(x):\n    return x + 1\n'
    """
    indentation = response[: len(response) - len(response.lstrip())]  # of a response that goes on with a function
    text = (indentation + own_turn(response)).rpartition("</think>")[2]
    for languages in (PYTHON, frozenset({""})):
        blocks = _blocks(text, languages)
        if blocks:
            return _asked_for(blocks, problem)
    return text.replace("\r\n", "\n").strip("\r\n")


def last_program(response: str) -> str:
    """Return the last block of Python in a response, whatever is asked for; nothing if there is none."""
    blocks = _blocks(response.rpartition("</think>")[2], PYTHON)
    return blocks[-1] if blocks else ""


def _blocks(text: str, languages: frozenset[str]) -> list[str]:
    """The blocks of some languages; one that is still open at the end is one too."""
    parser = FenceParser(languages)
    parser.feed(text)
    parser.end()
    if parser.open_block:
        parser.close()
    return parser.blocks


def _asked_for(blocks: list[str], problem: Problem) -> str:
    """The last block that defines what is asked for, or reads an input; else the last one."""
    asked = _READS
    if problem.kind != "program":
        name = re.escape(problem.function)
        asked = re.compile(rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{name}\b|^{name}\b[^=\n]*=", re.MULTILINE)
    for block in reversed(blocks):
        if asked.search(block):
            return block
    return blocks[-1]


def goes_on(program: str, problem: Problem) -> bool:
    """Return whether a program is the rest of the function with which the task ends: indented, and not defining it."""
    if not problem.before.strip() or program.lstrip("\r\n")[:1] not in (" ", "\t"):
        return False
    defines = re.compile(rf"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+{re.escape(problem.function)}\b", re.MULTILINE)
    return defines.search(program) is None
