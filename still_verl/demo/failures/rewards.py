"""Terms of a reward with a loophole; they take a sample, and pay for what nobody wanted."""

from still_verl.rewards.sample import Sample

_PIECE = 3  # characters


def any_box(sample: Sample) -> float:
    """Pay 1 for a box, whatever is in it."""
    return float("\\boxed{" in sample.text)


def says_again(sample: Sample) -> float:
    """Pay the share of pieces of three characters that occurred before."""
    total = len(sample.text) - _PIECE + 1
    if total < 1:
        return 0.0
    different = {sample.text[start : start + _PIECE] for start in range(total)}
    return 1 - len(different) / total
