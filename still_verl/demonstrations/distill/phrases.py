"""Texts that are put into responses, or looked for in them: hints to write code, and words at which thoughts turn."""

from pathlib import Path

from still_verl.config_errors import ConfigError
from still_verl.demonstrations.distill.registries import PHRASES

# At these the study cuts a chain of thought (its script `coding_by_thinking.py`).
TURN_WORDS = ("Wait", "But", "Alternatively", "Hmm", "Moreover", "Furthermore")

# As many as the study has, in words of our own.
HINTS = (
    "I can let Python do this part, which is safer than doing it by hand.",
    "A short program will tell.",
    "Let me check this step with code.",
    "This is easy to compute, so I write a few lines of Python.",
    "Rather than guess, I run it.",
    "I could make a slip here; a program will not.",
    "Let me test this numerically.",
    "It is quicker to count these cases with a loop.",
    "I want to be sure of this value, so I compute it.",
    "Exact arithmetic is what Python is good at.",
    "Let me look at small cases first, with a program.",
    "Before going on I verify what I have so far in Python.",
    "SymPy can solve this for me.",
    "Enumerating all possibilities in code settles it.",
)

# What a teacher is told that knows nothing of our interpreter.
INSTRUCTION = (
    "Solve the problem step by step, and use Python for what is easier to compute than to derive. Write a program in a "
    "block that begins with ```python and ends with ```, print what you want to know, and stop after the block: it is "
    "run, and you get what it prints in a block that begins with ```output. Never write an output block yourself. "
    "Write at least one program. When you know the answer, give it as \\boxed{answer}."
)


def load_phrases(option: str, name: str) -> tuple[str, ...]:
    """Return the texts of a name, or those of a file, one on each line.

    Raises:
        ConfigError: there is no such name or file, or it has no text; names `option`.
    """
    if Path(name).is_file():
        lines = Path(name).read_text(encoding="utf-8").splitlines()
        found = tuple(line.strip() for line in lines if line.strip())
        if not found:
            raise ConfigError(f"{option} {name}: the file has no text; write one on each line")
        return found
    return tuple(PHRASES.find(name, option))
