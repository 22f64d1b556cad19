"""The trainer modes `still_sync`, `still_colocate_async`, `still_separate_async`: upstream's, with callbacks."""

import json
import os
from pathlib import Path
from typing import Any, ClassVar

from omegaconf import DictConfig
from transfer_queue import KVBatchMeta
from verl.trainer.ppo.v1.trainer_base import register_trainer
from verl.trainer.ppo.v1.trainer_colocate_async import PPOTrainerColocateAsync
from verl.trainer.ppo.v1.trainer_separate_async import PPOTrainerSeparateAsync
from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync
from verl.utils.import_utils import load_class_from_fqn

from still_verl.config import still_config
from still_verl.cpu.trainer import CpuTrainer
from still_verl.monitor.callback import Monitor
from still_verl.monitor.sink import MetricsFile
from still_verl.trainer.callbacks import Callback

CHECKPOINT_STATE = "still.json"


def build_callbacks(config: DictConfig) -> list[Callback]:
    """Those that `still.callbacks` names, in its order, then the monitor, which so sees what they did.

    Raises:
        ValueError, ImportError, AttributeError: from the import of a name, which they contain.
    """
    return [
        *(load_class_from_fqn(name, "callback")(config) for name in still_config(config).callbacks),
        Monitor(config),
    ]


class StillTrainer(CpuTrainer):
    """Mixin in front of an upstream trainer: its hooks call ours, and callback state travels with checkpoints."""

    upstream_mode: ClassVar[str]
    # Provided by upstream's trainer.
    global_steps: int
    logger: Any

    def __init__(self, config: DictConfig) -> None:
        # Upstream compares the mode's name and reads `trainer.v1.<name>`, so it must see its own.
        mode = config.trainer.v1.trainer_mode
        config.trainer.v1.trainer_mode = self.upstream_mode
        super().__init__(config)  # type: ignore[call-arg]
        config.trainer.v1.trainer_mode = mode
        self.callbacks = build_callbacks(config)

    def on_init_end(self) -> None:
        super().on_init_end()  # type: ignore[misc]
        self._call("on_init_end")

    def on_validate_begin(self) -> None:
        self._open_metrics_file()
        super().on_validate_begin()  # type: ignore[misc]

    def on_train_begin(self) -> None:
        self._open_metrics_file()
        super().on_train_begin()  # type: ignore[misc]

    def on_step_begin(self) -> None:
        super().on_step_begin()  # type: ignore[misc]
        self._call("on_step_begin")

    def on_step_end(self) -> None:
        super().on_step_end()  # type: ignore[misc]
        self._call("on_step_end")

    def _compute_advantage(self, batch: KVBatchMeta, metrics: dict[str, Any]) -> KVBatchMeta:
        self._call("on_batch", batch, metrics)
        return super()._compute_advantage(batch, metrics)  # type: ignore[misc]

    def _compute_metrics(self, batch: KVBatchMeta, metrics: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super()._compute_metrics(batch, metrics, *args, **kwargs)  # type: ignore[misc]
        self._call("on_metrics", batch, metrics)

    def _save_checkpoint(self) -> None:
        # First ours: upstream ends by naming this step as the one to resume from.
        folder = Path(self.config.trainer.default_local_dir, f"global_step_{self.global_steps}")
        folder.mkdir(parents=True, exist_ok=True)
        state = {type(callback).__qualname__: callback.state_dict() for callback in self.callbacks}
        (folder / CHECKPOINT_STATE).write_text(json.dumps(state))
        super()._save_checkpoint()  # type: ignore[misc]

    def _load_checkpoint(self) -> None:
        super()._load_checkpoint()  # type: ignore[misc]
        if self.global_steps == 0:
            return
        trainer = self.config.trainer
        resumed = trainer.resume_from_path if trainer.resume_mode == "resume_path" else None
        folder = resumed or os.path.join(trainer.default_local_dir, f"global_step_{self.global_steps}")
        path = Path(folder, CHECKPOINT_STATE)
        # A checkpoint of a job that did not use this mode has none.
        saved = json.loads(path.read_text()) if path.is_file() else {}
        for callback in self.callbacks:
            callback.load_state_dict(saved.get(type(callback).__qualname__, {}))

    def _call(self, hook: str, *args: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(self, *args)

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
