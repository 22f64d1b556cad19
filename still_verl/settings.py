"""The nodes under `still:`, one for each room that reads one. Each refuses what cannot work, by key, value and fix."""

import re
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from still_verl.schedules import ScheduleConfig

if TYPE_CHECKING:
    from still_verl.rewards.compose import Preset

KL_PLACES = ("loss", "reward")
CODE_FORMATS = ("fenced", "tagged", "tool_call")
SANDBOXES = ("local", "bubblewrap", "fusion")
SANDBOX_TIERS = ("full", "reduced")
SELECTION_RULES = ("overlong", "accuracy", "question", "response")


class ConfigError(ValueError):
    """A key of the job's config has a value that cannot work; the message names key, value and fix."""


def one_of(key: str, value: object, known: Any) -> None:
    if value not in known:
        raise ConfigError(f"{key}={value!r}: use one of {', '.join(known)}")


@dataclass
class RewardConfig:
    """What the reward manager `still` pays. A key that is None keeps the preset's value.

    Attributes:
        preset: a name of `still_verl.rewards.compose.PRESETS`.
        weights: of the terms of `still_verl.rewards.compose.TERMS`; replaces the preset's.
        required: terms that must be 1, or the score is 0.
        order: of the methods of `still_verl.rewards.extract`.
        overlong_buffer: tokens before the limit in which the term `overlong` grows.
        prefilled_think: whether the prompt ends in `<think>`; None looks at each prompt.
    """

    preset: str = "boxed"
    weights: dict[str, float] | None = None
    required: list[str] | None = None
    order: list[str] | None = None
    overlong_buffer: int | None = None
    prefilled_think: bool | None = None

    def __post_init__(self) -> None:
        from still_verl.rewards.compose import PRESETS, TERMS
        from still_verl.rewards.extract import METHODS

        one_of("still.reward.preset", self.preset, PRESETS)
        for key, values, known in (
            ("weights", self.weights, TERMS),
            ("required", self.required, TERMS),
            ("order", self.order, METHODS),
        ):
            for value in values or ():
                one_of(f"still.reward.{key}", value, known)
        if self.weights == {} or self.order == []:
            raise ConfigError("still.reward.weights and still.reward.order need at least one entry, or null")
        if self.overlong_buffer is not None and self.overlong_buffer < 1:
            raise ConfigError(f"still.reward.overlong_buffer={self.overlong_buffer}: use a number of tokens above 0")

    def build(self) -> "Preset":
        """The preset with everything that is set here."""
        from still_verl.rewards.compose import PRESETS

        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "preset"}
        changes: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        return replace(PRESETS[self.preset], **changes)


@dataclass
class KlConfig(ScheduleConfig):
    """The KL coefficient.

    Attributes:
        place: "loss" (a term of the actor's loss, section 3.1.1) or "reward" (taken from each token's reward, 4.3).
    """

    place: str = "loss"

    def __post_init__(self) -> None:
        one_of("still.kl.place", self.place, KL_PLACES)


@dataclass
class ReferenceConfig:
    """The reference model.

    Attributes:
        reset_every: steps after which it becomes a copy of the actor (section 4.3); 0 is never.
    """

    reset_every: int = 0

    def __post_init__(self) -> None:
        if self.reset_every < 0:
            raise ConfigError(f"still.reference.reset_every={self.reset_every}: use a number of steps, or 0 for never")


@dataclass
class ContextConfig:
    """How long a response may be, in tokens.

    Attributes:
        stages: pairs [step, tokens]: from that step on, responses may have so many tokens (section 3.2: 8k to 20k).
            Empty leaves `data.max_response_length` alone, which no stage may exceed.
        validation: of validation; None is `data.max_response_length`.
    """

    stages: list[list[int]] = field(default_factory=list)
    validation: int | None = None

    def __post_init__(self) -> None:
        if any(len(stage) != 2 or stage[0] < 1 or stage[1] < 1 for stage in self.stages):
            raise ConfigError(f"still.context.stages={self.stages}: give pairs [step, tokens], both at least 1")
        if self.stages and self.stages[0][0] != 1:
            raise ConfigError(f"still.context.stages={self.stages}: the first stage must begin at step 1")
        for earlier, later in pairwise(self.stages):
            if later[0] <= earlier[0] or later[1] <= earlier[1]:
                raise ConfigError(f"still.context.stages={self.stages}: steps and tokens must increase")


