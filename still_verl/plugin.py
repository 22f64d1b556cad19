"""The entry point that verl loads at `import verl`, in every process of a job.

Importing this module registers everything of still_verl. Each registration waits until verl imports the registry
that it goes into, so a process pays only for what it uses. verl hides errors of entry points: `still-verl doctor`
loads the same entry point and shows them.
"""

import sys
from typing import Any

import verl
from wrapt import when_imported

from still_verl.support import check_verl_version


@when_imported("omegaconf")
def _resolvers(_module: object) -> None:
    from still_verl.resolvers import register

    register()


@when_imported("hydra")
def _recipes(_module: object) -> None:
    from still_verl.hydra_plugin import register

    register()


# After the recipes: a job that uses one then ends with this error, and does not train without us.
check_verl_version(verl.__version__)

from verl.plugin.platform import PlatformRegistry  # noqa: E402

from still_verl.integration.cpu.distribution import VllmCpuFinder  # noqa: E402
from still_verl.integration.cpu.platform import CpuPlatform  # noqa: E402
from still_verl.integration.cpu.platform_messages import hold_back  # noqa: E402

PlatformRegistry.register(platform="cpu")(CpuPlatform)
hold_back()
sys.meta_path.append(VllmCpuFinder())


@when_imported("verl.trainer.ppo.v1")
def _trainer_modes(_module: object) -> None:
    import still_verl.integration.trainers  # noqa: F401


@when_imported("verl.experimental.agent_loop.agent_loop")
def _agent_loops(module: Any) -> None:
    # By name, as upstream's decorator does it: their modules import this one, so they cannot be imported here.
    loops = {
        "still": "single_turn.SingleTurn",
        "still_code": "code.CodeLoop",
        "still_tool_agent": "tool_agent.ToolAgent",
    }
    for name, path in loops.items():
        module._agent_loop_registry[name] = {"_target_": f"still_verl.integration.agent_loops.{path}"}


@when_imported("verl.experimental.reward_loop.reward_manager")
def _reward_manager(_module: object) -> None:
    import still_verl.integration.reward_manager  # noqa: F401


@when_imported("verl.workers.engine")
def _cpu_engine(_module: object) -> None:
    import still_verl.integration.cpu.engine  # noqa: F401


@when_imported("verl.workers.rollout.replica")
def _cpu_rollout(module: Any) -> None:
    def replica() -> Any:
        from still_verl.integration.cpu import rollout_server

        return rollout_server.replica()

    module.RolloutReplicaRegistry.register("vllm", replica)


@when_imported("verl.workers.rollout.base")
def _cpu_adapter(module: Any) -> None:
    # The adapter itself asks for the platform: verl imports this module before a worker knows its own.
    module._ROLLOUT_REGISTRY[("vllm", "async")] = "still_verl.integration.cpu.rollout_adapter.adapter"
