"""The nodes `still.monitor` and `still.guard`. They raise an error for a value that cannot work, with the fix."""

import math
from dataclasses import dataclass, field

from still_verl.config_errors import ConfigError, one_of
from still_verl.monitor.categories import check_category
from still_verl.monitor.registries import CONSTANT_REWARD, DETECTORS, KEYWORD_LISTS, OURS, by_label


@dataclass
class GuardConfig:
    """When a run ends by itself because it could only wait, or learn from wrong rewards.

    Attributes:
        try_seconds: that a reward may take for one answer before the job starts; 0 does not try it.
        errors_in_a_row: prompts in a row of which every response failed, by its reward or its agent loop, until the run
            ends with the first cause. Fewer are left out, as verl does it; a response that the manager `still` cannot
            score always ends the run.
        wait_seconds: without a response until the run ends; 0 waits for ever.
        say_seconds: without a response until the log says what is being waited for.
    """

    try_seconds: float = 120.0
    errors_in_a_row: int = 8
    wait_seconds: float = 7200.0
    say_seconds: float = 120.0

    def __post_init__(self) -> None:
        for key in ("try_seconds", "wait_seconds"):
            value = getattr(self, key)
            if not 0 <= value < math.inf:
                raise ConfigError(f"still.guard.{key}={value}: use a number of seconds, or 0 to leave it out")
        if not 0 < self.say_seconds < math.inf:
            raise ConfigError(f"still.guard.say_seconds={self.say_seconds}: use a number of seconds above 0")
        if self.errors_in_a_row < 1:
            raise ConfigError(f"still.guard.errors_in_a_row={self.errors_in_a_row}: use a number of at least 1")


@dataclass
class MonitorConfig:
    """What is monitored, what is kept, and what an alarm does.

    Attributes:
        samples: kept of a step in `samples.jsonl`, spread over it; of each validation as many, of the same prompts.
            0 keeps none.
        texts: of a step that are read for what is counted in them (keywords, repetition), drawn at random; lengths,
            rewards and groups are of all responses.
        sample_mb: size at which `samples.jsonl` is rotated, in 10^6 bytes.
        sample_files: of samples that are kept, the current one included.
        alarms: names of `registries.DETECTORS`, dotted names of your own, and `still` for all of still_verl's.
        stop_on: alarms that end the run, with a checkpoint; dotted names of your own, too.
        webhook: URL that each alarm is posted to as JSON when it begins; None posts nothing.
        lists: keyword lists: names of `registries.KEYWORD_LISTS`, and dotted names of your own.
        words: more words of a category of keywords, or of a new one, e.g. {reflection: [等等, hmm]}; None adds none.
    """

    samples: int = 16
    texts: int = 4096
    sample_mb: int = 64
    sample_files: int = 4
    alarms: list[str] = field(default_factory=lambda: [OURS])
    stop_on: list[str] = field(default_factory=list)
    webhook: str | None = None
    lists: list[str] = field(default_factory=lambda: list(KEYWORD_LISTS))
    words: dict[str, list[str]] | None = None

    def __post_init__(self) -> None:
        for name in self.detectors:
            DETECTORS.check(name)
        by_label(self.detectors)
        for name in self.stop_on:
            one_of("still.monitor.stop_on", name, (CONSTANT_REWARD, *self.detectors))
        for name in self.lists:
            KEYWORD_LISTS.check(name)
        for key, least in (("samples", 0), ("texts", 1), ("sample_mb", 1), ("sample_files", 1)):
            if getattr(self, key) < least:
                raise ConfigError(f"still.monitor.{key}={getattr(self, key)}: use a number of at least {least}")
        if self.webhook is not None and not self.webhook.startswith(("http://", "https://")):
            raise ConfigError(f"still.monitor.webhook={self.webhook!r}: use a URL that begins with http:// or https://")
        for category, words in (self.words or {}).items():
            check_category("still.monitor.words", category, words)

    @property
    def detectors(self) -> list[str]:
        """The names of the detectors that are used, each once."""
        names: list[str] = []
        for name in self.alarms:
            names += DETECTORS if name == OURS else [name]
        return list(dict.fromkeys(names))

    @property
    def leaves_ours_out(self) -> bool:
        """Whether only detectors of the user's own are named, perhaps without meaning it."""
        used = self.detectors
        return bool(used) and set(used).isdisjoint(DETECTORS)
