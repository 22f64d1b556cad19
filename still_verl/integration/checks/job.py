"""All checks of a job, in their order; how the driver of a CPU job is set up."""

import os

from omegaconf import DictConfig
from omegaconf.errors import MissingMandatoryValue
from verl.plugin.platform import set_platform

from still_verl.config import StillConfig, still_config
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.advantage import check_advantage
from still_verl.integration.checks.choices import check_choices
from still_verl.integration.checks.clip import check_clip
from still_verl.integration.checks.correction import check_correction
from still_verl.integration.checks.cpu import check_cpu, claim_machine
from still_verl.integration.checks.cpu_limits import check_cpu_limits
from still_verl.integration.checks.critic import check_critic
from still_verl.integration.checks.curriculum import check_curriculum, check_grades
from still_verl.integration.checks.data import check_data
from still_verl.integration.checks.devices import check_devices
from still_verl.integration.checks.dynamics import check_dynamics
from still_verl.integration.checks.filter_groups import check_filter_groups
from still_verl.integration.checks.gold import check_gold_answers
from still_verl.integration.checks.gpu import check_attention, check_driver
from still_verl.integration.checks.groups import check_groups
from still_verl.integration.checks.interpreter import check_interpreter
from still_verl.integration.checks.loops import runs_code
from still_verl.integration.checks.machine import check_accelerators, check_packages, check_trackers
from still_verl.integration.checks.model import check_context_window, open_model
from still_verl.integration.checks.modes import check_modes
from still_verl.integration.checks.names import check_names
from still_verl.integration.checks.policy_loss import check_policy_loss
from still_verl.integration.checks.prompts import check_rows
from still_verl.integration.checks.ranges import check_ranges
from still_verl.integration.checks.resume import check_resume
from still_verl.integration.checks.reward import check_reward_function, check_reward_terms
from still_verl.integration.checks.run_folder import check_run_folder
from still_verl.integration.checks.schedules import check_schedules
from still_verl.integration.checks.selection import check_selection
from still_verl.integration.checks.targets import check_targets
from still_verl.integration.checks.tools import check_text_only, check_tools
from still_verl.integration.checks.trial import check_reward_of_rows
from still_verl.integration.checks.unknown import check_known
from still_verl.integration.checks.unread import check_read, check_replaced
from still_verl.integration.checks.upstream import build_upstream, check_upstream
from still_verl.integration.checks.weights import check_weights
from still_verl.integration.cpu import platform_messages
from still_verl.integration.cpu.fork_server import with_forkserver
from still_verl.integration.cpu.platform import CpuPlatform
from still_verl.interpreter.checks import check_sandbox


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
    if still.device == "cpu":
        platform_messages.drop()
        set_platform(CpuPlatform())  # first: verl's modules look for an accelerator when they are imported
    else:
        platform_messages.release()
    check_groups()
    check_support(config, still)
    check_data(config)
    check_grades(config, still)
    check_resume(config)
    check_run_folder(config, still)
    check_reward_function(config)
    model = open_model(config)
    check_context_window(config, model)
    check_targets(config, still, model)
    check_rows(config, model)
    check_gold_answers(config, still)
    check_reward_of_rows(config, still)
    check_packages(config)
    check_trackers(config)
    check_driver()
    check_accelerators(config)
    check_attention(config)
    if runs_code(config):
        check_text_only(config)
        check_interpreter(config, still.interpreter)
    for tool in check_tools(config, still.interpreter):
        check_sandbox(tool)
    build_upstream(config)
    check_policy_loss(config, still)
    if still.device == "cpu":
        check_cpu(config)
        check_critic(config)


def check_support(config: DictConfig, still: StillConfig) -> None:
    """Decide whether the parts that a job combines work together, from its settings alone: no file is opened.

    The table of docs/support.md is made with this function.

    Raises:
        ConfigError: the first thing that cannot work.
    """
    check_names(still)
    check_ranges(config)
    check_choices(config)
    check_upstream(config)
    check_known(config)
    check_advantage(config, still)
    check_read(config, still)
    check_replaced(config, still)
    check_dynamics(config, still)
    check_schedules(config, still)
    check_selection(config, still)
    check_curriculum(config, still)
    check_reward_terms(config, still)
    check_clip(config, still)
    check_correction(config)
    check_filter_groups(config, still)
    if still.device == "cpu":
        check_cpu_limits(config)
    check_modes(config)
    check_weights(config, still.device)
    check_devices(config)


def prepare_driver(config: DictConfig) -> None:
    """Claim this machine for a job without an accelerator, and give Ray our fork server; after `check_job`.

    Raises:
        ConfigError: another CPU job holds this machine.
    """
    if still_config(config).device == "cpu":
        claim_machine(config)
        os.environ.setdefault("RAY_RUNTIME_ENV_HOOK", f"{with_forkserver.__module__}.{with_forkserver.__name__}")
