"""The monitor of a run, a callback of our trainer modes."""

# Only types: this may be what a process imports first, before verl's registries exist.
from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from still_verl.config import still_config
from still_verl.integration.callbacks.base import Callback
from still_verl.interpreter.finish_reason import stop_token_ids
from still_verl.monitor.alarms import Alarm, ConstantReward, Watch
from still_verl.monitor.domains import Domains, domain_metrics
from still_verl.monitor.journal import Journal
from still_verl.monitor.keyword_file import write_keywords
from still_verl.monitor.keywords import Keywords
from still_verl.monitor.metrics import Texts, step_metrics
from still_verl.monitor.problems import problem_metrics
from still_verl.monitor.registries import CONSTANT_REWARD, DETECTORS
from still_verl.monitor.remembered import remembered
from still_verl.monitor.rows import REWARD_ERROR, StepRows, Validation, check_scored, with_finish_reasons
from still_verl.monitor.samples import drawn, same_prompts, sample, spread
from still_verl.monitor.versions import write_versions

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from still_verl.integration.trainers import StillTrainer
    from still_verl.integration.transfer_queue import Batch

_log = logging.getLogger(__name__)
_DECODED = 256  # responses at a time: their tokens are Python's numbers then


class Monitor(Callback):
    """Reads the samples of a step once, adds `still/*` metrics, keeps some samples, and logs alarms."""

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.still = still_config(config)
        self.settings = self.still.monitor
        self.keywords = Keywords(self.settings.words, self.settings.lists)
        self.constant, self.watch = ConstantReward(), Watch(self.settings.detectors)
        self.domains = Domains(self.settings.detectors)
        self.alarms = (CONSTANT_REWARD, *self.watch.detectors)
        self.journal: Journal | None = None
        self.stopping = False
        self.stop_on = {DETECTORS.label(name) for name in self.settings.stop_on}

    def on_init_end(self, trainer: StillTrainer) -> None:
        if self.settings.leaves_ours_out:
            # Printed: verl's vLLM server hides whatever is logged below an error.
            print("still_verl: still.monitor.alarms leaves out still_verl's alarms: add `still` to turn them on")
        run_dir = Path(self.still.run_dir) if self.still.run_dir else None
        self.journal = Journal(run_dir, self.settings, self.still.name)
        if run_dir:
            write_versions(run_dir)
            write_keywords(run_dir, self.keywords.words)

    def on_metrics(self, trainer: StillTrainer, batch: Batch, metrics: dict[str, Any]) -> None:
        rows, step = self._rows(trainer, batch), trainer.global_steps
        texts = self._texts(rows, trainer)
        with remembered():
            metrics |= step_metrics(rows, texts, self.keywords)
            of_domains = domain_metrics(rows, texts, self.keywords)
        for found in of_domains.values():
            metrics |= found
        assert self.journal is not None
        for alarm in (*self._constant(rows, step, trainer), *self.watch.observe(step, metrics)):
            self._begin(alarm, self.journal)
        for alarm in self.domains.observe(step, rows, metrics, of_domains):
            self._begin(alarm, self.journal)
        metrics |= self.domains.active()
        active = self.watch.loud
        if self.constant.active:
            active.add(CONSTANT_REWARD)
        for name in self.alarms:
            metrics[f"still/alarm/{name}"] = float(name in active)
        self.journal.samples(self._samples(rows, texts, step, trainer))

    def _rows(self, trainer: StillTrainer, batch: Batch) -> StepRows:
        """Return the samples of a step; what an agent loop of others does not say is read from the tokens."""

        def stop_ids() -> frozenset[int]:
            return stop_token_ids(trainer.tokenizer)

        budget = int(self.config.actor_rollout_ref.rollout.response_length)
        return with_finish_reasons(trainer.samples.rows(batch), budget, stop_ids)

    def _texts(self, rows: StepRows, trainer: StillTrainer) -> list[str | None]:
        """Return what the model wrote in the responses; None where it is not read, for a step has more than `texts`."""
        chosen = drawn(len(rows), self.settings.texts, trainer.global_steps)
        texts: list[str | None] = [None] * len(rows)
        for begin in range(0, len(chosen), _DECODED):
            part = chosen[begin : begin + _DECODED]
            ids = [rows.written(index) for index in part]
            for index, text in zip(part, trainer.tokenizer.batch_decode(ids, skip_special_tokens=True), strict=True):
                texts[index] = text
        return texts

    def on_validation(self, trainer: StillTrainer, validation: Validation, metrics: dict[str, Any]) -> None:
        def encode(text: str) -> list[int]:
            ids: list[int] = trainer.tokenizer.encode(text, add_special_tokens=False)
            return ids

        check_scored(validation.infos.get(REWARD_ERROR, ()))
        rows = validation.rows(encode)
        texts = validation.model_texts
        with remembered():
            metrics |= step_metrics(rows, texts, self.keywords, prefix="still/validation")
            of_domains = domain_metrics(rows, texts, self.keywords, prefix="still/validation")
        metrics |= problem_metrics(rows, validation.prompts, validation.sources, prefix="still/validation")
        metrics["still/validation/samples"] = len(rows)
        for found in of_domains.values():
            metrics |= found
        if self.journal is None:
            return
        kept = []
        for index in same_prompts(validation.prompts, self.settings.samples):
            prompt, response = validation.prompts[index], validation.responses[index]
            step = trainer.global_steps
            kept.append(sample(rows, index, step, prompt, response, phase="validation", own=texts[index]))
        self.journal.samples(kept)

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
        return {"watch": self.watch.state_dict(), "domains": self.domains.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.watch.load_state_dict(state["watch"])
        if "domains" in state:  # which older checkpoints have not
            self.domains.load_state_dict(state["domains"])

    def close(self) -> None:
        if self.journal is not None:
            self.journal.close()

    def _constant(self, rows: StepRows, step: int, trainer: StillTrainer) -> list[Alarm]:
        """Return the alarm of a constant reward if it begins; its text is logged again as it lasts."""
        if not self.constant.observe(rows):
            return []
        headline, *details = self.constant.text(rows, trainer.tokenizer.decode).splitlines()
        _log.error("\n".join([headline, *details]))
        evidence = headline.removeprefix("ALARM constant reward: ")
        if self.constant.steps > self.constant.patience:
            return []
        return [Alarm(CONSTANT_REWARD, "critical", step, evidence, "; ".join(details[-2:]))]

    def _begin(self, alarm: Alarm, journal: Journal) -> None:
        """Log an alarm that begins, keep it, and see whether it ends the run."""
        domain, _, label = alarm.name.rpartition("/")
        if alarm.name != CONSTANT_REWARD:  # that has said more already
            level = logging.INFO if alarm.severity == "info" else logging.ERROR
            _log.log(level, str(alarm))
        loud = label == CONSTANT_REWARD or label in self.watch.loud
        if domain:
            loud = self.domains.loud(alarm.name)
        journal.alarm(alarm, loud=loud)
        # An alarm may begin as a warning, or less: only the worst that it can be ends a run.
        worst = label == CONSTANT_REWARD or alarm.severity == self.watch.detectors[label].severity
        if label in self.stop_on and worst:
            self.stopping = True
            _log.error("still.monitor.stop_on: the next step is the last; it ends with a checkpoint")

    def _samples(self, rows: StepRows, texts: Texts, step: int, trainer: StillTrainer) -> list[dict[str, Any]]:
        """Return some samples of a step, to be kept."""
        chosen = spread(len(rows), self.settings.samples)
        if not chosen or not self.still.run_dir:
            return []
        ids = trainer.samples.prompts([rows.keys[index] for index in chosen])
        prompts = trainer.tokenizer.batch_decode(ids, skip_special_tokens=True)
        kept = []
        for index, prompt in zip(chosen, prompts, strict=True):
            response = trainer.tokenizer.decode(rows.response_ids[index], skip_special_tokens=True)
            own = texts[index]
            if own is None:
                own = trainer.tokenizer.decode(rows.written(index), skip_special_tokens=True)
            kept.append(sample(rows, index, step, prompt, response, own=own))
        return kept
