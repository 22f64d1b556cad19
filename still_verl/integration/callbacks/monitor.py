"""The monitor of a run, a callback of our trainer modes."""

# Only types: this may be what a process imports first, before verl's registries exist.
from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from still_verl.config import still_config
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.transfer_queue import read_prompts, read_rows
from still_verl.monitor.alarms import Alarm, ConstantReward, Watch
from still_verl.monitor.journal import Journal
from still_verl.monitor.keywords import Keywords
from still_verl.monitor.metrics import step_metrics
from still_verl.monitor.registries import DETECTORS
from still_verl.monitor.rows import StepRows, Validation
from still_verl.monitor.samples import sample, spread
from still_verl.monitor.settings import CONSTANT_REWARD
from still_verl.monitor.versions import write_versions

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from transfer_queue import KVBatchMeta

    from still_verl.integration.trainers import StillTrainer

logger = logging.getLogger(__name__)


class Monitor(Callback):
    """Reads the samples of a step once, adds `still/*` metrics, keeps some samples, and says aloud what looks wrong."""

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.still = still_config(config)
        self.settings = self.still.monitor
        self.keywords = Keywords(self.settings.words, self.settings.lists)
        self.constant, self.watch = ConstantReward(), Watch(self.settings.detectors)
        self.alarms = (CONSTANT_REWARD, *self.watch.detectors)
        self.journal: Journal | None = None
        self.stopping = False
        self.stop_on = {DETECTORS.label(name) for name in self.settings.stop_on}

    def on_init_end(self, trainer: StillTrainer) -> None:
        run_dir = Path(self.still.run_dir) if self.still.run_dir else None
        self.journal = Journal(run_dir, self.settings, self.still.name)
        if run_dir:
            write_versions(run_dir)

    def on_metrics(self, trainer: StillTrainer, batch: KVBatchMeta, metrics: dict[str, Any]) -> None:
        rows, step = read_rows(batch), trainer.global_steps
        texts = trainer.tokenizer.batch_decode(rows.response_ids, skip_special_tokens=True)
        metrics |= step_metrics(rows, texts, self.keywords)
        assert self.journal is not None
        for alarm in (*self._constant(rows, step, trainer), *self.watch.observe(step, metrics)):
            self._begin(alarm, self.journal)
        active = {*self.watch.active, *([CONSTANT_REWARD] if self.constant.active else [])}
        metrics |= {f"still/alarm/{name}": float(name in active) for name in self.alarms}
        self.journal.samples(self._samples(rows, texts, step, trainer, batch))

    def on_validation(self, trainer: StillTrainer, validation: Validation, metrics: dict[str, Any]) -> None:
        rows = validation.rows(lambda text: trainer.tokenizer.encode(text, add_special_tokens=False))
        metrics |= step_metrics(rows, validation.responses, self.keywords, prefix="still/validation")
        metrics["still/validation/samples"] = len(rows)
        if self.journal is not None:
            texts, step = list(zip(validation.prompts, validation.responses, strict=True)), trainer.global_steps
            chosen = spread(len(rows), self.settings.samples)
            self.journal.samples([sample(rows, index, step, *texts[index], phase="validation") for index in chosen])

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        # Here and not where the alarm began: now the rollout sleeps, so there is memory to save, and this step's
        # schedules have already read how many steps there are.
        if not self.stopping:
            return
        every = self.config.trainer.save_freq
        if every <= 0 or trainer.global_steps % every:  # else upstream is about to save
            trainer._save_checkpoint()
        trainer.total_training_steps = trainer.global_steps

    def state_dict(self) -> dict[str, Any]:
        return {"watch": self.watch.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.watch.load_state_dict(state["watch"])

    def close(self) -> None:
        if self.journal is not None:
            self.journal.close()

    def _constant(self, rows: StepRows, step: int, trainer: StillTrainer) -> list[Alarm]:
        """The alarm of a constant reward if it begins; its text is logged again as it lasts."""
        if not self.constant.observe(rows):
            return []
        headline, *details = self.constant.text(rows, trainer.tokenizer.decode).splitlines()
        logger.error("\n".join([headline, *details]))
        evidence = headline.removeprefix("ALARM constant reward: ")
        alarm = Alarm(CONSTANT_REWARD, "critical", step, evidence, "; ".join(details[-2:]))
        return [alarm] if self.constant.steps == self.constant.patience else []

    def _begin(self, alarm: Alarm, journal: Journal) -> None:
        if alarm.name != CONSTANT_REWARD:  # that has said more already
            logger.log(logging.INFO if alarm.severity == "info" else logging.ERROR, str(alarm))
        journal.alarm(alarm)
        if alarm.name in self.stop_on:
            self.stopping = True
            logger.error("still.monitor.stop_on: the next step is the last; it ends with a checkpoint")

    def _samples(
        self, rows: StepRows, texts: list[str], step: int, trainer: StillTrainer, batch: KVBatchMeta
    ) -> list[dict[str, Any]]:
        chosen = spread(len(rows), self.settings.samples) if self.still.run_dir else []
        if not chosen:
            return []
        ids = read_prompts(batch, [rows.keys[index] for index in chosen])
        prompts = trainer.tokenizer.batch_decode(ids, skip_special_tokens=True)
        return [sample(rows, index, step, prompt, texts[index]) for index, prompt in zip(chosen, prompts, strict=True)]
