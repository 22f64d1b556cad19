"""The `still:` node of a job as a whole: defaults, and one clear error per mistake.

Each package defines the settings of its own node. Here they are put together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, get_args, get_type_hints

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from still_verl.config_errors import ConfigError, did_you_mean, one_of
from still_verl.dynamics.numbers import NODE, numbers
from still_verl.dynamics.registries import CALLBACKS
from still_verl.dynamics.schedules import ADAPTIVE, INHERIT, ScheduleConfig
from still_verl.dynamics.settings import (
    ContextConfig,
    CurriculumConfig,
    EntropyConfig,
    KlConfig,
    OldLogProbConfig,
    ReferenceConfig,
    SelectionConfig,
)
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.monitor.settings import GuardConfig, MonitorConfig
from still_verl.rewards.settings import RewardConfig, check_form

DEVICES = ("auto", "cpu")
SCHEDULED = ("kl", "entropy", "temperature")  # nodes that are a schedule
RENAMED = {"reward.order": "still.reward.extractors"}  # since 0.1; by the old key below `still`


@dataclass
class StillConfig:
    """Everything of ours that a recipe or the command line can set.

    Attributes:
        name: the recipe's name; the run folder is called by it.
        run_dir: where a run keeps its metrics, dumps and checkpoints; None writes nothing.
        device: "cpu" runs without an accelerator, "auto" leaves the device to verl.
        keep_ray: jobs of an ablation that run one after the other in one process share a Ray, where each would start
            the same.
        reward: of the reward manager `still`.
        kl: the KL coefficient over the run.
        entropy: the coefficient of the entropy bonus over the run.
        temperature: of sampling and of log-probs over the run.
        schedules: other numbers over the run, by their names in verl's `actor_rollout_ref.actor`, and `lr`.
        reference: when the reference model becomes a copy of the actor, or follows it.
        old_log_prob: whether verl computes log-probs once more before the update.
        context: the length of responses over the run.
        curriculum: which problems are asked.
        selection: which samples are trained on.
        interpreter: of the agent loop `still_code`.
        monitor: what is watched, kept, and done about it.
        guard: when a run ends by itself.
        callbacks: dotted names of your own `still_verl.integration.callbacks.base.Callback` classes, in this order.
    """

    name: str = "still"
    run_dir: str | None = None
    device: str = "auto"
    keep_ray: bool = False
    reward: RewardConfig = field(default_factory=RewardConfig)
    kl: KlConfig = field(default_factory=KlConfig)
    entropy: EntropyConfig = field(default_factory=EntropyConfig)
    temperature: ScheduleConfig = field(default_factory=ScheduleConfig)
    schedules: dict[str, Any] | None = None
    reference: ReferenceConfig = field(default_factory=ReferenceConfig)
    old_log_prob: OldLogProbConfig = field(default_factory=OldLogProbConfig)
    context: ContextConfig = field(default_factory=ContextConfig)
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    interpreter: InterpreterConfig = field(default_factory=InterpreterConfig)
    monitor: MonitorConfig = field(default_factory=MonitorConfig)
    guard: GuardConfig = field(default_factory=GuardConfig)
    callbacks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        one_of("still.device", self.device, DEVICES)
        for name in SCHEDULED:
            getattr(self, name).check(f"still.{name}")
        if self.temperature.kind == ADAPTIVE:
            raise ConfigError("still.temperature.kind='adaptive': a temperature cannot be adaptive")
        numbers(self.schedules)
        for name in self.callbacks:
            if name in CALLBACKS:
                raise ConfigError(f"still.callbacks has {name!r}: it is always active; name only your own")
            if "." not in name:
                raise ConfigError(f"still.callbacks has {name!r}: give the dotted name of a class, pkg.module.Class")

    @property
    def driven(self) -> dict[str, ScheduleConfig]:
        """Return every schedule of the job that sets something, by its full name such as `still.kl`."""
        found = {f"still.{name}": getattr(self, name) for name in SCHEDULED}
        driven = {key: settings for key, settings in found.items() if settings.kind != INHERIT}
        return driven | {f"{NODE}.{name}": settings for name, settings in numbers(self.schedules).items()}


def still_config(config: DictConfig) -> StillConfig:
    """Return the validated `still:` node of the whole job's config; defaults where the job has none.

    Raises:
        ConfigError: unknown key (with the nearest known one), wrong type, or a value that is not allowed.
    """
    node = config.get("still")
    if node is None:
        return StillConfig()
    given = OmegaConf.to_container(node, resolve=True)
    try:
        _check_nodes(given)
        merged = OmegaConf.merge(OmegaConf.structured(StillConfig), given)
        found = OmegaConf.to_object(merged)
        assert isinstance(found, StillConfig)  # as its schema says
        return found
    except ConfigKeyError as error:
        raise ConfigError(_unknown_key(given, str(error.full_key))) from error
    except OmegaConfBaseException as error:
        raise ConfigError(_wrong_type(given, error.full_key or _misfit(given), error)) from error


def _check_nodes(given: Any) -> None:
    """Refuse one value in place of a node of settings: `still.kl=cosine` for the choice `still/kl=cosine`."""
    default = StillConfig()
    for name, value in given.items():
        node = getattr(default, str(name), None)
        if is_dataclass(node) and not isinstance(value, Mapping):
            first = fields(node)[0].name
            raise ConfigError(
                f"still.{name}={value!r}: this has settings below it, such as still.{name}.{first}; "
                f"choose a file of settings with a slash, still/{name}=NAME"
            )
    check_form((given.get("reward") or {}).get("routes", []))


def _misfit(given: Any) -> str:
    """Find the setting that cannot be merged, where OmegaConf does not say so: a list in place of a mapping."""
    for name, node in given.items():
        if not isinstance(node, Mapping):
            if not _fits({name: node}):
                return str(name)
            continue
        for key, value in node.items():
            if not _fits({name: {key: value}}):
                return f"{name}.{key}"
    return ""


def _fits(given: Any) -> bool:
    try:
        OmegaConf.merge(OmegaConf.structured(StillConfig), given)
    except OmegaConfBaseException:
        return False
    return True


# How a value of each type is written.
WORDS: dict[Any, str] = {
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    str: "text",
    list[str]: "a list of names, [one,two]",
    list[float]: "a list of numbers, [0.2,0.8]",
    list[list[int]]: "a list of pairs of whole numbers, [[1,8192],[300,20480]]",
    list[Any]: "a list",
    dict[str, Any]: "a mapping of names to schedules, {lr: {kind: linear, start: 1e-6}}",
    dict[str, float]: "a mapping of names to numbers, {correct: 1.0}",
    dict[str, list[str]]: "a mapping of names to lists of words, {reflection: [hmm]}",
}


def _wrong_type(given: Any, full_key: str, error: OmegaConfBaseException) -> str:
    """The message for a value of another type than its setting has; `full_key` is relative to `still`."""
    key = full_key.partition("[")[0]
    value: Any = given
    kind: Any = StillConfig
    for part in filter(None, key.split(".")):
        if not isinstance(value, Mapping) or not is_dataclass(kind):
            break
        value, kind = value.get(part), get_type_hints(kind).get(part)
    for hint in (kind, *get_args(kind)):  # of `float | None` the first
        if hint in WORDS:
            return f"still.{key}={value!r}: use {WORDS[hint]}"
    return f"still.{key}={value!r}: {str(error.msg).splitlines()[0]}"


def _unknown_key(given: Any, full_key: str) -> str:
    """The message for a key that no node has; `full_key` is relative to `still`."""
    if full_key in RENAMED:
        return f"still.{full_key} has a new name: write {RENAMED[full_key]}"
    *parents, key = full_key.split(".")
    node: Any = StillConfig()
    for parent in parents:
        node, given = getattr(node, parent), given[parent]
    known = []
    if is_dataclass(node):
        known = [field.name for field in fields(node)]
    path = ".".join(["still", *parents])
    hint = did_you_mean(key, known).replace("mean ", f"mean {path}.").removeprefix("; ")
    hint = hint or f"use one of {', '.join(known)}"
    return f"{path}.{key}={given[key]!r} is not a setting of still_verl: {hint}"
