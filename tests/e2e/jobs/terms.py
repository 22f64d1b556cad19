"""A reward term of a user's that forgets a case."""


def fails_for_cut_responses(sample):
    """Return nothing for a response that was cut, which is no number."""
    return 1.0 if sample.finished else None
