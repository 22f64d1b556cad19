"""Where a run is: its step, the phase of that step, the time that is left, its last checkpoint."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from still_verl.monitor.metric_names import STEP_SECONDS
from still_verl.monitor.phase import PHASES, read_phase
from still_verl.report.run import Run

RECENT = 10  # steps whose median is the time of a step
CHECKPOINT_SECONDS = "timing_s/save_checkpoint"  # logged in the steps that have one
CHECKPOINT = re.compile(r"(?:global_step_|checkpoint-)(\d+)")
CHECKPOINTS = ("trainer.default_local_dir", "checkpoints")  # a setting, a folder of the run
# Phases of verl's step in their order, by the names of its timers.
TIMED = {
    "timing_s/gen": "generation",
    "timing_s/reward": "reward",
    "timing_s/old_log_prob": "log-probs",
    "timing_s/ref": "log-probs of the reference",
    "timing_s/values": "values",
    "timing_s/adv": "advantages",
    "timing_s/update_critic": "update of the critic",
    "timing_s/update_actor": "update",
    "timing_s/update_weights": "weights to the rollout",
}


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    Attributes:
        step: the last that was logged; None before the first.
        total: steps of the run; None where neither its configuration nor its log has the number.
        seconds: of a step, the median of the last ten.
    """

    step: int | None
    total: int | None
    seconds: float | None

    @property
    def over(self) -> bool:
        """Whether the last step is logged; False when the number of its steps is unknown."""
        return self.step is not None and self.total is not None and self.step >= self.total

    @property
    def left(self) -> float | None:
        """Seconds to the end; None when it is unknown."""
        if self.step is None or self.total is None or self.seconds is None:
            return None
        return (self.total - self.step) * self.seconds


@dataclass(frozen=True)
class PhaseProgress:
    """How far a step is.

    Attributes:
        text: which step and which phase, in words.
        seconds: since the phase began.
        usual: seconds that it usually takes; None where that is not known.
    """

    text: str
    seconds: float
    usual: float | None


def progress_of(run: Run) -> Progress:
    """Find out where a run is, from its metrics and its configuration."""
    step = max((next(reversed(values)) for values in run.series.values()), default=None)
    total = run.config.get("trainer.total_training_steps")
    if not isinstance(total, int):
        total = run.total
    return Progress(step, total, _median(run, *STEP_SECONDS))


def phase_of(run: Run, age: float | None, now: float | None = None) -> PhaseProgress | None:
    """Find out in which phase a run is now: a run of ours says it, of another its usual times tell about where it is.

    Args:
        age: seconds since the run last logged.
        now: seconds of the epoch; the time now, if it is not given.

    Returns:
        None where it cannot be known.
    """
    phase = read_phase(run.path)
    if phase is not None:
        number = f", {PHASES.index(phase.name) + 1} of {len(PHASES)}" if phase.name in PHASES else ""
        seconds = max((now or time.time()) - phase.began, 0.0)
        return PhaseProgress(f"step {phase.step:,}: {phase.name}{number}", seconds, phase.usual.get(phase.name))
    step = progress_of(run).step
    if age is None or step is None:
        return None
    before = 0.0
    for metric, name in TIMED.items():
        usual = _median(run, metric)
        if usual is not None and age < before + usual:
            return PhaseProgress(f"step {step + 1:,}: about {name}", age - before, usual)
        before += usual or 0.0
    return None


def last_checkpoint(run: Run) -> int | None:
    """Return the step of the last checkpoint: of the log, else of the folders beside it; None if none is known."""
    logged = [step for step, _ in run.known(CHECKPOINT_SECONDS)]
    found = logged[-1:]
    setting, name = CHECKPOINTS
    folders = [run.path, run.path / name, Path(str(run.config.get(setting) or run.path))]
    for folder in folders:
        try:
            names = [entry.name for entry in folder.iterdir()]
        except OSError:
            continue
        for each in names:
            match = CHECKPOINT.fullmatch(each)
            if match:
                found.append(int(match[1]))
    return max(found, default=None)


def _median(run: Run, *keys: str) -> float | None:
    key = run.first_of(*keys)
    if key is None:
        return None
    return median(value for _, value in run.known(key)[-RECENT:])


def duration(seconds: float) -> str:
    """Write a time for people.

    Example:
        >>> duration(4.21), duration(190), duration(18120)
        ('4.2 s', '3 min 10 s', '5 h 02 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
