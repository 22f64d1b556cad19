"""`cpu_sync`: verl's own `sync` trainer with nothing of still_verl but what it needs to run without an accelerator.

Loaded into a job by `VERL_USE_EXTERNAL_MODULES`, to compare `still_sync` with.
"""

from wrapt import when_imported


@when_imported("verl.trainer.ppo.v1")
def _register(_module: object) -> None:
    from verl.trainer.ppo.v1.trainer_base import register_trainer
    from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync

    from still_verl.integration.cpu.trainer import CpuTrainer

    class CpuSync(CpuTrainer, PPOTrainerSync):
        """Upstream's trainer on a laptop."""

        def _build_replay_buffer(self) -> object:
            self.trainer_mode = "sync"
            return super()._build_replay_buffer()

    register_trainer("cpu_sync")(CpuSync)
