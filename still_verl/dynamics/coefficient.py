"""A number of a step: by a schedule, or adapted to what was measured in the steps before."""

import math
from collections.abc import Callable

from still_verl.dynamics.schedules import ADAPTIVE, ScheduleConfig, value_at

# (settings, present value, what was observed) -> the next value
Follow = Callable[[ScheduleConfig, float, float], float]


class Coefficient:
    """The value that a step uses. Only an adaptive one has a state, which a checkpoint must keep.

    Example:
        >>> kl = Coefficient(ScheduleConfig(kind="adaptive", start=0.1, target=0.05, rate=0.1), follow_kl)
        >>> kl.at(step=1, total=100)
        0.1
        >>> kl.observe(0.5)  # ten times the target: the coefficient rises
        True
        >>> round(kl.at(step=2, total=100), 6)
        0.102
    """

    def __init__(self, config: ScheduleConfig, follow: Follow | None = None) -> None:
        self.config = config
        self.adapted = config.start
        self._follow = follow

    @property
    def active(self) -> bool:
        """Whether the job's config asks for it; else verl's own setting stays."""
        return self.config.scheduled or self.adaptive

    @property
    def adaptive(self) -> bool:
        """Whether it follows what is observed."""
        return self.config.kind == ADAPTIVE

    def at(self, step: int, total: int) -> float:
        """Return the value of `step`, the first being 1, in a run of `total` steps."""
        return self.adapted if self.adaptive else value_at(self.config, step - 1, total)

    def observe(self, seen: float) -> bool:
        """Take in what a step observed; return False, and change nothing, if that is no finite number.

        A NaN would stay for ever, also in checkpoints: min and max of a NaN are a NaN.
        """
        if not math.isfinite(seen):
            return False
        if self.adaptive:
            assert self._follow is not None  # only nodes that follow something may be adaptive
            self.adapted = self._follow(self.config, self.adapted, seen)
        return True

    def state(self) -> float | None:
        """Return what a checkpoint keeps: the adapted value; None of a coefficient that only depends on the step."""
        return self.adapted if self.adaptive else None

    def restore(self, adapted: float | None) -> bool:
        """Take back the `state` of a checkpoint, within the bounds that the job has now.

        Returns False where an adaptive coefficient begins at its start, since that of the checkpoint was not adaptive.

        Raises:
            ValueError: it is no finite number; the weights of that checkpoint were trained with it.
        """
        if not self.adaptive:
            return True
        if adapted is None:
            return False
        refuse_poisoned(adapted)
        self.adapted = _bounded(self.config, adapted)
        return True


def refuse_poisoned(adapted: float) -> None:
    """Refuse an adapted coefficient of a checkpoint that is no finite number: its weights were trained with it.

    Raises:
        ValueError: names another way to resume.
    """
    if not math.isfinite(adapted):
        raise ValueError(
            f"the checkpoint has {adapted} as the adapted coefficient: resume from an earlier one "
            "(trainer.resume_mode=resume_path trainer.resume_from_path=CHECKPOINT)"
        )


def follow_kl(config: ScheduleConfig, value: float, kl: float) -> float:
    """Return the next coefficient of a KL that should stay near its target.

    Source: Ziegler et al. 2019, arXiv 1909.08593, section 2.2. It changes by at most a fifth of `rate` a
    step: value * (1 + rate * clip(kl/target - 1, -0.2, 0.2)).
    """
    assert config.target is not None and config.rate is not None
    error = min(max(kl / config.target - 1, -0.2), 0.2)
    return _bounded(config, value * (1 + config.rate * error))


def follow_entropy(config: ScheduleConfig, value: float, entropy: float) -> float:
    """Return the next entropy coefficient: up by `rate` while the entropy is below its target, down while above.

    Source: Skywork-OR1, arXiv 2505.22312. `gate_is_open` is the other half of it.
    """
    assert config.target is not None and config.rate is not None
    change = config.rate if entropy < config.target else -config.rate
    return _bounded(config, value + change)


def gate_is_open(config: ScheduleConfig, entropy: float) -> bool:
    """Say whether an update gets its entropy bonus: not above the target (Skywork-OR1), nor without a number."""
    assert config.target is not None
    return entropy <= config.target


def _bounded(config: ScheduleConfig, value: float) -> float:
    return min(max(value, config.floor), config.ceiling)
