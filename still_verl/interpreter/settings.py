"""The node `still.interpreter`. It refuses what cannot work, by key, value and fix."""

from dataclasses import dataclass

from still_verl.config_errors import ConfigError, one_of
from still_verl.interpreter.registries import CODE_FORMATS, SANDBOXES

SANDBOX_TIERS = ("full", "reduced")


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
        CODE_FORMATS.check(self.format)
        SANDBOXES.check(self.sandbox)
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
            if self.url is not None and self.sandbox in SANDBOXES:
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
