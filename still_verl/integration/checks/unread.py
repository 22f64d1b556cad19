"""What a job sets and nobody reads is refused: each part of a job says here which settings it reads.

One table, `READERS`. A setting that differs from its default needs every reader that lists it. Within a node of
settings, what a schedule, a rule or a sandbox read is known from using it: see `schedules`, `selection`, `interpreter`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.loops import DEFAULT_LOOP, follows_the_step, loops, runs_code
from still_verl.integration.checks.upstream import default_config, value_of


@dataclass(frozen=True)
class Reader:
    """A part of a job that reads settings.

    Attributes:
        keys: what it reads; a node stands for all settings below it.
        absent: why the job does not have this part, with the fix; nothing if it has it.
    """

    keys: tuple[str, ...]
    absent: Callable[[DictConfig, StillConfig], str]


def no_trainer(config: DictConfig, still: StillConfig) -> str:
    """Look for one of our trainer modes, which alone have callbacks."""
    # Not above: they take seconds to import.
    from verl.trainer.ppo.v1.trainer_base import TRAINER_REGISTRY

    from still_verl.integration.trainers import StillTrainer

    mode = config.trainer.v1.trainer_mode
    if not config.trainer.use_v1:
        return "trainer.use_v1=false is verl's old trainer, which does not read it: set trainer.use_v1=true"
    if not issubclass(TRAINER_REGISTRY[mode], StillTrainer):
        return f"trainer.v1.trainer_mode={mode} does not read it: use still_{mode}"
    return ""


def no_v1(config: DictConfig, still: StillConfig) -> str:
    """Look for verl's V1 trainer."""
    if not config.trainer.use_v1:
        return "trainer.use_v1=false is verl's old trainer, which does not read it: set trainer.use_v1=true"
    return ""


def no_mode_of(upstream: str) -> Callable[[DictConfig, StillConfig], str]:
    """Look for the trainer mode `upstream` of verl's, or ours on top of it."""

    def absent(config: DictConfig, still: StillConfig) -> str:
        mode = config.trainer.v1.trainer_mode
        if mode.removeprefix("still_") == upstream:
            return ""
        return f"trainer.v1.trainer_mode={mode} does not read it: use still_{upstream}, or drop it"

    return absent


def no_loop_of_the_step(config: DictConfig, still: StillConfig) -> str:
    """Look for agent loops that take the budget and temperature of the step: all of the job's must."""
    for name, loop in loops(config).items():
        if not follows_the_step(loop):
            return f"the agent loop {name} does not read it: set {DEFAULT_LOOP}=still (in the data: agent_name)"
    return ""


def no_code_loop(config: DictConfig, still: StillConfig) -> str:
    """Look for an agent loop that runs code."""
    if runs_code(config):
        return ""
    return f"the agent loop {', '.join(loops(config))} runs no code: set still/rollout=code"


def no_text_format(config: DictConfig, still: StillConfig) -> str:
    """Look for code that is written in the text, where a block may end with the model's turn."""
    if still.interpreter.format == "tool_call":
        return "still.interpreter.format=tool_call has no blocks: drop it"
    return ""


def no_manager(config: DictConfig, still: StillConfig) -> str:
    """Look for the reward manager `still`."""
    name = config.reward.reward_manager.name
    if name == "still":
        return ""
    return (
        f"reward.reward_manager.name={name} does not read it: set reward.reward_manager.name=still, or "
        "still/reward=PRESET which does both"
    )


def no_run_folder(config: DictConfig, still: StillConfig) -> str:
    """Look for a folder to write samples to."""
    if still.run_dir is None:
        return "still.run_dir=null: nothing is written; give a folder"
    return ""


def no_skip(config: DictConfig, still: StillConfig) -> str:
    """Look for a job that leaves out verl's pass for the old log-probs."""
    if still.old_log_prob.skip:
        return ""
    return (
        "still.old_log_prob.skip=false computes the entropy in every step: set still.old_log_prob.skip=true, or drop it"
    )


def no_bound(config: DictConfig, still: StillConfig) -> str:
    """Look for a bound of the KL above which the reference is reset."""
    if still.reference.reset_above is not None:
        return ""
    return "still.reference.reset_above=null resets nothing: set a KL per token, such as 0.1, or drop it"


def no_average(config: DictConfig, still: StillConfig) -> str:
    """Look for a reference that follows the actor."""
    if still.reference.ema is not None:
        return ""
    return "still.reference.ema=null averages nothing: set the share that the reference keeps, such as 0.99, or drop it"


