"""The trainer modes `still_sync`, `still_colocate_async`, `still_separate_async`: upstream's, with callbacks."""

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import ray
from omegaconf import DictConfig
from verl.trainer.ppo.utils import Role
from verl.trainer.ppo.v1.trainer_base import register_trainer
from verl.trainer.ppo.v1.trainer_colocate_async import PPOTrainerColocateAsync
from verl.trainer.ppo.v1.trainer_separate_async import PPOTrainerSeparateAsync
from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync

from still_verl.config import still_config
from still_verl.dynamics.registries import CALLBACKS
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.callbacks.sampling import Sampling, SteppedAgentLoops
from still_verl.integration.cpu.trainer import CpuTrainer
from still_verl.integration.empty_step import EmptyStep
from still_verl.integration.loss import LossSettings
from still_verl.integration.per_token import divide_sums
from still_verl.integration.transfer_queue import (
    Samples,
    Tag,
    clear,
    dropped_rows,
    fill_up,
    with_rows,
    without_update,
)
from still_verl.monitor.jsonl import MetricsFile
from still_verl.monitor.rows import REWARD_ERROR, Validation, check_scored

if TYPE_CHECKING:
    from still_verl.integration.transfer_queue import Batch

    # What stands behind the mixin in each class below; at run time it is a mixin of nothing.
    Upstream = PPOTrainerSync
else:
    Upstream = object

CHECKPOINT_STATE = "still.json"
OWN_SECONDS = "timing_s/still"
LAST_CALLBACK = "monitor"  # it sees what all others did


def build_callbacks(config: DictConfig) -> list[Callback]:
    """Build ours, then those that `still.callbacks` names, then the monitor.

    Raises:
        ConfigError: a name that there is no callback of.
    """
    ours = [name for name in CALLBACKS if name != LAST_CALLBACK]
    names = [*ours, *still_config(config).callbacks, LAST_CALLBACK]
    built = [CALLBACKS.find(name)(config) for name in names]
    return [callback for callback in built if callback.active]


def state_of(callbacks: Iterable[Callback]) -> str:
    """Return what a checkpoint keeps of callbacks, as JSON by their class names; numbers of numpy become plain ones.

    Raises:
        TypeError: the state of a callback has what JSON cannot hold; names the callback.
    """
    state = {}
    for callback in callbacks:
        name = type(callback).__qualname__
        try:
            state[name] = json.loads(json.dumps(callback.state_dict(), default=_plain))
        except (TypeError, ValueError) as error:
            raise TypeError(f"the callback {name}: its state_dict must be of JSON values: {error}") from error
    return json.dumps(state)


def _plain(value: Any) -> Any:
    """Return a number, array or tensor of numpy or torch as Python has it."""
    if not hasattr(value, "tolist"):
        raise TypeError(f"{type(value).__name__} is none")
    return value.tolist()


