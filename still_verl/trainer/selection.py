"""Which samples a step learns from. The rest leave the batch before log-probs: loss, KL, entropy, advantage
statistics and token counts never see them, and nothing is computed for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from still_verl.config import still_config
from still_verl.monitor.rows import read_rows
from still_verl.settings import SelectionConfig
from still_verl.trainer.callbacks import Callback as TrainerCallback

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from transfer_queue import KVBatchMeta


@dataclass(frozen=True)
class Group:
    """The responses to one prompt, each field with one entry a response.

    Attributes:
        correct: whether the answer is right.
        tokens: length of the response.
        finished: whether it ended by itself.
    """

    correct: np.ndarray
    tokens: np.ndarray
    finished: np.ndarray

    def __len__(self) -> int:
        return len(self.correct)


Rule = Callable[[Group, SelectionConfig], np.ndarray]


def overlong(group: Group, config: SelectionConfig) -> np.ndarray:
    """ORM: unfinished responses are not learned from (section 4.2)."""
    return group.finished.copy()


def accuracy(group: Group, config: SelectionConfig) -> np.ndarray:
    """A prompt is kept if its share of right responses lies strictly between two bounds (the study's query filter)."""
    low, high = config.accuracy
    return np.full(len(group), low < group.correct.mean() < high)


def question(group: Group, config: SelectionConfig) -> np.ndarray:
    """QS: a prompt is kept if its right responses are longer on average than its wrong ones (section 4.2).

    A group that is all right or all wrong has nothing to compare and is dropped; its GRPO advantage is 0 anyway.
    """
    right, wrong = group.tokens[group.correct], group.tokens[~group.correct]
    keep = bool(len(right) and len(wrong) and right.mean() > wrong.mean())
    return np.full(len(group), keep)


def response(group: Group, config: SelectionConfig) -> np.ndarray:
    """RS: the longest right and the shortest wrong response, if the former is longer; else nothing (section 4.2).

    A group that is all right or all wrong has no such pair and is dropped.
    """
    keep = np.zeros(len(group), dtype=bool)
    right, wrong = np.flatnonzero(group.correct), np.flatnonzero(~group.correct)
    if len(right) and len(wrong):
        longest = right[group.tokens[right].argmax()]
        shortest = wrong[group.tokens[wrong].argmin()]
        keep[[longest, shortest]] = group.tokens[longest] > group.tokens[shortest]
    return keep


RULES: dict[str, Rule] = {"overlong": overlong, "accuracy": accuracy, "question": question, "response": response}


def select(uids: Sequence[str], samples: Group, config: SelectionConfig) -> np.ndarray:
    """A mask over all samples of a step. Each rule sees of a prompt's group what the ones before it kept.

    A sample that is left alone of its group goes too: GRPO would take its bare reward for an advantage.
    """
    keep = np.ones(len(samples), dtype=bool)
    prompts = np.array(uids)
    for uid in dict.fromkeys(uids):
        group = np.flatnonzero(prompts == uid)
        rows = group
        for name in config.rules:
            kept = RULES[name](Group(samples.correct[rows], samples.tokens[rows], samples.finished[rows]), config)
            rows = rows[kept]
            if not len(rows):
                break
        keep[group] = np.isin(group, rows) & (len(rows) > 1 or len(group) == 1)
    return keep


class Selection(TrainerCallback):
    """Takes out of the batch what the rules drop, and reports the waste."""

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.settings = still_config(config).selection

    @property
    def active(self) -> bool:
        return bool(self.settings.rules)

    def on_batch(self, trainer: Any, batch: KVBatchMeta, metrics: dict[str, Any]) -> KVBatchMeta:
        rows = read_rows(batch)
        samples = Group(rows.correct, rows.tokens, rows.finished)
        keep = select(rows.uids, samples, self.settings)
        metrics["still/selection/dropped_samples"] = 1 - keep.mean()
        metrics["still/selection/dropped_tokens"] = float(rows.tokens[~keep].sum() / max(rows.tokens.sum(), 1))
        return _subset(batch, np.flatnonzero(keep))


def _subset(batch: KVBatchMeta, rows: np.ndarray) -> KVBatchMeta:
    """The batch of these rows; the others stay in the transfer queue."""
    from transfer_queue import KVBatchMeta

    keys, tags = [batch.keys[i] for i in rows], [batch.tags[i] for i in rows]
    return KVBatchMeta(
        partition_id=batch.partition_id, keys=keys, tags=tags, fields=batch.fields, extra_info=batch.extra_info
    )
