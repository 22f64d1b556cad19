"""Chooses the problems of each step by what is known of their pass rates (`still.curriculum`)."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from still_verl.config import still_config
from still_verl.dynamics.curriculum import Draw
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.transfer_queue import waiting_prompts
from still_verl.stats.beta_binomial import Spread

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from tensordict import TensorDict

    from still_verl.integration.trainers import StillTrainer
    from still_verl.integration.transfer_queue import Batch

FILE = "still_curriculum.npz"  # in a checkpoint
ARRAYS = ("right", "wrong", "since", "asked", "rests_until")  # of `Beliefs`


class Asked(NamedTuple):
    """A prompt that was chosen: its problem, the step of the choice, and the pass rate that was expected."""

    problem: int
    step: int
    expected: float


class Group(NamedTuple):
    """The responses to a prompt: the share that is right, what was expected, and how many steps ago it was chosen."""

    rate: float
    expected: float
    lag: int


class Curriculum(Callback):
    """Replaces verl's loader of prompts, learns from each group of responses, also from those that verl replaces.

    What it knows travels with checkpoints. A resume with other data keeps what it knows of problems that are there.
    """

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.settings = still_config(config).curriculum
        self.waiting: dict[str, Asked] = {}  # by uid: prompts whose responses are not there yet
        self.groups: list[Group] = []  # of the step
        self.state: dict[str, Any] = {}

    @property
    def active(self) -> bool:
        return self.settings.choose is not None

    def on_data(self, trainer: StillTrainer) -> None:
        from still_verl.integration.chosen_prompts import ChosenPrompts, graded, problem_keys

        dataset, data = trainer.train_dataset, self.config.data
        first: dict[str, int] = {}
        for row, key in enumerate(problem_keys(dataset, data)):
            first.setdefault(key, row)
        self.keys, self.rows = list(first), list(first.values())
        self.draw = Draw(self.settings, len(self.keys), data.get("seed"))
        if self.settings.graded:
            self.draw.beliefs.right, self.draw.beliefs.wrong = graded(dataset, self.rows)
            self.draw.learn(0)
        self.chosen: list[Asked] = []  # those that verl has fetched last

        def choose(count: int) -> list[int]:
            return self._choose(count, getattr(trainer, "global_steps", 0))

        trainer.train_dataloader = ChosenPrompts(
            dataset, lambda: data.get("gen_batch_size") or data.train_batch_size, choose
        )

    def on_init_end(self, trainer: StillTrainer) -> None:
        trainer.replay_buffer.on_replaced = lambda uid, rate, size: self._learn(uid, rate, size, trainer.global_steps)

    def on_prompts(self, trainer: StillTrainer, prompts: TensorDict) -> None:
        for uid, asked in zip(map(str, prompts["uid"]), self.chosen, strict=True):
            self.waiting[uid] = asked

    def on_step_begin(self, trainer: StillTrainer) -> None:
        self.groups = []

    def on_batch(self, trainer: StillTrainer, batch: Batch, metrics: dict[str, Any]) -> None:
        rows = trainer.samples.rows(batch)
        by_prompt = defaultdict(list)
        for uid, correct in zip(rows.uids, rows.correct, strict=True):
            by_prompt[uid].append(bool(correct))
        for uid, right in by_prompt.items():
            self._learn(uid, float(np.mean(right)), len(right), trainer.global_steps)
        self.draw.learn(trainer.global_steps)

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        # A prompt that failed, was too old or left over never comes back, and may be asked again.
        alive = waiting_prompts("train")
        self.waiting = {uid: asked for uid, asked in self.waiting.items() if uid in alive}
        beliefs, prefix = self.draw.beliefs, "still/curriculum"
        metrics[f"{prefix}/resting"] = int(beliefs.resting(trainer.global_steps).sum())
        metrics[f"{prefix}/coverage"] = float(np.mean(beliefs.asked > 0))
        if not self.groups:
            return
        rates, expected, lags = np.array(self.groups, dtype=float).T
        metrics[f"{prefix}/signal"] = float(np.mean((rates > 0) & (rates < 1)))
        metrics[f"{prefix}/expected"] = float(expected.mean())
        metrics[f"{prefix}/seen"] = float(rates.mean())
        metrics[f"{prefix}/error"] = float(np.abs(rates - expected).mean())
        metrics[f"{prefix}/lag"] = float(lags.mean())

    def state_dict(self) -> dict[str, Any]:
        return {
            "random": self.draw.random.bit_generator.state,
            "prior": list(self.draw.beliefs.prior),
            "waiting": {
                uid: [self.keys[asked.problem], asked.step, asked.expected] for uid, asked in self.waiting.items()
            },
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.state = state

    def save(self, trainer: StillTrainer, folder: Path) -> None:
        beliefs = self.draw.beliefs
        unfinished = folder / f"{FILE}.tmp.npz"
        np.savez(unfinished, keys=np.array(self.keys), **{name: getattr(beliefs, name) for name in ARRAYS})
        unfinished.replace(folder / FILE)
        self.draw.forget_ranking()  # as a run does that resumes here

    def load(self, trainer: StillTrainer, folder: Path) -> None:
        number = {key: problem for problem, key in enumerate(self.keys)}
        with np.load(folder / FILE) as kept:
            known = [number.get(str(key), -1) for key in kept["keys"]]
            there = np.array(known) >= 0
            problems = np.array(known)[there]
            for name in ARRAYS:
                getattr(self.draw.beliefs, name)[problems] = kept[name][there]
        if len(problems) != len(known) or len(problems) != len(self.keys):
            print(
                f"still_verl: of the {len(known)} problems of the checkpoint {len(problems)} are among the "
                f"{len(self.keys)} of this job; still.curriculum begins anew with the others"
            )
        self.draw.random.bit_generator.state = self.state["random"]
        self.draw.beliefs.prior = Spread(*self.state["prior"])
        for uid, (key, step, expected) in self.state["waiting"].items():
            if key in number:
                self.waiting[uid] = Asked(number[key], step, expected)

    def _choose(self, count: int, step: int) -> list[int]:
        """Return the rows of so many problems, and remember what is expected of them."""
        busy = [asked.problem for asked in self.waiting.values()]
        problems = self.draw.next(count, step, busy)
        rates = self.draw.beliefs.at(step, self.settings.discount).rates
        self.chosen = [Asked(problem, step, float(rates[problem])) for problem in problems]
        return [self.rows[problem] for problem in problems]

    def _learn(self, uid: str, rate: float, size: int, step: int) -> None:
        asked = self.waiting.pop(uid, None)
        if asked is None:  # of a checkpoint with other data
            return
        self.draw.observe(asked.problem, rate * size, size, step)
        self.groups.append(Group(rate, asked.expected, step - asked.step))
