"""verl's replay buffer, watched: a run that only waits, or only replaces prompts, says for what, and ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from still_verl.integration.refill import Refill
from still_verl.integration.transfer_queue import errors_of_prompts
from still_verl.monitor.watchdog import Prompts, Watchdog

if TYPE_CHECKING:
    from verl.trainer.ppo.v1.replay_buffer import ReplayBuffer

    from still_verl.monitor.settings import GuardConfig

    # What stands behind the mixin in a class; at run time it is a mixin of nothing.
    Upstream = ReplayBuffer
else:
    Upstream = object

VALIDATION = "val"  # verl's name of the partition that no group is dropped from

Replaced = Callable[[str, float, int], None]  # told of a group: uid, share of right responses, number of responses

_log = logging.getLogger(__name__)


class Watched(Upstream):
    """Mixin in front of a replay buffer. verl polls the queue in one method, however it waits."""

    watchdog: Watchdog
    refill: Refill | None = None
    on_replaced: Replaced | None = None
    wanted: tuple[str, int] = ("", 0)  # partition and number of the prompts that `sample` waits for

    def sample(self, global_steps: int, partition_id: str, batch_size: int) -> Any:
        self.wanted = (partition_id, batch_size)
        if self.refill and partition_id != VALIDATION:
            self.refill.begin(batch_size)
        try:
            return super().sample(global_steps=global_steps, partition_id=partition_id, batch_size=batch_size)
        finally:
            self.wanted = ("", 0)

    def _sync_metadata_from_transfer_queue(self) -> None:
        super()._sync_metadata_from_transfer_queue()
        with_responses = {key.split("_")[0] for keys in self.partitions.values() for key in keys}
        failures = _all(self.failure_keys)
        prompts = Prompts(
            pending=_all(self.pending_keys),
            running=_all(self.running_keys),
            finished=_all(self.finished_keys) | (failures & with_responses),
            failed=failures - with_responses,
            partly=failures & with_responses,
            responses=sum(len(keys) for keys in self.partitions.values()),
        )
        partition, wanted = self.wanted
        all_failed = 0 < wanted <= len(self.failure_keys[partition] & prompts.failed)
        said = self.watchdog.look(prompts, all_failed)
        if said:
            _log.error(said)

    def _evict_terminal_groups(self, global_steps: int, partition_id: str, eviction_reasons: Any) -> Any:
        if self.on_replaced is not None:
            self._tell_replaced(partition_id, eviction_reasons[-1], self.on_replaced)
        evicted = super()._evict_terminal_groups(global_steps, partition_id, eviction_reasons)
        if self.refill and self.wanted[1] and partition_id != VALIDATION:
            said = self.refill.count(eviction_reasons[-1])
            if said:
                _log.warning(said)
            if not self.pending_keys[partition_id] and not self.running_keys[partition_id]:
                self.refill.check(len(self.finished_keys[partition_id] | self.failure_keys[partition_id]))
        return evicted

    def _tell_replaced(self, partition_id: str, uids: Any, tell: Replaced) -> None:
        """Tell of the groups of which nothing is learned: those that are all right, or all wrong."""
        values = self._dapo_classification_cache[partition_id]
        for uid in uids:
            size = sum(key.split("_")[0] == uid for key in self.partitions[partition_id])
            tell(uid, float((values[uid] or 0) > 0), size)

    def _select_prompt_uids(self, partition_id: str, sampleable_keys: Any, batch_size: int) -> Any:
        # verl takes any of those that are as old, in the order of a set: a step that is taken again, after a kill,
        # would learn from other prompts. The queue lists them in the order in which they were sent.
        in_order = [uid for uid in self.prompt_global_steps[partition_id] if uid in sampleable_keys]
        return super()._select_prompt_uids(partition_id, in_order, batch_size)  # type: ignore[arg-type]


def _all(keys: dict[str, set[str]]) -> frozenset[str]:
    """Return the keys of all partitions; a uid is in one only."""
    return frozenset().union(*keys.values())


def watched(buffer: Any, settings: GuardConfig, groups: Any = None) -> Any:
    """Return a replay buffer as an object of a subclass of its own class, which may be a user's.

    A buffer that does not poll as verl's does is returned as it is.

    Args:
        groups: the job's `algorithm.filter_groups`, if it has dynamic sampling.
    """
    kind = type(buffer)
    if not hasattr(kind, "_sync_metadata_from_transfer_queue"):
        return buffer
    # A name of its own, so that verl's messages still say which buffer it is.
    subclass: Any = type(f"Watched{kind.__name__}", (Watched, kind), {})
    found = object.__new__(subclass)
    vars(found).update(vars(buffer))
    found.watchdog = Watchdog(settings, errors_of_prompts)
    if groups is not None and groups.enable and found.refill_fn is not None:
        found.refill = Refill(found.refill_fn, int(groups.max_num_gen_batches), str(groups.metric))
        found.refill_fn = found.refill
    return found
