"""A reward term of a user's that forgets a case."""


def fails_for_cut_responses(sample):
    """Return nothing for a response that was cut, which is no number."""
    return 1.0 if sample.finished else None


def digits(sample):
    """A domain of its own for an untrained model: the share of digits."""
    return sum(character.isdigit() for character in sample.text) / (len(sample.text) + 1)
