"""The node `still.interpreter`. It raises an error for a value that cannot work, with the fix."""

from dataclasses import dataclass, field

from still_verl.config_errors import ConfigError, one_of
from still_verl.interpreter.registries import CODE_FORMATS, SANDBOXES
from still_verl.interpreter.sandbox.base import OVERHEAD_MB, Limits

SANDBOX_TIERS = ("full", "reduced", "basic")


@dataclass
class InterpreterConfig:
    """The code interpreter of the agent loop `still_code`.

    Raises:
        ConfigError: names the key, the value and the fix.

    Attributes:
        format: how the model writes code: "fenced", "tagged", or "tool_call" by the parser of verl that
            `actor_rollout_ref.rollout.multi_turn.format` names; or the dotted name of a `formats.CodeFormat`.
        sandbox: where programs run: "local", "bubblewrap", "fusion" (a service that speaks SandboxFusion's HTTP), or
            the dotted name of a class of your own, see `sandbox.base.BuildsSandbox`.
        url: address of the service, `http://HOST:PORT`.
        max_concurrent: programs that run at once for each rollout worker; None means one for each of its processors,
            or 16 with "fusion".
        stateful: whether variables survive from block to block of a response.
        run_at_end: run a block whose closing line ends with the model's turn, and let the model go on after the output.
        max_calls: calls that are answered in one response, those of other tools included.
        seconds_per_call, seconds_per_response: wall time of one block, and of all blocks of a response.
        memory_mb: memory of a program in MiB, with what it can copy of the interpreter's own. Its files, its buffers
            and what the kernel keeps of it take at most 64 more.
        total_memory_mb: of all programs and open sessions of a rollout worker; None is a fourth of the machine's.
        preload: modules that are loaded ahead and that programs find warm, for example ["scipy.optimize", "pandas"].
        packages_in_prompt: say in each prompt which of the usual packages are installed (`packages.sentence`).
        output_chars: characters of an output that the model reads; its begin and its end are kept.
        minimum_tier: "full", "reduced" or "basic"; if the sandbox isolates less on this machine, the job is refused.
        allow_unsandboxed: run model-written code with no isolation at all; only on a machine that you can throw away.
    """

    format: str = "fenced"
    sandbox: str = "local"
    url: str | None = None
    max_concurrent: int | None = None
    stateful: bool = True
    run_at_end: bool = True
    max_calls: int = 8
    seconds_per_call: float = Limits.seconds
    seconds_per_response: float = 60.0
    memory_mb: int = Limits.memory_mb
    total_memory_mb: int | None = None
    preload: list[str] = field(default_factory=list)
    packages_in_prompt: bool = False
    output_chars: int = Limits.output_chars
    minimum_tier: str = "basic"
    allow_unsandboxed: bool = False

    def __post_init__(self) -> None:
        CODE_FORMATS.check(self.format)
        SANDBOXES.check(self.sandbox)
        one_of("still.interpreter.minimum_tier", self.minimum_tier, SANDBOX_TIERS)
        limits = ("max_calls", "seconds_per_call", "seconds_per_response", "memory_mb", "output_chars")
        for name in (*limits, "max_concurrent", "total_memory_mb"):
            value = getattr(self, name)
            if value is not None and not value > 0:  # NaN neither
                raise ConfigError(f"still.interpreter.{name}={value}: use a number above 0")
        least = self.memory_mb + OVERHEAD_MB
        if self.total_memory_mb is not None and self.total_memory_mb < least:
            raise ConfigError(
                f"still.interpreter.total_memory_mb={self.total_memory_mb}: one program may take {least}, which is "
                f"memory_mb and {OVERHEAD_MB}; use {least} or more"
            )
        self._check_service()

    def cap(self, calls: int, seconds: float) -> str:
        """Say why no more code is run, in words for the model; nothing while it is.

        Args:
            calls: calls of the response that were answered.
            seconds: wall time of its programs.
        """
        if calls >= self.max_calls:
            return f"No more code is run in this response: {self.max_calls} calls were made."
        if seconds >= self.seconds_per_response:
            return f"No more code is run in this response: {self.seconds_per_response:g} seconds were used."
        return ""

    def _check_service(self) -> None:
        """`url` and `sandbox` belong together, and a service keeps no variables."""
        if self.sandbox != "fusion":
            if self.url is not None and self.sandbox in SANDBOXES:
                raise ConfigError(f"still.interpreter.url={self.url}: set still.interpreter.sandbox=fusion to use it")
            return
        if self.url is None or not self.url.startswith(("http://", "https://")):
            raise ConfigError(
                f"still.interpreter.url={self.url}: sandbox=fusion needs the service's address; set it to http://HOST:PORT"
            )
        if self.stateful:
            raise ConfigError(
                "still.interpreter.stateful=true: a service keeps no variables from block to block; "
                "set still.interpreter.stateful=false, or sandbox=local"
            )
