"""Rewards of a user's: one that forgets a case, a domain of its own, one with a loophole."""

from still_verl.rewards.presets import Preset


def fails_for_cut_responses(sample):
    """Return nothing for a response that was cut, which is no number."""
    return 1.0 if sample.finished else None


def digits(sample):
    """A domain of its own for an untrained model: the share of digits."""
    return sum(character.isdigit() for character in sample.text) / (len(sample.text) + 1)


# A reward with a loophole: length pays more than a right answer.
TALKATIVE = Preset({"correct": 0.5, "length": 10.0})
