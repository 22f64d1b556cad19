"""What a job that runs its model's code needs: a sandbox that isolates enough, and a parser that exists."""

from omegaconf import DictConfig

from still_verl.interpreter.runner import build_sandbox
from still_verl.interpreter.sandbox.base import SandboxUnavailable
from still_verl.interpreter.sandbox.fusion import Fusion
from still_verl.settings import ConfigError, InterpreterConfig, one_of


def check_interpreter(config: DictConfig, interpreter: InterpreterConfig) -> None:
    """Code of a model runs in a sandbox that isolates enough, or the job does not start.

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
    if isinstance(sandbox, Fusion) and result.kind == "unavailable":
        raise ConfigError(
            f"still.interpreter.url={interpreter.url}: no answer to a test program at {sandbox.url} "
            f"({sandbox.fault or result.error}); start the service, or set still.interpreter.sandbox=local"
        )
    if result.stdout.strip() != "42":
        raise ConfigError(f"still.interpreter: the sandbox does not work here ({result.error}); see still-verl doctor")


def check_tool_parser(name: str) -> None:
    from verl.experimental.agent_loop.tool_parser import ToolParser

    one_of("actor_rollout_ref.rollout.multi_turn.format", name, sorted(ToolParser._registry))
