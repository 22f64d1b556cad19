"""A callback that records what each hook saw and the weights of actor and reference, and one that fails.

The recorder carries a number through checkpoints, and kills the trainer without a word where a test says so.
"""

import os
import signal
from pathlib import Path

from still_verl.integration.callbacks.base import Callback
from still_verl.monitor.jsonl import line, open_append

# Of what the agent loop has left of a response.
EXTRAS = (
    "finish_reason",
    "response_tokens",
    "tool_spans",
    "tool_calls",
    "tool_ok",
    "tool_resumed",
    "tool_closed_by_end",
)


class Recorder(Callback):
    steps_seen = 0

    def _write(self, hook, trainer, **seen):
        with open_append(Path(self.config.still.run_dir, "hooks.jsonl")) as file:  # after a kill, too
            file.write(line({"hook": hook, "step": trainer.global_steps, **seen}))

    def on_init_end(self, trainer):
        sums = trainer.actor_rollout_wg.reference_checksums()
        self._write("on_init_end", trainer, steps_seen=self.steps_seen, sums=sums, pid=os.getpid())

    def on_step_begin(self, trainer):
        if trainer.global_steps == int(os.environ.get("DIE_AT_STEP", "-1")):
            os.kill(os.getpid(), signal.SIGKILL)
        self._write("on_step_begin", trainer)

    def on_batch(self, trainer, batch, metrics):
        self.steps_seen += 1
        self._write("on_batch", trainer, rows=len(batch.keys))

    def on_update(self, trainer, metrics):
        self._write("on_update", trainer, sums=trainer.actor_rollout_wg.reference_checksums())

    def on_metrics(self, trainer, batch, metrics):
        import transfer_queue as tq

        names = ["extra_fields", "responses", "response_mask"]
        fields = tq.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=names)
        reasons = [f.get("finish_reason") for f in list(fields["extra_fields"])]
        metrics["still/test/cut"] = reasons.count("length") / len(reasons)
        metrics["still/test/steps_seen"] = self.steps_seen
        metrics["still/test/tokens"] = sum(f.get("response_tokens", 0) for f in fields["extra_fields"]) / len(reasons)
        rows = zip(fields["responses"].unbind(), fields["response_mask"].unbind(), batch.tags, strict=True)
        tokens = [[ids.tolist(), mask.tolist()] for ids, mask, tag in rows if not tag.get("is_padding")]
        fields = list(fields["extra_fields"])
        extras = [extra for extra, tag in zip(fields, batch.tags, strict=True) if not tag.get("is_padding")]
        extras = [{key: extra.get(key) for key in EXTRAS} for extra in extras]
        self._write("on_metrics", trainer, tokens=tokens, extras=extras)

    def state_dict(self):
        return {"steps_seen": self.steps_seen}

    def load_state_dict(self, state):
        self.steps_seen = state["steps_seen"]


class Failing(Callback):
    def on_step_begin(self, trainer):
        raise RuntimeError("a callback failed on purpose")


class FailsWithFixedKl(Callback):
    """One job of a sweep over `still/kl` fails in its second step, while there is a file `broken` beside the sweep."""

    def on_step_begin(self, trainer):
        kl, folder = self.config.still.kl, Path(self.config.still.run_dir)
        fixed = kl.kind == "constant" and kl.start > 0
        if fixed and trainer.global_steps == 2 and (folder.parents[1] / "broken").exists():
            raise RuntimeError("a callback failed in step 2")
