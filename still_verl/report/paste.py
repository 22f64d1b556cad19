"""Commands to paste, made from what an alarm advises."""

import re
import shlex
from pathlib import Path

import yaml

# A setting with its value, as advice has them: still/entropy=adaptive, still.selection.rules=[overlong].
SETTING = re.compile(r"\bstill[./][\w./]+=(?:\[[\w,.]+\]|[\w.-]*\w)")
TRAIN = "python -m verl.trainer.main_ppo"
PLUGIN = "+recipe=base"  # adds still_verl to a job, and leaves its training settings as they are
YOURS = "YOUR_OVERRIDES"


def report_command(run: str) -> str:
    """Return the command that draws a run."""
    return f"still-verl report {shlex.quote(run)} -o report.html"


def training_command(run: str, advice: str) -> str:
    """Return the command that trains with the first setting that is advised; empty if the advice names none.

    The overrides of a run folder of ours are known. For any other run they are left to the reader.
    """
    settings = SETTING.findall(advice)
    if not settings:
        return ""
    setting = settings[0]
    overrides = _overrides(Path(run))
    if overrides is None:
        return f"{TRAIN} {YOURS} {PLUGIN} {shlex.quote(setting)}"
    key = setting.partition("=")[0]
    kept = [shlex.quote(each) for each in overrides if each.partition("=")[0].lstrip("+") != key]
    return " ".join([TRAIN, *kept, shlex.quote(setting)])


def _overrides(run: Path) -> list[str] | None:
    """Return what the command line of a run set; None where that was not kept."""
    try:
        found = yaml.safe_load((run / ".hydra" / "overrides.yaml").read_text())
    except (OSError, ValueError, yaml.YAMLError):
        return None
    if not isinstance(found, list):
        return None
    return [str(each) for each in found]
