"""For dynamic sampling: three prompts of four have responses that are all alike, and later ones all of them.

An agent loop that tells the reward (alike_reward.py) which response of a group it judges, and a callback that writes
down which prompts were sent. It kills the trainer in the middle of the refill of a step, where a test says so.
"""

import os
import signal
from pathlib import Path

from verl.experimental.agent_loop.agent_loop import register

from still_verl.integration.agent_loops.single_turn import SingleTurn
from still_verl.integration.callbacks.base import Callback
from still_verl.monitor.jsonl import line, open_append

ONE_OF = 4  # prompts has responses that differ
LAST = 64  # prompt after which none has


def differs(index):
    return index % ONE_OF == ONE_OF - 1 and index < LAST


@register("still_alike")
class NumberedLoop(SingleTurn):
    async def run(self, sampling_params, **kwargs):
        output = await super().run(sampling_params, **kwargs)
        output.extra_fields["session"] = int(kwargs["session_id"])
        return output


class Sent(Callback):
    """Writes the prompts that verl sends, and those that a step learns from, by their place in the data."""

    def _write(self, trainer, **seen):
        with open_append(Path(self.config.still.run_dir, "sent.jsonl")) as file:
            file.write(line({"step": trainer.global_steps, "pid": os.getpid(), **seen}))

    def on_init_end(self, trainer):
        send = trainer._submit_batch_to_rollout
        sent_of_step = []

        def written(batch):
            indices = [int(row["ground_truth"]) for row in list(batch["reward_model"])]
            self._write(trainer, sent=indices)
            sent_of_step.append(trainer.global_steps)
            if (
                os.environ.get("DIE_IN_REFILL") == str(trainer.global_steps)
                and sent_of_step.count(sent_of_step[-1]) == 3
            ):
                os.kill(os.getpid(), signal.SIGKILL)
            return send(batch)

        trainer._submit_batch_to_rollout = written

    def on_batch(self, trainer, batch, metrics):
        rows = trainer.samples.rows(batch)
        self._write(trainer, learned=[int(reference) for reference in rows.references])
