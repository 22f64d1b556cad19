"""A validation as callbacks see it: verl hands its samples to two methods, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from still_verl.integration.releases import means_of_all
from still_verl.monitor.rows import Validation

if TYPE_CHECKING:
    from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync

    # What stands behind the mixin in a trainer; at run time it is a mixin of nothing.
    Upstream = PPOTrainerSync
else:
    Upstream = object


class Validations(Upstream):
    """Mixin in front of a trainer: callbacks get all samples of a validation when its metrics are computed."""

    def _maybe_log_val_generations(self, inputs: list[str], outputs: list[str], scores: list[float]) -> None:
        super()._maybe_log_val_generations(inputs, outputs, scores)
        self._validated = (inputs, outputs, scores)

    def _val_metrics_update(
        self, data_sources: list[str], sample_uids: list[str], reward_extra_infos_dict: Any, *args: Any, **kwargs: Any
    ) -> dict[str, float]:
        # Upstream calls this right after the method above, for the same samples in the same order.
        infos = means_of_all(reward_extra_infos_dict)
        metrics = super()._val_metrics_update(data_sources, sample_uids, infos, *args, **kwargs)
        validation = Validation(sample_uids, *self._validated, reward_extra_infos_dict, data_sources)
        self._call("on_validation", validation, metrics)
        return metrics

    def _call(self, hook: str, *args: Any) -> None:
        raise NotImplementedError  # the trainer's
