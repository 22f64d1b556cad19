"""Selection rules of a user's, which go by how many groups (the responses to one prompt) they have seen."""

import numpy as np

seen = 0


def first_steps_dropped(group, settings):
    """With four prompts a step: nothing of three steps, one prompt of the fourth, everything of the others."""
    global seen
    seen += 1
    return np.full(len(group), seen == 13 or seen > 16)


def one_mini_batch_dropped(group, settings):
    """With two mini-batches of two prompts a step: drop the first of step 2 and the second of step 3, whole."""
    global seen
    seen += 1
    return np.full(len(group), seen not in (5, 6, 11, 12))
