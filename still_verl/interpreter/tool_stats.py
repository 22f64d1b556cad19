"""Counts what a response did with its interpreter."""

from dataclasses import asdict, dataclass

from still_verl.interpreter.sandbox.base import Result

# How a program that was run ended, and why a call had no program: each is a count of `ToolStats`.
OUTCOMES = ("ok", "error", "timeout", "crash", "unavailable")
REFUSALS = ("unreadable", "unknown_tool", "no_code", "too_many")
# Errors of a program that may be the sandbox's fault: a count of `ToolStats`, and the exception.
SUSPECTS = {"missing_module": "ModuleNotFoundError", "not_permitted": "PermissionError"}


@dataclass
class ToolStats:
    """What one response did with its interpreter; reaches rewards and the monitor as `tool_*` in `extra_fields`.

    Attributes:
        calls: calls that got an answer: blocks that were run, or could not be.
        ok, error, timeout, crash: how those ended that were run.
        missing_module, not_permitted: of the errors, those that a package which is not there raised, or a file or call
            that is refused.
        unavailable: those to which a remote service gave no answer.
        unreadable, unknown_tool, no_code: tool calls without a program: no valid JSON, another tool's name, no code.
        too_many: tool calls beyond those that verl allows in one turn.
        other_calls: calls of the job's other tools.
        seconds: wall time of running.
        wait_seconds: wall time of waiting for a free place.
        cap_reached: 1 when a limit on calls or seconds was reached.
        cut_outputs: outputs that did not fit into the response's budget.
        unfinished: 1 when the response ended inside a block.
        skipped_blocks: blocks that were not run, because the response went on past them.
        closed_by_end: blocks that were run although the model's turn ended with them, and whose response went on.
        resumed: times that the response went on after the engine had stopped where nothing was to be run.
        dropped_tokens: tokens that the engine wrote past a block, which are not part of the response.
        void_turns: 1 when the last turn brought neither a program nor an answer, and each earlier turn whose calls had
            no program (SimpleTIR, arXiv 2509.02479).
        written_outputs: blocks of output that the model wrote itself, where a program should have been run.
        tier: isolation of the programs; empty while none was run.
    """

    calls: int = 0
    ok: int = 0
    error: int = 0
    timeout: int = 0
    crash: int = 0
    missing_module: int = 0
    not_permitted: int = 0
    unavailable: int = 0
    unreadable: int = 0
    unknown_tool: int = 0
    no_code: int = 0
    too_many: int = 0
    other_calls: int = 0
    seconds: float = 0.0
    wait_seconds: float = 0.0
    cap_reached: int = 0
    cut_outputs: int = 0
    unfinished: int = 0
    skipped_blocks: int = 0
    closed_by_end: int = 0
    resumed: int = 0
    dropped_tokens: int = 0
    void_turns: int = 0
    written_outputs: int = 0
    tier: str = ""

    @property
    def answered(self) -> int:
        """Calls of all tools that got an answer."""
        return self.calls + self.other_calls

    def counts(self) -> dict[str, int]:
        """Return what happened at least once, and `calls`: whole numbers, the same in each run of the same response."""
        found = {"calls": self.calls}
        for name, value in asdict(self).items():
            if value and type(value) is int:
                found[name] = value
        return found

    def add(self, result: Result, waited: float) -> None:
        """Count a block that was handed to the sandbox."""
        self._count(result.kind if result.kind in OUTCOMES else "crash")
        for name, exception in SUSPECTS.items():
            if _raised(result, exception):
                setattr(self, name, getattr(self, name) + 1)
        self.seconds += result.seconds
        self.wait_seconds += waited
        self.tier = result.tier

    def refuse(self, fault: str) -> None:
        """Count a call without a program; `fault` is the name of its count."""
        self._count(fault)

    def _count(self, kind: str) -> None:
        self.calls += 1
        setattr(self, kind, getattr(self, kind) + 1)


def _raised(result: Result, exception: str) -> bool:
    """Return whether a program ended with an exception of that name."""
    if result.kind != "error" or result.error is None:
        return False
    return any(written.startswith(f"{exception}:") for written in result.error.splitlines())
