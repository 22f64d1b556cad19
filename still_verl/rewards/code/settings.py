"""The node `still.reward.tests`. It raises an error for a value that cannot work."""

from dataclasses import dataclass

from still_verl.config_errors import ConfigError
from still_verl.rewards.registries import COMPARISONS


@dataclass
class CodeConfig:
    """How the term `tests` runs and judges programs.

    Attributes:
        seconds: wall time of one test.
        seconds_per_answer: wall time of all tests of a response.
        memory_mb: address space of a program in MiB.
        fraction: pay the share of tests that pass; otherwise 1 for all of them and 0 for fewer.
        most: tests of a response at most, chosen at random; None is all of them. Each program gets others, so that
            outputs that are written into a program earn nothing.
        seed: of the order of the tests, and of the choice.
        comparison: a name of `registries.COMPARISONS` or the dotted name of your own, where the data give none; None is
            `lines` for what is printed and `values` for what is returned.
        tolerance: of numbers with decimal places, where the data give none.
        sandbox: where programs run: a name of the interpreter's `registries.SANDBOXES`, or a dotted name.
        url: address of the service, with "fusion".
        minimum_tier: if the sandbox isolates less on this machine, nothing is run and the run ends.
        allow_unsandboxed: run programs with no isolation at all; only on a machine that you can throw away.

    Raises:
        ConfigError: names the key, the value and the fix.
    """

    seconds: float = 6.0
    seconds_per_answer: float = 60.0
    memory_mb: int = 1024
    fraction: bool = False
    most: int | None = None
    seed: int = 0
    comparison: str | None = None
    tolerance: float = 1e-9
    sandbox: str = "local"
    url: str | None = None
    minimum_tier: str = "basic"
    allow_unsandboxed: bool = False

    def __post_init__(self) -> None:
        for name in ("seconds", "seconds_per_answer", "memory_mb", "most"):
            value = getattr(self, name)
            if value is not None and not value > 0:  # NaN neither
                raise ConfigError(f"still.reward.tests.{name}={value}: use a number above 0")
        if not 0 <= self.tolerance < 1:
            raise ConfigError(f"still.reward.tests.tolerance={self.tolerance}: use a number from 0 to below 1")
        if self.comparison is not None:
            COMPARISONS.check(self.comparison)
