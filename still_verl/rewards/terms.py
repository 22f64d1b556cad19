"""What a reward is made of: one function of a sample for each idea, with its source.

P is the paper (arXiv 2503.04548) by section. Lengths are in tokens of the response. A term of your own is such a
function too, named by its dotted name: `still.reward.weights={correct: 1.0, my_package.rewards.language: 0.2}`. It
returns a finite number, and must not depend on other samples.
"""

import re

from still_verl.rewards.gold_faults import boxed_fault, reads_gold
from still_verl.rewards.sample import Sample

ACTIONS = ("however", "but", "wait", "verify", "alternatively")
MAX_ACTIONS = 20
REPEATED_WORDS = 20  # of an n-gram

_ACTION = re.compile(rf"\b(?:{'|'.join(ACTIONS)})\b", re.IGNORECASE)


@reads_gold(boxed_fault)
def correct(sample: Sample) -> float:
    """Pay 1 for a right answer, else 0 (P 2)."""
    return float(sample.verdict.equal)


@reads_gold(boxed_fault)
def signed(sample: Sample) -> float:
    """Pay 1 for a right answer, else -1 (P 4.2, and the released server of the 1.5B model)."""
    return 1.0 if sample.verdict.equal else -1.0


def well_formed(sample: Sample) -> float:
    """Pay 1 for `<think>...</think><answer>...</answer>` and nothing else, else 0 (P 2)."""
    return float(not sample.format_fault)


def length(sample: Sample) -> float:
    """Pay the share of the context window that the response takes: the L/L_max of RRL (P 4.2)."""
    tokens, max_tokens = sample.lengths
    return tokens / max_tokens


def actions(sample: Sample) -> float:
    """Pay min(A, 20)/20 for A action words, as whole words in any case: the bonus of RRA (P 4.2).

    Example:
        >>> from still_verl.rewards.presets import RRA
        >>> actions(Sample("Wait, but 2 + 2 is 4.", ("4",), RRA))
        0.1
    """
    count = len(_ACTION.findall(sample.text))
    return min(count, MAX_ACTIONS) / MAX_ACTIONS


def finished(sample: Sample) -> float:
    """Pay 1 for a response that ended by itself, 0 for one that was cut: what the overlong mask keeps (P 4.2, ORM)."""
    if sample.finished is not None:
        return float(sample.finished)
    tokens, max_tokens = sample.lengths
    return float(tokens < max_tokens)


def overlong(sample: Sample) -> float:
    """Pay 0 until `overlong_buffer` tokens before the limit, then fall in a line to -1.

    Source: DAPO, arXiv 2503.14476, eq. 13.
    """
    tokens, max_tokens = sample.lengths
    buffer = sample.preset.overlong_buffer
    excess = tokens - (max_tokens - buffer)
    return -min(max(excess / buffer, 0.0), 1.0)


@reads_gold(boxed_fault)
def tools(sample: Sample) -> float:
    """Pay 1 for a right answer with at least one call of a tool that succeeded, else 0.

    The conditional tool bonus of DeepEyes (arXiv 2505.14362): calls alone pay nothing, and more calls not more, so that
    a model cannot earn by calling for calling's sake.
    """
    return float(sample.succeeded_calls > 0 and sample.verdict.equal)


def repetition(sample: Sample) -> float:
    """Pay minus the share of 20-grams of words that occurred before, in [-1, 0].

    Source: open-r1, `get_repetition_penalty_reward`.
    """
    words = sample.text.split()
    total = len(words) - REPEATED_WORDS + 1
    if total < 1:
        return 0.0
    different = {tuple(words[start : start + REPEATED_WORDS]) for start in range(total)}
    return len(different) / total - 1.0
