"""The trainer modes `still_sync`, `still_colocate_async`, `still_separate_async`: upstream's, with callbacks."""

import os
import time
from collections.abc import Iterator
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
from still_verl.integration import checkpoints
from still_verl.integration.agent_loops.reporting import choose_workers
from still_verl.integration.callbacks.build import build_callbacks
from still_verl.integration.callbacks.sampling import Sampling, SteppedAgentLoops
from still_verl.integration.cpu.trainer import CpuTrainer
from still_verl.integration.critic import critic_loss
from still_verl.integration.empty_step import EmptyStep, forget_filled_in
from still_verl.integration.loss import LossSettings
from still_verl.integration.old_log_probs import OldLogProbs
from still_verl.integration.per_token import divide_sums
from still_verl.integration.reference_pass import ReferencePass
from still_verl.integration.refill import bound_hidden
from still_verl.integration.replay_buffer import watched
from still_verl.integration.transfer_queue import (
    Samples,
    Tag,
    clear,
    dropped_rows,
    fill_up,
    spread_padding,
    subset,
    with_rows,
    without_update,
)
from still_verl.integration.validations import Validations
from still_verl.integration.watched_parts import WatchedParts
from still_verl.monitor.jsonl import MetricsFile
from still_verl.monitor.rows import REWARD_ERROR, check_scored

if TYPE_CHECKING:
    from still_verl.integration.transfer_queue import Batch

    # What stands behind the mixin in each class below; at run time it is a mixin of nothing.
    Upstream = PPOTrainerSync
else:
    Upstream = object

OWN_SECONDS = "timing_s/still"
TOTAL_STEPS = "trainer.total_training_steps"


