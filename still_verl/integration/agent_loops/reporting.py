"""Which agent loop workers a job starts, unless it names a manager of its own."""

from omegaconf import DictConfig, open_dict

from still_verl.integration.releases import HAS_GROUPS

REPORTING = "still_verl.integration.agent_loops.workers.ReportingManager"
GATHERING = "still_verl.integration.cpu.agent_loops.GatheringManager"
# The modes whose rollout is never interrupted, which a group of requests could not be.
WHOLE_STEPS = ("sync", "still_sync")


def choose_workers(config: DictConfig, mode: str) -> None:
    """Name our manager of agent loop workers where the job names none: they say why a response failed.

    On a processor they also send in groups what upstream sends for each sample, and do the work of a single reward
    worker themselves.

    Args:
        config: of the job.
        mode: `trainer.v1.trainer_mode`, as the job has it.
    """
    agent = config.actor_rollout_ref.rollout.agent
    if agent.get("agent_loop_manager_class"):
        return
    on_cpu = config.trainer.device == "cpu" and config.actor_rollout_ref.rollout.name == "vllm"
    gather = HAS_GROUPS and on_cpu and mode in WHOLE_STEPS
    with open_dict(config):
        agent.agent_loop_manager_class = GATHERING if gather else REPORTING
        if gather and config.reward.num_workers == 1 and not config.reward.reward_model.enable:
            config.reward.num_workers = 0
