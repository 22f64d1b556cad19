"""What a job that runs its model's code needs: a sandbox that isolates enough, and a parser that exists."""

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError, one_of
from still_verl.interpreter.build import build_sandbox
from still_verl.interpreter.sandbox.base import TIERS, SandboxUnavailable, Tier
from still_verl.interpreter.settings import InterpreterConfig


def check_interpreter(config: DictConfig, interpreter: InterpreterConfig) -> None:
    """Run a test program in the job's sandbox, which must isolate enough.

    Raises:
        ConfigError: there is none, or it does not answer.
    """
    if config.actor_rollout_ref.rollout.agent.default_agent_loop != "still_code":
        return
    if interpreter.format == "tool_call":
        check_tool_parser(config.actor_rollout_ref.rollout.multi_turn.format)
    sandbox = build_sandbox(interpreter)
    try:
        result = sandbox.run("print(6 * 7)")
    except SandboxUnavailable as error:
        raise ConfigError(f"still.interpreter: {error}") from error
    finally:
        sandbox.close()
    if result.kind == "unavailable":
        where = getattr(sandbox, "url", interpreter.sandbox)
        why = getattr(sandbox, "fault", "") or result.error
        raise ConfigError(
            f"still.interpreter.url={interpreter.url}: no answer to a test program at {where} "
            f"({why}); start the service, or set still.interpreter.sandbox=local"
        )
    check_tier(interpreter, result.tier)
    if result.stdout.strip() != "42":
        raise ConfigError(f"still.interpreter: the sandbox does not work here ({result.error}); see still-verl doctor")


def check_tool_parser(name: str) -> None:
    """Check that verl has a parser of tool calls of that name."""
    from verl.experimental.agent_loop.tool_parser import ToolParser

    one_of("actor_rollout_ref.rollout.multi_turn.format", name, sorted(ToolParser._registry))


def check_tier(interpreter: InterpreterConfig, tier: Tier) -> None:
    """Refuse a sandbox of the user's own that isolates less than the job asks for; ours refuse by themselves."""
    if tier == "remote" or (tier == "none" and interpreter.allow_unsandboxed):
        return
    if tier not in TIERS or TIERS.index(tier) < TIERS.index(interpreter.minimum_tier):
        raise ConfigError(
            f"still.interpreter.sandbox={interpreter.sandbox!r}: its tier is {tier!r}, "
            f"still.interpreter.minimum_tier={interpreter.minimum_tier}; lower that, or use another sandbox"
        )
