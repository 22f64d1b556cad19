"""The nodes of `still:` about training dynamics. Each raises an error for a value that cannot work, with the fix."""

import math
from dataclasses import dataclass, field
from itertools import pairwise

from still_verl.config_errors import ConfigError, one_of
from still_verl.dynamics.registries import CHOOSERS, SELECTION_RULES
from still_verl.dynamics.schedules import ScheduleConfig

KL_PLACES = ("loss", "reward")
NEVER = 2**63 - 1  # a step that does not come, as large as an array of steps can hold


@dataclass
class KlConfig(ScheduleConfig):
    """The KL coefficient.

    Attributes:
        place: "loss" (a term of the actor's loss, section 3.1.1) or "reward" (taken from each token's reward, 4.3).
    """

    place: str = "loss"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("still.kl.place", self.place, KL_PLACES)

    def _check_adaptive(self, key: str) -> None:
        super()._check_adaptive(key)
        if self.start == 0:
            raise ConfigError(
                f"{key}.start=0: an adaptive KL coefficient is multiplied in each step, so that it would stay 0: "
                f"use a value above 0, and a {key}.floor above 0 from which it can rise again"
            )
        if self.rate is not None and self.rate >= 5:
            raise ConfigError(
                f"{key}.rate={self.rate}: a step changes the coefficient by a fifth of it; use less than 5"
            )


@dataclass
class EntropyConfig(ScheduleConfig):
    """The coefficient of the entropy bonus.

    Attributes:
        gate: of "adaptive": no bonus in an update whose entropy is above the target (Skywork-OR1, arXiv 2505.22312).
    """

    gate: bool = False


@dataclass
class ReferenceConfig:
    """The reference model.

    Attributes:
        reset_every: steps after which it becomes a copy of the actor (section 4.3); 0 is never.
        reset_above: the KL, in nats per token, above which it becomes a copy of the actor; None is never.
        reset_patience: steps in a row that must be above.
        reset_distance: steps that must lie between two resets by `reset_above`, of whichever kind the earlier one was.
        ema: the share d that it keeps when it follows the actor, as d reference + (1 - d) actor; None does not follow.
        ema_every: steps after which it follows.
    """

    reset_every: int = 0
    reset_above: float | None = None
    reset_patience: int = 1
    reset_distance: int = 1
    ema: float | None = None
    ema_every: int = 1

    def __post_init__(self) -> None:
        node = "still.reference"
        if self.reset_every < 0:
            raise ConfigError(f"{node}.reset_every={self.reset_every}: use a number of steps, or 0 for never")
        if self.reset_above is not None and not 0 < self.reset_above < math.inf:
            raise ConfigError(f"{node}.reset_above={self.reset_above}: use a KL per token above 0, or null for never")
        for name in ("reset_patience", "reset_distance", "ema_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{node}.{name}={getattr(self, name)}: use a number of steps of at least 1")
        if self.ema is not None and not 0 < self.ema < 1:
            raise ConfigError(
                f"{node}.ema={self.ema}: use a share between 0 and 1 that the reference keeps, such as 0.99, or null"
            )
        if self.ema is not None:
            self._check_alone(node)

    def _check_alone(self, node: str) -> None:
        """Refuse a second way to renew the reference: a reset would throw away what it has averaged."""
        for key, value, off in self._renewals():
            if not key.endswith(".ema") and value != off:
                raise ConfigError(
                    f"{node}.ema={self.ema} beside {key}={value}: both renew the reference; choose one, and set "
                    f"{node}.ema=null or {key}={_written(off)}"
                )

    def _renewals(self) -> list[tuple[str, float | None, float | None]]:
        """Return key, value, and the value that switches it off, of each setting that renews the reference."""
        node = "still.reference"
        return [
            (f"{node}.reset_every", self.reset_every, 0),
            (f"{node}.reset_above", self.reset_above, None),
            (f"{node}.ema", self.ema, None),
        ]

    @property
    def renewal(self) -> str:
        """Return the setting that renews the reference, as `key=value`; nothing if it stays what it is."""
        set_ones = [f"{key}={value}" for key, value, off in self._renewals() if value != off]
        return set_ones[0] if set_ones else ""

    @property
    def without_renewal(self) -> str:
        """Return the settings that switch off what renews the reference."""
        return " ".join(f"{key}={_written(off)}" for key, value, off in self._renewals() if value != off)


