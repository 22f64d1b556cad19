"""Which samples a step is trained on: one rule for each idea, and how rules are applied to the groups of a step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from still_verl.dynamics.registries import SELECTION_RULES
from still_verl.dynamics.settings import SelectionConfig
from still_verl.registry import in_one_line


@dataclass(frozen=True)
class Group:
    """The responses to one prompt, each field with one entry a response.

    Attributes:
        correct: whether the answer is right.
        tokens: length of the response.
        finished: whether it ended by itself.
        scores: what the reward paid.
        void_turns: turns with neither a program nor an answer; None where nobody counts them.
    """

    correct: np.ndarray
    tokens: np.ndarray
    finished: np.ndarray
    scores: np.ndarray
    void_turns: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.correct)

    def at(self, rows: np.ndarray) -> "Group":
        """Return some of the responses, by their indices."""
        void_turns = self.void_turns
        if void_turns is not None:
            void_turns = void_turns[rows]
        return Group(self.correct[rows], self.tokens[rows], self.finished[rows], self.scores[rows], void_turns)


# (group, settings) -> a boolean for each response: whether it is learned from
Rule = Callable[[Group, SelectionConfig], np.ndarray]


def overlong(group: Group, config: SelectionConfig) -> np.ndarray:
    """Keep finished responses (ORM, section 4.2)."""
    return group.finished.copy()


def void(group: Group, config: SelectionConfig) -> np.ndarray:
    """Keep responses without a void turn: one with neither a program nor an answer (SimpleTIR, arXiv 2509.02479).

    Only the agent loop `still_code` counts them.
    """
    if group.void_turns is None:
        return np.ones(len(group), dtype=bool)
    return np.asarray(group.void_turns == 0)


def accuracy(group: Group, config: SelectionConfig) -> np.ndarray:
    """Keep a prompt whose share of right responses lies strictly between two bounds (the study's query filter)."""
    low, high = config.accuracy
    return np.full(len(group), low < group.correct.mean() < high)


def question(group: Group, config: SelectionConfig) -> np.ndarray:
    """Keep a prompt whose right responses are longer on average than its wrong ones (QS, section 4.2).

    A group that is all right or all wrong has nothing to compare and is dropped; its GRPO advantage is 0 anyway.
    """
    right, wrong = group.tokens[group.correct], group.tokens[~group.correct]
    keep = bool(len(right) and len(wrong) and right.mean() > wrong.mean())
    return np.full(len(group), keep)


def response(group: Group, config: SelectionConfig) -> np.ndarray:
    """Keep the longest right and the shortest wrong response, if the former is longer; else none (RS, section 4.2).

    A group that is all right or all wrong has no such pair and is dropped.
    """
    keep = np.zeros(len(group), dtype=bool)
    right, wrong = np.flatnonzero(group.correct), np.flatnonzero(~group.correct)
    if len(right) and len(wrong):
        longest = right[group.tokens[right].argmax()]
        shortest = wrong[group.tokens[wrong].argmin()]
        keep[[longest, shortest]] = group.tokens[longest] > group.tokens[shortest]
    return keep


def select(uids: Sequence[str], samples: Group, config: SelectionConfig) -> np.ndarray:
    """Apply the rules of a job to the samples of a step.

    Args:
        uids: of the prompt of each sample.
        samples: all samples of the step.
        config: which rules; each sees of a prompt's group what the ones before it kept.

    Returns:
        A mask of booleans, shape (samples,). The only sample left of a group is dropped too: GRPO would take its
        bare reward for an advantage.

    Raises:
        ConfigError: there is no such rule.
        ValueError: a rule raised, or returned something else than a boolean for each response.
    """
    rules = {name: SELECTION_RULES.find(name) for name in config.rules}
    keep = np.ones(len(samples), dtype=bool)
    prompts = np.array(uids)
    for uid in dict.fromkeys(uids):
        group = np.flatnonzero(prompts == uid)
        rows = group
        for name, rule in rules.items():
            if len(rows):
                rows = rows[_mask(name, rule, samples.at(rows), config)]
        left_alone = len(rows) == 1 and len(group) > 1
        keep[group] = np.isin(group, rows) & (not left_alone)
    return keep


def _mask(name: str, rule: Rule, group: Group, config: SelectionConfig) -> np.ndarray:
    """Apply a rule and check what it returned: numbers in place of booleans would pick rows and drop none."""
    size = len(group)
    try:
        mask = np.asarray(rule(group, config))
    except Exception as error:  # whatever the user's own code raises
        raise ValueError(
            f"the selection rule {name} raised {in_one_line(error)}; it had a group of {size} responses"
        ) from error
    if mask.dtype != bool or mask.shape != (size,):
        raise ValueError(
            f"the selection rule {name} returned {mask.dtype} of shape {mask.shape}: return a boolean for each of the "
            f"{size} responses of the group"
        )
    return mask
