"""All checks of a job, in their order, and those of its reward and engine; how the driver of a CPU job is set up."""

import os
from importlib.util import find_spec

from omegaconf import DictConfig
from omegaconf.errors import MissingMandatoryValue
from verl.plugin.platform import set_platform
from verl.trainer.ppo.reward import get_custom_reward_fn

from still_verl.config import StillConfig, still_config
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.agent_names import check_agent_names
from still_verl.integration.checks.cpu import check_cpu, claim_machine
from still_verl.integration.checks.critic import check_critic
from still_verl.integration.checks.data import check_data, check_model, check_prompt
from still_verl.integration.checks.dynamics import check_dynamics
from still_verl.integration.checks.interpreter import check_interpreter
from still_verl.integration.checks.names import check_names
from still_verl.integration.checks.resume import check_resume
from still_verl.integration.checks.run_folder import check_run_folder
from still_verl.integration.checks.weights import check_weights
from still_verl.integration.cpu.fork_server import with_forkserver
from still_verl.integration.cpu.platform import CpuPlatform
from still_verl.rewards.settings import RewardConfig


def check_job(config: DictConfig) -> None:
    """Run every check on the whole job's config.

    Raises:
        ConfigError: the first thing that cannot work, or a setting that verl leaves to the user and that has no value.
    """
    try:
        _check(config)
    except MissingMandatoryValue as error:
        raise ConfigError(f"{error.full_key}=???: verl has no default for it; give it a value") from error


def _check(config: DictConfig) -> None:
    still = still_config(config)
    check_names(still)
    check_data(config)
    check_prompt(config)
    check_reward_function(config)
    check_reward_manager(config, still)
    check_dynamics(config, still)
    check_agent_names(config, still)
    check_model(config)
    check_resume(config)
    check_run_folder(config, still)
    check_weights(config, still.device)
    check_rollout(config)
    check_interpreter(config, still.interpreter)
    if still.device == "cpu":
        check_cpu(config)
        check_critic(config)


def prepare_driver(config: DictConfig) -> None:
    """Give this process, without an accelerator, the platform that every Ray worker gets, and Ray our fork server.

    Raises:
        ConfigError: another CPU job holds this machine.
    """
    if still_config(config).device == "cpu":
        claim_machine(config)
        set_platform(CpuPlatform())
        os.environ.setdefault("RAY_RUNTIME_ENV_HOOK", f"{with_forkserver.__module__}.{with_forkserver.__name__}")


def check_reward_function(config: DictConfig) -> None:
    """Load the reward as verl's reward workers will, which start minutes later."""
    key = f"reward.custom_reward_function.path={config.reward.custom_reward_function.path}"
    try:
        get_custom_reward_fn(config)
    except (FileNotFoundError, AttributeError) as error:
        raise ConfigError(f"{key}: {error}") from error
    except RuntimeError as error:  # what verl raises over an error in the module; the error is its cause
        raise ConfigError(f"{key}: {type(error.__cause__).__name__}: {error.__cause__}") from error


def check_reward_manager(config: DictConfig, still: StillConfig) -> None:
    """Let one reward decide: the manager `still` with `still.reward`, or a function under a manager of verl's."""
    name, path = config.reward.reward_manager.name, config.reward.custom_reward_function.path
    if name != "still":
        if still.reward != RewardConfig():
            raise ConfigError(
                f"still.reward is set, but reward.reward_manager.name={name} does not read it: "
                "set reward.reward_manager.name=still, or still/reward=PRESET which does both"
            )
        return
    if path is not None:
        raise ConfigError(
            f"reward.custom_reward_function.path={path}: the reward manager `still` does not call it; "
            "set reward.reward_manager.name=naive, or drop the function"
        )
    preset, limit = still.reward.build(), config.data.max_response_length
    loop = config.actor_rollout_ref.rollout.agent.default_agent_loop
    if "tools" in preset.terms and loop != "still_code":
        raise ConfigError(
            f"still.reward.weights has tools, but the agent loop {loop} runs no tools: set still/rollout=code"
        )
    if "overlong" in preset.terms and preset.overlong_buffer > limit:
        raise ConfigError(
            f"still.reward.overlong_buffer={preset.overlong_buffer}: more than data.max_response_length={limit}"
        )


def check_rollout(config: DictConfig) -> None:
    """Check that the inference engine is installed."""
    if config.actor_rollout_ref.rollout.name == "vllm" and find_spec("vllm") is None:
        raise ConfigError(
            "actor_rollout_ref.rollout.name=vllm: vLLM is not installed; on a laptop run `make setup`, "
            "with GPUs `pip install 'still-verl[gpu]'`"
        )
