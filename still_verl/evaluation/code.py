"""The code interpreter of an evaluation: the node `still.interpreter` of a job, from an option and a preset."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from still_verl.config_errors import ConfigError, one_of
from still_verl.interpreter.checks import check_format, check_sandbox
from still_verl.interpreter.registries import CODE_FORMATS
from still_verl.interpreter.settings import InterpreterConfig

TOOL_CALLS = "tool_call"


def interpreter(given: Mapping[str, Any]) -> InterpreterConfig:
    """Return the settings of an interpreter, and run a test program by them.

    Args:
        given: settings of `still.interpreter` by name; the others have their defaults.

    Raises:
        ConfigError: a setting that is not known or cannot work, or a sandbox that does not answer.
    """
    settings = _read(given)
    if settings.format == TOOL_CALLS:
        raise ConfigError(
            f"--code-arg format={settings.format}: evaluation reads programs in the text of a response; use fenced or "
            "tagged, or validate in a verl job with still/rollout=code, and score its dump with --from"
        )
    code_format = CODE_FORMATS.find(settings.format)
    check_format(settings.format, code_format)
    check_sandbox(settings)
    return settings


def _read(given: Mapping[str, Any]) -> InterpreterConfig:
    known = [field.name for field in fields(InterpreterConfig)]
    for name in given:
        one_of("--code-arg", name, known)
    try:
        merged = OmegaConf.merge(OmegaConf.structured(InterpreterConfig), OmegaConf.create(dict(given)))
        settings = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"--code-arg {error.full_key}={given.get(str(error.full_key))}: {reason}") from error
    assert isinstance(settings, InterpreterConfig)  # as its schema says
    return settings