class StillTrainer(OldLogProbs, Validations, WatchedParts, CpuTrainer, ReferencePass, Upstream):
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
        train_dataset: all rows of training, and `train_dataloader`, what yields them in batches.
        replay_buffer: verl's, which collects what was generated.
        callbacks: all that are active, in the order in which they are called.
    """

    upstream_mode: ClassVar[str]
    kl_ctrl_in_reward: Any
    use_reference_policy: bool
    tokenizer: Any
    train_dataset: Any
    train_dataloader: Any
    replay_buffer: Any
    logger: Any
    actor_rollout_wg: Any
    critic_wg: Any
    use_critic: bool

    def __init__(self, config: DictConfig) -> None:
        # Before anything of it changes: callbacks set values of the step there.
        self._settings = checkpoints.settings_of(config, still_config(config).run_dir)
        checkpoints.keep_two(config)
        # Upstream compares the mode's name and reads `trainer.v1.<name>`, so it must see its own.
        mode = config.trainer.v1.trainer_mode
        config.trainer.v1.trainer_mode = self.upstream_mode
        self.callbacks = build_callbacks(config)
        self.loss = LossSettings(config.actor_rollout_ref.actor)
        self.samples = Samples()
        self._own_seconds = 0.0  # what our hooks have cost the step
        self._dropped: dict[str, Tag] = {}  # the step's samples that are not learned from
        self._empty = False  # whether these are all
        if run_dir := still_config(config).run_dir:
            os.environ.setdefault("TENSORBOARD_DIR", f"{run_dir}/tensorboard")  # verl's tracker reads nothing else
        super().__init__(config)
        config.trainer.v1.trainer_mode = mode
        choose_workers(config, mode)  # verl builds them after this, from the same config

    def _build_replay_buffer(self) -> Any:
        groups = self.config.algorithm.get("filter_groups")
        with bound_hidden(groups):
            buffer = super()._build_replay_buffer()
        return watched(buffer, still_config(self.config).guard, groups)

    def fit(self, agent_loop_manager: Any) -> None:
        for callback in self.callbacks:
            if isinstance(callback, Sampling):
                agent_loop_manager = SteppedAgentLoops(agent_loop_manager, callback)
        try:
            super().fit(agent_loop_manager)
        finally:
            for callback in self.callbacks:
                callback.close()

    def _init_dataloader(self) -> None:
        super()._init_dataloader()
        self._call("on_data")

    def _fetch_one_gen_batch(self) -> Any:
        prompts = super()._fetch_one_gen_batch()
        self._call("on_prompts", prompts)
        return prompts

    def on_init_end(self) -> None:
        super().on_init_end()
        if self.use_critic:
            self.critic_wg.set_loss_fn(critic_loss(self.config.critic))
        self._call("on_init_end")
        checkpoints.state_of(self.callbacks)  # what cannot be written shall not end the run at its first checkpoint

    def on_validate_begin(self) -> None:
        self._open_metrics_file()
        super().on_validate_begin()

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
        self._dropped |= dropped
        if not batch.keys:
            raise EmptyStep(whole)
        with self._timed():
            batch = fill_up(batch, self._get_required_batch_multiple(self._actor_ranks()), self.tokenizer.eos_token_id)
        batch = super()._balance_batch(batch, metrics, *args, **kwargs)
        with self._timed():
            spread_padding(batch, self._actor_ranks())  # of every rank, which upstream has only now chosen rows for
        return batch

    def _update_actor(self, batch: "Batch", metrics: dict[str, Any]) -> "Batch":
        self._call("on_update_begin", batch)
        with self._timed():
            self.loss.send(self.actor_rollout_wg)
        return super()._update_actor(batch, metrics)

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
            return subset(empty.batch, [])

    def step(self, metrics: dict[str, Any], timing_raw: dict[str, float]) -> "Batch":
        batch = super().step(metrics, timing_raw)
        self._empty = not batch.keys
        if self._empty:  # each of the step's mini-batches was; upstream's metrics need samples
            batch = without_update(with_rows(batch, self._dropped), self.use_critic)
            self._dropped.clear()
        divide_sums(metrics)
        self._call("on_update", metrics)
        return batch

    def _compute_metrics(self, batch: "Batch", metrics: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super()._compute_metrics(batch, metrics, *args, **kwargs)
        if self._empty:
            forget_filled_in(metrics)
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
        from still_verl.integration.actor_worker import StillActorRolloutRefWorker

        for role in set(self.role_worker_mapping) - {Role.Critic}:
            self.role_worker_mapping[role] = ray.remote(StillActorRolloutRefWorker)

    def _save_checkpoint(self) -> None:
        # First ours: upstream ends by naming this step as the one to resume from.
        folder = Path(self.config.trainer.default_local_dir, f"global_step_{self.global_steps}")
        checkpoints.write(folder, self.callbacks, self._settings)
        self._call("save", folder)
        super()._save_checkpoint()

    def _load_checkpoint(self) -> None:
        # Not before: upstream has only now counted the steps of the run, where no setting says how many.
        self._settings[TOTAL_STEPS] = self.total_training_steps
        super()._load_checkpoint()
        if self.global_steps == 0:
            return
        folder = checkpoints.folder_to_resume(self.config, self.global_steps)
        states, settings = checkpoints.read(folder)
        checkpoints.tell_changes(folder, self.global_steps, settings, self._settings, still_config(self.config).run_dir)
        for callback in self.callbacks:
            # A callback that was added since then begins anew.
            state = states.pop(type(callback).__qualname__, None)
            if state is not None:
                callback.load_state_dict(state)
                callback.load(self, folder)
        for name in states:
            print(f"still_verl: this job has no {name}, whose state is in the checkpoint {folder}")

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
    _has_old_policy = False  # whether this step's weights before its first update are set aside

    def step(self, metrics: dict[str, Any], timing_raw: dict[str, float]) -> "Batch":
        self._has_old_policy = False
        return super().step(metrics, timing_raw)

    def _compute_old_log_prob(self, batch: "Batch", metrics: dict[str, Any]) -> "Batch":
        # Upstream sets the weights aside in the first mini-batch alone. Where selection has dropped that one, those of
        # the step before would be taken for the next ones; no update came in between, so the next one counts as first.
        position = self.local_trigger_step
        if not self._has_old_policy:
            self.local_trigger_step = 0
        computed = super()._compute_old_log_prob(batch, metrics)
        self.local_trigger_step, self._has_old_policy = position, True
        return computed