@dataclass
class InterpreterConfig:
    """The code interpreter of the agent loop `still_code`.

    Attributes:
        format: how the model writes code: "fenced", "tagged", or "tool_call" by the parser of verl that
            `actor_rollout_ref.rollout.multi_turn.format` names.
        sandbox: where programs run: "local", "bubblewrap", or "fusion", a service that speaks SandboxFusion's HTTP.
        url: of the service.
        max_concurrent: programs that run at once for each rollout worker; None is one for each of its processors, or
            16 with "fusion".
        stateful: whether variables survive from block to block of a response.
        max_calls: blocks that are run in one response.
        seconds_per_call, seconds_per_response: wall time.
        memory_mb: of a program, on top of what the interpreter takes.
        output_chars: of an output; head and tail are kept.
        minimum_tier: "full" or "reduced"; where a sandbox of this machine isolates less, the job is refused.
        allow_unsandboxed: run model-written code with no isolation at all, on a machine that may be lost.
    """

    format: str = "fenced"
    sandbox: str = "local"
    url: str | None = None
    max_concurrent: int | None = None
    stateful: bool = True
    max_calls: int = 8
    seconds_per_call: float = 10.0
    seconds_per_response: float = 60.0
    memory_mb: int = 512
    output_chars: int = 2000
    minimum_tier: str = "reduced"
    allow_unsandboxed: bool = False

    def __post_init__(self) -> None:
        one_of("still.interpreter.format", self.format, CODE_FORMATS)
        one_of("still.interpreter.sandbox", self.sandbox, SANDBOXES)
        one_of("still.interpreter.minimum_tier", self.minimum_tier, SANDBOX_TIERS)
        limits = ("max_calls", "seconds_per_call", "seconds_per_response", "memory_mb", "output_chars")
        for name in (*limits, "max_concurrent"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"still.interpreter.{name}={value}: use a number above 0")
        self._check_service()

    def _check_service(self) -> None:
        """`url` and `sandbox` belong together, and a service keeps no variables."""
        if self.sandbox != "fusion":
            if self.url is not None:
                raise ConfigError(f"still.interpreter.url={self.url}: set still.interpreter.sandbox=fusion to use it")
            return
        if self.url is None or not self.url.startswith(("http://", "https://")):
            raise ConfigError(
                f"still.interpreter.url={self.url}: sandbox=fusion needs the service's address, http://HOST:PORT"
            )
        if self.stateful:
            raise ConfigError(
                "still.interpreter.stateful=true: a service keeps no variables from block to block; "
                "set still.interpreter.stateful=false, or sandbox=local"
            )


@dataclass
class SelectionConfig:
    """Which samples a step learns from.

    Attributes:
        rules: names of `still_verl.trainer.selection.RULES`, applied in this order.
        accuracy: of the rule "accuracy": a prompt is kept if its share of right responses lies strictly between.
    """

    rules: list[str] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=lambda: [0.2, 0.8])

    def __post_init__(self) -> None:
        for rule in self.rules:
            one_of("still.selection.rules", rule, SELECTION_RULES)
        if len(self.accuracy) != 2 or not 0 <= self.accuracy[0] < self.accuracy[1] <= 1:
            raise ConfigError(f"still.selection.accuracy={self.accuracy}: give [low, high] with 0 <= low < high <= 1")


@dataclass
class MonitorConfig:
    """What is watched, kept, and done about it.

    Attributes:
        samples: kept of a step in `samples.jsonl`, spread over it; of validation as many. 0 keeps none.
        sample_mb: size at which `samples.jsonl` is rotated, in 10^6 bytes.
        sample_files: of samples that are kept, the current one included.
        stop_on: names of alarms that end the run, with a checkpoint.
        webhook: URL that each alarm is posted to as JSON when it begins; None posts nothing.
        words: more words of a category of keywords, or of a new one, e.g. {reflection: [等等, hmm]}.
    """

    samples: int = 16
    sample_mb: int = 64
    sample_files: int = 4
    stop_on: list[str] = field(default_factory=list)
    webhook: str | None = None
    words: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from still_verl.monitor.alarms import ALARMS

        for name in self.stop_on:
            one_of("still.monitor.stop_on", name, ALARMS)
        for key, least in (("samples", 0), ("sample_mb", 1), ("sample_files", 1)):
            if getattr(self, key) < least:
                raise ConfigError(f"still.monitor.{key}={getattr(self, key)}: use a number of at least {least}")
        if self.webhook is not None and not self.webhook.startswith(("http://", "https://")):
            raise ConfigError(f"still.monitor.webhook={self.webhook!r}: use a URL that begins with http:// or https://")
        for category, words in self.words.items():
            if not re.fullmatch(r"[a-z0-9_]+", category) or category == "actions":
                raise ConfigError(
                    f"still.monitor.words has category {category!r}: use lower-case letters, not 'actions'"
                )
            if any(not word.strip() for word in words):
                raise ConfigError(f"still.monitor.words.{category}={words}: take the empty word out")