def no_accuracy_rule(config: DictConfig, still: StillConfig) -> str:
    """Look for the rule that reads the bounds of accuracy, among ours; one of the user's own may read them."""
    rules = still.selection.rules
    if "accuracy" in rules or any("." in rule for rule in rules):
        return ""
    return f"still.selection.rules={rules} has no rule that reads it: add accuracy"


def no_choice(config: DictConfig, still: StillConfig) -> str:
    """Look for a job that chooses its problems."""
    if still.curriculum.choose is not None:
        return ""
    return "still.curriculum.choose=null leaves the order to verl: set still/curriculum=thompson, or drop it"


DYNAMICS = (
    "still.kl",
    "still.entropy",
    "still.temperature",
    "still.schedules",
    "still.reference",
    "still.context",
    "still.curriculum",
    "still.selection",
)
READERS = (
    Reader((*DYNAMICS, "still.old_log_prob", "still.monitor", "still.callbacks"), no_trainer),
    Reader(("still.guard.errors_in_a_row", "still.guard.wait_seconds", "still.guard.say_seconds"), no_trainer),
    Reader(("still.old_log_prob.entropy_every",), no_skip),
    Reader(("still.reference.reset_patience", "still.reference.reset_distance"), no_bound),
    Reader(("still.reference.ema_every",), no_average),
    Reader(("still.context", "still.temperature"), no_loop_of_the_step),
    Reader(("still.interpreter", "still.reward.answer_in_outputs"), no_code_loop),
    Reader(("still.interpreter.run_at_end",), no_text_format),
    Reader(("still.reward",), no_manager),
    Reader(("still.monitor.samples", "still.monitor.sample_mb", "still.monitor.sample_files"), no_run_folder),
    Reader(("still.selection.accuracy",), no_accuracy_rule),
    Reader(("still.curriculum",), no_choice),
    Reader(("trainer.v1",), no_v1),
    Reader(("trainer.v1.colocate_async",), no_mode_of("colocate_async")),
    Reader(("trainer.v1.separate_async",), no_mode_of("separate_async")),
)


def check_read(config: DictConfig, still: StillConfig) -> None:
    """Check that each setting is read by all that should.

    Raises:
        ConfigError: names the first that is not, its value, and who would read it.
    """
    for key, value in changed(config, still):
        for reader in READERS:
            if any(_is_at_or_below(key, node) for node in reader.keys):
                reason = reader.absent(config, still)
                if reason:
                    raise ConfigError(f"{key}={value} is set, but {reason}")


def changed(config: DictConfig, still: StillConfig) -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of our settings and of the trainer's modes that differ from their defaults."""
    yield from _differences("still", _as_mapping(still), _as_mapping(StillConfig()))
    modes = OmegaConf.to_container(config.trainer.v1, resolve=True)
    yield from _differences("trainer.v1", modes, default_config()["trainer"]["v1"])


def _differences(path: str, node: Any, default: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(node, Mapping) or not isinstance(default, Mapping) or not default:
        if node != default:
            yield path, node
        return
    for name, value in node.items():
        yield from _differences(f"{path}.{name}", value, default.get(name))


def _as_mapping(node: Any) -> Any:
    """Return the nodes of settings as mappings; a mapping that is a value stays under its own name."""
    if not is_dataclass(node):
        return node
    return {field.name: _as_mapping(getattr(node, field.name)) for field in fields(node)}


def _is_at_or_below(key: str, node: str) -> bool:
    return f"{key}.".startswith(f"{node}.")


# What a schedule of ours sets in each step, by the setting of verl's that it replaces.
REPLACED = {
    "actor_rollout_ref.actor.kl_loss_coef": "kl",
    "algorithm.kl_ctrl.kl_coef": "kl",
    "algorithm.kl_ctrl.type": "kl",
    "actor_rollout_ref.actor.entropy_coeff": "entropy",
    "actor_rollout_ref.rollout.temperature": "temperature",
}


def check_replaced(config: DictConfig, still: StillConfig) -> None:
    """Refuse a setting of verl's that a schedule of ours replaces in every step: nobody would read it.

    Raises:
        ConfigError: names both settings.
    """
    for key, name in REPLACED.items():
        kind = getattr(still, name).kind
        if kind == "inherit":
            continue
        value = OmegaConf.select(config, key)
        if value != value_of(default_config(), key):
            raise ConfigError(
                f"{key}={value} is set, but still.{name}.kind={kind} replaces it in every step: drop it, or set "
                f"still/{name}=inherit"
            )
