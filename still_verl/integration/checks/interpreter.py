"""What a job that runs its model's code needs: a sandbox that isolates enough, and a parser that exists."""

from omegaconf import DictConfig

from still_verl.config_errors import one_of
from still_verl.interpreter.checks import check_format, check_sandbox
from still_verl.interpreter.registries import CODE_FORMATS
from still_verl.interpreter.settings import InterpreterConfig


def check_interpreter(config: DictConfig, interpreter: InterpreterConfig) -> None:
    """Check the format of the code and the sandbox.

    Raises:
        ConfigError: a format that fails, a parser that does not exist, a sandbox that does not answer, or a setting
            that it does not read.
    """
    # Not above: a job without code has no need of verl's agent loops here.
    from still_verl.integration.agent_loops.tool_calls import ToolCalls

    code_format = CODE_FORMATS.find(interpreter.format)
    if issubclass(code_format, ToolCalls):
        check_tool_parser(config.actor_rollout_ref.rollout.multi_turn.format)
    else:
        check_format(interpreter.format, code_format)
    check_sandbox(interpreter)


def check_tool_parser(name: str) -> None:
    """Check that verl has a parser of tool calls of that name."""
    from verl.experimental.agent_loop.tool_parser import ToolParser

    one_of("actor_rollout_ref.rollout.multi_turn.format", name, sorted(ToolParser._registry))