class StillTrainer(CpuTrainer, Upstream):
    """Mixin in front of an upstream trainer: its hooks call ours, and callback state travels with checkpoints.

    What a callback may use of it, beside all that verl's `PPOTrainer` has:

    Attributes:
        config: the whole job's; what a callback sets there holds from the next use on.
        global_steps: the step, the first being 1; 0 before it.
        total_training_steps: of the run; a smaller number ends it earlier, with a checkpoint.
        samples: those of the step; `samples.rows(batch)` in `on_batch` and `on_metrics`.
        loss: the actor's loss; `loss.set(kl_loss_coef=0.1)` holds from this step on, on every worker.
        use_reference_policy: whether a step runs the reference model.
        kl_ctrl_in_reward: verl's controller of the KL in the reward; its `value` is the coefficient.
        actor_rollout_wg: the workers; a method of theirs runs on every rank.
        tokenizer: of the model.
        callbacks: all that are active, in the order in which they are called.
    """

    upstream_mode: ClassVar[str]
    worker_class: ClassVar[str] = "StillActorRolloutRefWorker"
    kl_ctrl_in_reward: Any
    use_reference_policy: bool
    tokenizer: Any
    logger: Any
    actor_rollout_wg: Any

    def __init__(self, config: DictConfig) -> None:
        # Upstream compares the mode's name and reads `trainer.v1.<name>`, so it must see its own.
        mode = config.trainer.v1.trainer_mode
        config.trainer.v1.trainer_mode = self.upstream_mode
        self.callbacks = build_callbacks(config)
        self.loss = LossSettings(config.actor_rollout_ref.actor)
        self.samples = Samples()
        self._own_seconds = 0.0  # what our hooks have cost the step
        self._dropped: dict[str, Tag] = {}  # the step's samples that are not learned from
        if run_dir := still_config(config).run_dir:
            os.environ.setdefault("TENSORBOARD_DIR", f"{run_dir}/tensorboard")  # verl's tracker reads nothing else
        super().__init__(config)
        config.trainer.v1.trainer_mode = mode

    def fit(self, agent_loop_manager: Any) -> None:
        manager = agent_loop_manager
        for callback in self.callbacks:
            if isinstance(callback, Sampling):
                manager = SteppedAgentLoops(agent_loop_manager, callback)
        try:
            super().fit(manager)
        finally:
            for callback in self.callbacks:
                callback.close()

    def on_init_end(self) -> None:
        super().on_init_end()
        self._call("on_init_end")
        state_of(self.callbacks)  # what cannot be written shall not end the run at its first checkpoint

    def on_validate_begin(self) -> None:
        self._open_metrics_file()
        super().on_validate_begin()

    def _maybe_log_val_generations(self, inputs: list[str], outputs: list[str], scores: list[float]) -> None:
        super()._maybe_log_val_generations(inputs, outputs, scores)
        self._validated = (inputs, outputs, scores)

    def _val_metrics_update(
        self, data_sources: list[str], sample_uids: list[str], reward_extra_infos_dict: Any, *args: Any, **kwargs: Any
    ) -> dict[str, float]:
        # Upstream calls this right after the method above, for the same samples in the same order.
        metrics = super()._val_metrics_update(data_sources, sample_uids, reward_extra_infos_dict, *args, **kwargs)
        self._call("on_validation", Validation(sample_uids, *self._validated, reward_extra_infos_dict), metrics)
        return metrics

    def on_train_begin(self) -> None:
        self._open_metrics_file()
        super().on_train_begin()

    def on_step_begin(self) -> None:
        super().on_step_begin()
        self._call("on_step_begin")
        with self._timed():
            self.loss.send(self.actor_rollout_wg)

    def _balance_batch(self, batch: "Batch", metrics: dict[str, Any], *args: Any, **kwargs: Any) -> "Batch":
        # Before upstream pads the batch, so that what is dropped here costs nothing from here on.
        whole = batch
        dropped: dict[str, Tag] = {}
        with self._timed():
            # On the whole batch: selection may drop the very samples that could not be scored.
            infos = self.samples.rows(batch).infos
            check_scored([info.get(REWARD_ERROR) for info in infos])
            for callback in self.callbacks:
                kept = callback.on_batch(self, batch, metrics)
                if kept is not None:
                    dropped |= dropped_rows(batch, kept)
                    batch = kept
        if not batch.keys:
            raise EmptyStep(without_update(whole))
        self._dropped |= dropped
        with self._timed():
            batch = fill_up(batch, self._get_required_batch_multiple(self._actor_ranks()), self.tokenizer.eos_token_id)
        return super()._balance_batch(batch, metrics, *args, **kwargs)

    def _actor_ranks(self) -> int:
        """Return among how many ranks a batch is divided, asking the workers once, as upstream does."""
        known = self.actor_rollout_wg._dispatch_info
        if "actor" not in known:
            known["actor"] = self.actor_rollout_wg._query_dispatch_info("actor")
        return max(known["actor"]) + 1

    def _step_once(self, *args: Any, **kwargs: Any) -> "Batch":
        try:
            return super()._step_once(*args, **kwargs)
        except EmptyStep as empty:
            return empty.batch

    def step(self, metrics: dict[str, Any], timing_raw: dict[str, float]) -> "Batch":
        batch = super().step(metrics, timing_raw)
        divide_sums(metrics)
        self._call("on_update", metrics)
        return batch

    def _compute_metrics(self, batch: "Batch", metrics: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super()._compute_metrics(batch, metrics, *args, **kwargs)
        self._call("on_metrics", with_rows(batch, self._dropped), metrics)
        if self._dropped:  # upstream clears the batch
            clear(batch, list(self._dropped))
            self._dropped.clear()
        self.samples.forget()
        metrics[OWN_SECONDS], self._own_seconds = self._own_seconds, 0.0

    def _init_resource_pool_mgr(self) -> None:
        super()._init_resource_pool_mgr()
        if self.config.trainer.device == "cpu":  # where the workers are ours anyway
            return
        from still_verl.integration import actor_worker

        worker = ray.remote(getattr(actor_worker, self.worker_class))
        for role in self.role_worker_mapping:
            if role != Role.Critic:
                self.role_worker_mapping[role] = worker

    def _save_checkpoint(self) -> None:
        # First ours: upstream ends by naming this step as the one to resume from.
        folder = Path(self.config.trainer.default_local_dir, f"global_step_{self.global_steps}")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CHECKPOINT_STATE).write_text(state_of(self.callbacks))
        self._call("save", folder)
        super()._save_checkpoint()

    def _load_checkpoint(self) -> None:
        super()._load_checkpoint()
        if self.global_steps == 0:
            return
        trainer = self.config.trainer
        resumed = trainer.resume_from_path if trainer.resume_mode == "resume_path" else None
        folder = Path(resumed or os.path.join(trainer.default_local_dir, f"global_step_{self.global_steps}"))
        path = folder / CHECKPOINT_STATE
        if not path.is_file():  # of a job that did not use this mode
            return
        saved = json.loads(path.read_text())
        for callback in self.callbacks:
            # A callback that was added since then begins anew.
            if type(callback).__qualname__ in saved:
                callback.load_state_dict(saved[type(callback).__qualname__])
                callback.load(self, folder)

    def _call(self, hook: str, *args: Any) -> None:
        with self._timed():
            for callback in self.callbacks:
                getattr(callback, hook)(self, *args)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self._own_seconds += time.perf_counter() - started

    def _open_metrics_file(self) -> None:
        """Add the run folder's `metrics.jsonl` to verl's trackers, which have no registry."""
        run_dir = still_config(self.config).run_dir
        if run_dir and "still" not in self.logger.logger:
            self.logger.logger["still"] = MetricsFile(Path(run_dir))


@register_trainer("still_sync")
class StillSync(StillTrainer, PPOTrainerSync):
    upstream_mode = "sync"


@register_trainer("still_colocate_async")
class StillColocateAsync(StillTrainer, PPOTrainerColocateAsync):
    upstream_mode = "colocate_async"


@register_trainer("still_separate_async")
class StillSeparateAsync(StillTrainer, PPOTrainerSeparateAsync):
    upstream_mode = "separate_async"
    worker_class = "StillDetachActorWorker"
