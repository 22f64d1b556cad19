"""Lets a job start agent loop workers that say why a response failed, unless it names a manager of its own."""

from omegaconf import DictConfig, open_dict

MANAGER = "still_verl.integration.agent_loops.workers.ReportingManager"


def report_failures(config: DictConfig) -> None:
    """Name our manager of agent loop workers where the job names none."""
    agent = config.actor_rollout_ref.rollout.agent
    if not agent.get("agent_loop_manager_class"):
        with open_dict(agent):
            agent.agent_loop_manager_class = MANAGER
