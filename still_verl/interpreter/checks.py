"""What must hold before a model's programs are run: a sandbox that isolates enough, and a format that works."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import fields
from typing import TYPE_CHECKING

from still_verl.config_errors import ConfigError
from still_verl.interpreter.build import build_sandbox
from still_verl.interpreter.registries import SANDBOXES
from still_verl.interpreter.sandbox import self_test
from still_verl.interpreter.sandbox.base import TIERS, Result, Sandbox, SandboxUnavailable, Tier
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.registry import in_one_line
from still_verl.tracked import tracked

if TYPE_CHECKING:
    from still_verl.interpreter.formats import CodeFormat

# What the writer of a response reads, so that a sandbox need not.
OF_THE_RESPONSE = set(
    "format run_at_end sandbox stateful max_concurrent max_calls seconds_per_response packages_in_prompt".split()
)


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
        if field.name in OF_THE_RESPONSE or field.name in read or value == getattr(defaults, field.name):
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


def check_tier(interpreter: InterpreterConfig, tier: Tier) -> None:
    """Refuse a sandbox of the user's own that isolates less than the job asks for; ours refuse by themselves."""
    if tier == "remote" or (tier == "none" and interpreter.allow_unsandboxed):
        return
    if tier not in TIERS or TIERS.index(tier) < TIERS.index(interpreter.minimum_tier):
        raise ConfigError(
            f"still.interpreter.sandbox={interpreter.sandbox!r}: its tier is {tier!r}, "
            f"still.interpreter.minimum_tier={interpreter.minimum_tier}; lower that, or use another sandbox"
        )
