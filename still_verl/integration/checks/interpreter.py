"""What a job that runs its model's code needs: a sandbox that isolates enough, and a parser that exists."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import fields
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError, one_of
from still_verl.integration.checks.tracked import tracked
from still_verl.interpreter.build import build_sandbox
from still_verl.interpreter.registries import CODE_FORMATS, SANDBOXES
from still_verl.interpreter.sandbox import self_test
from still_verl.interpreter.sandbox.base import TIERS, Result, Sandbox, SandboxUnavailable, Tier
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.registry import in_one_line

if TYPE_CHECKING:
    from still_verl.interpreter.formats import CodeFormat


# What the agent loop reads, so that a sandbox need not.
OF_THE_LOOP = set(
    "format run_at_end sandbox stateful max_concurrent max_calls seconds_per_response packages_in_prompt".split()
)


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


def check_sandbox(interpreter: InterpreterConfig) -> None:
    """Run a test program in a sandbox, which must isolate enough.

    Raises:
        ConfigError: there is none, or it does not answer.
    """
    key = f"still.interpreter.sandbox={interpreter.sandbox}"
    try:
        settings, read = tracked(interpreter)
        with closing(build_sandbox(settings)) as sandbox:
            check_all_read(interpreter, read)
            result = run_test_program(sandbox, interpreter.stateful)
    except ConfigError:
        raise
    except SandboxUnavailable as error:
        raise ConfigError(f"still.interpreter: {error}") from error
    except Exception as error:  # whatever a sandbox of the user's own raises
        raise ConfigError(f"{key}: a test program failed: {in_one_line(error)}; correct that class") from error
    if not isinstance(result, Result) or not isinstance(result.stdout, str):
        raise ConfigError(f"{key}: `run` returned {result!r:.80} for a test program: return a sandbox.base.Result")
    if result.kind == "unavailable":
        where = getattr(sandbox, "url", interpreter.sandbox)
        why = getattr(sandbox, "fault", "") or result.error
        raise ConfigError(
            f"still.interpreter.url={interpreter.url}: no answer to a test program at {where} "
            f"({why}); start the service, or set still.interpreter.sandbox=local"
        )
    check_tier(interpreter, result.tier)
    fault = self_test.fault(result)
    if fault:
        raise ConfigError(f"still.interpreter: the sandbox does not work here: {fault}; see still-verl doctor")


def check_all_read(interpreter: InterpreterConfig, read: Iterable[str]) -> None:
    """Refuse what is set for a sandbox of ours that did not read it when it was made.

    One of the user's own may read a setting later, e.g. when an output is long.
    """
    if interpreter.sandbox not in SANDBOXES:
        return
    defaults = InterpreterConfig()
    for field in fields(interpreter):
        value = getattr(interpreter, field.name)
        if field.name in OF_THE_LOOP or field.name in read or value == getattr(defaults, field.name):
            continue
        raise ConfigError(
            f"still.interpreter.{field.name}={value}: still.interpreter.sandbox={interpreter.sandbox} does not read "
            "it; drop it, or choose a sandbox that does"
        )


def run_test_program(sandbox: Sandbox, stateful: bool) -> Result:
    """Run a program as responses will: in a session where variables are kept."""
    if not stateful:
        return sandbox.run(self_test.PROGRAM)
    with closing(sandbox.session()) as session:
        return session.run(self_test.PROGRAM)


def check_format(name: str, code_format: "type[CodeFormat]") -> None:
    """Make a parser of the format, let it read and write nothing, and look at what it returns.

    Raises:
        ConfigError: it fails, or lacks what the agent loop needs of it.
    """
    key = f"still.interpreter.format={name}"
    try:
        parser = code_format()
        stop, blocks, open_block = parser.stop, parser.blocks, parser.open_block
        ready, shown = parser.feed(""), parser.output("")
    except Exception as error:  # whatever a format of the user's own raises
        raise ConfigError(f"{key}: it failed at an empty response: {in_one_line(error)}; correct that class") from error
    if not isinstance(stop, list) or not all(isinstance(text, str) and text for text in stop) or not stop:
        raise ConfigError(f"{key}: its `stop` is {stop!r}: use a list of texts that are not empty")
    if ready:
        raise ConfigError(f"{key}: `feed` says that an empty text ends with a program: return False for it")
    for what, value, kind in (
        ("its `blocks`", blocks, list),
        ("its `open_block`", open_block, bool),
        ("`feed` returned", ready, bool),
        ("`output` returned", shown, str),
    ):
        if not isinstance(value, kind):
            raise ConfigError(f"{key}: {what} {value!r:.80}: use a {kind.__name__}")


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