def _written(value: float | None) -> str:
    return "null" if value is None else str(value)


@dataclass
class OldLogProbConfig:
    """verl's pass for the log-probs of the policy before a step's first update.

    Attributes:
        skip: leave it out where nothing needs it: with one update a step, the ratio of the loss is 1 by definition.
        entropy_every: with `skip`, the pass runs once in so many steps, for `actor/entropy`; 0 is never. Where the loss
            computes the entropy anyway (`actor_rollout_ref.actor.calculate_entropy`, an entropy bonus), it never runs.
    """

    skip: bool = False
    entropy_every: int = 10

    def __post_init__(self) -> None:
        if self.entropy_every < 0:
            raise ConfigError(
                f"still.old_log_prob.entropy_every={self.entropy_every}: use a number of steps, or 0 for never"
            )


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
        if self.validation is not None and self.validation < 1:
            raise ConfigError(
                f"still.context.validation={self.validation}: use a number of tokens of at least 1, or null for "
                "data.max_response_length"
            )
        if any(len(stage) != 2 or stage[0] < 1 or stage[1] < 1 for stage in self.stages):
            raise ConfigError(f"still.context.stages={self.stages}: give pairs [step, tokens], both at least 1")
        if self.stages and self.stages[0][0] != 1:
            raise ConfigError(f"still.context.stages={self.stages}: write [1, tokens] as the first stage")
        for earlier, later in pairwise(self.stages):
            if later[0] <= earlier[0] or later[1] <= earlier[1]:
                raise ConfigError(f"still.context.stages={self.stages}: give steps and tokens that increase")


@dataclass
class SelectionConfig:
    """Which samples a step is trained on.

    Attributes:
        rules: names of `registries.SELECTION_RULES`, or dotted names of your own; applied in this order.
        accuracy: of the rule "accuracy": a prompt is kept if its share of right responses lies strictly between.
    """

    rules: list[str] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=lambda: [0.2, 0.8])

    def __post_init__(self) -> None:
        for rule in self.rules:
            SELECTION_RULES.check(rule)
        if len(self.accuracy) != 2 or not 0 <= self.accuracy[0] < self.accuracy[1] <= 1:
            raise ConfigError(f"still.selection.accuracy={self.accuracy}: give [low, high] with 0 <= low < high <= 1")


@dataclass
class CurriculumConfig:
    """Which problems a step asks.

    Attributes:
        choose: a name of `registries.CHOOSERS`, or the dotted name of your own; None leaves the order to verl.
        target: the pass rate that "thompson" looks for; half of the groups' responses right is the most to learn from.
        discount: what a sample counts after one step, of what it counted before: the model changes.
        rest_at: a problem of which at least this share was right rests; None lets none rest.
        rest_steps: for so many steps; None is for the rest of the run.
        graded: begin with the columns `pass_rate` and `n` that `still-verl data difficulty` adds to the data.
    """

    choose: str | None = None
    target: float = 0.5
    discount: float = 0.99
    rest_at: float | None = 0.9
    rest_steps: int | None = None
    graded: bool = False

    def __post_init__(self) -> None:
        key = "still.curriculum"
        if self.choose is not None:
            CHOOSERS.check(self.choose)
        if not 0 < self.target < 1:
            raise ConfigError(f"{key}.target={self.target}: use a pass rate between 0 and 1, such as 0.5")
        if not 0 < self.discount <= 1:
            raise ConfigError(f"{key}.discount={self.discount}: use a number above 0, and at most 1 for no fading")
        if self.rest_at is not None and not 0 < self.rest_at <= 1:
            raise ConfigError(f"{key}.rest_at={self.rest_at}: use a share above 0 and at most 1, or null for no rest")
        if self.rest_steps is not None and self.rest_steps < 1:
            raise ConfigError(
                f"{key}.rest_steps={self.rest_steps}: use at least one step, or null for the rest of the run"
            )

    def rests_until(self, step: int) -> int:
        """Return the step at which a problem comes back that begins to rest."""
        return NEVER if self.rest_steps is None else step + self.rest_steps + 1
