"""What still_verl adds to a checkpoint: the state of callbacks, and the settings that the run was made with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from still_verl.monitor.jsonl import line, open_append

if TYPE_CHECKING:
    from still_verl.integration.callbacks.base import Callback

STATE = "still.json"
SETTINGS = "still_settings.json"
RESUMES = "resumes.jsonl"  # of the run folder

# How the machine and this one start are set up. The first two may hold passwords, and checkpoints are passed on.
LEFT_OUT = ("ray_kwargs", "still.monitor.webhook", "trainer.resume_mode", "trainer.resume_from_path")
# How many checkpoints verl keeps, and its older setting that means one of each.
_KEEP = ("max_actor_ckpt_to_keep", "max_critic_ckpt_to_keep")
_DEPRECATED = "remove_previous_ckpt_in_save"
# In place of the run folder, which another run of the same job does not share.
RUN_FOLDER = "<run folder>"

Settings = dict[str, Any]


def state_of(callbacks: Iterable[Callback]) -> str:
    """Return what a checkpoint keeps of callbacks, as JSON by their class names; numbers of numpy become plain ones.

    Raises:
        TypeError: the state of a callback has what JSON cannot hold; names the callback.
    """
    state = {}
    for callback in callbacks:
        name = type(callback).__qualname__
        try:
            state[name] = json.loads(json.dumps(callback.state_dict(), default=_plain))
        except (TypeError, ValueError) as error:
            raise TypeError(f"the callback {name}: its state_dict must be of JSON values: {error}") from error
    return json.dumps(state)


def _plain(value: Any) -> Any:
    """Return a number, array or tensor of numpy or torch as Python has it."""
    if not hasattr(value, "tolist"):
        raise TypeError(f"{type(value).__name__} is none")
    return value.tolist()


def settings_of(config: DictConfig, run_dir: str | None) -> Settings:
    """Return the value of every setting of a job by its full key, as JSON values, without those of `LEFT_OUT`."""
    nodes = OmegaConf.to_container(config, resolve=True)
    settings = {}
    for key, value in _leaves(nodes, ""):
        if key.startswith(LEFT_OUT):
            continue
        settings[key] = _in_any_run_folder(value, run_dir)
    found: Settings = json.loads(json.dumps(settings, default=str))
    return found


def _in_any_run_folder(value: Any, run_dir: str | None) -> Any:
    """Return a path in the run folder without that folder's name; everything else as it is."""
    if not run_dir or not isinstance(value, str):
        return value
    if value == run_dir or value.startswith(f"{run_dir}/"):
        return RUN_FOLDER + value.removeprefix(run_dir)
    return value


def _leaves(node: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Yield full key and value of everything below a node; a list is one value."""
    if not isinstance(node, Mapping):
        yield key, node
        return
    for name, value in node.items():
        yield from _leaves(value, f"{key}.{name}".removeprefix("."))


@dataclass(frozen=True)
class Change:
    """A setting that a resumed run has otherwise than the checkpoint's; None on either side: it has it not at all."""

    key: str
    before: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.key}={json.dumps(self.before)} in the checkpoint, {json.dumps(self.now)} now"


def changes(before: Settings, now: Settings) -> list[Change]:
    """Compare two jobs, setting by setting, in the order of their keys."""
    found = []
    for key in sorted(before.keys() | now.keys()):
        change = Change(key, before.get(key), now.get(key))
        if change.before != change.now:
            found.append(change)
    return found


def write(folder: Path, callbacks: Iterable[Callback], settings: Settings) -> None:
    """Write state and settings into the folder of a checkpoint, each file whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ((STATE, state_of(callbacks)), (SETTINGS, json.dumps(settings, indent=1))):
        unfinished = folder / f"{name}.tmp"
        unfinished.write_text(text)
        unfinished.replace(folder / name)


def read(folder: Path) -> tuple[dict[str, Any], Settings | None]:
    """Return the states of callbacks by class name, and the settings.

    A checkpoint of verl's own modes has neither, one of an older still_verl no settings.
    """
    state, settings = folder / STATE, folder / SETTINGS
    states = json.loads(state.read_text()) if state.is_file() else {}
    return states, json.loads(settings.read_text()) if settings.is_file() else None


def keep_two(config: DictConfig) -> None:
    """Let verl keep two checkpoints where a job asks for one, and say so.

    verl deletes the old one when it has written the weights of the new one, and only later names the new one as the
    one to resume from. Killed in between, a run would have lost all. Two take no more room on a disk than the one did,
    since both were there while the new one was written.
    """
    trainer = config.trainer
    if trainer.get(_DEPRECATED):
        trainer[_DEPRECATED] = False
        for key in _KEEP:
            trainer[key] = 1
    for key in _KEEP:
        if trainer.get(key) == 1:
            trainer[key] = 2
            print(f"still_verl: trainer.{key}=1 keeps 2: verl deletes the old one before the new one can be resumed")


def folder_to_resume(config: DictConfig, step: int) -> Path:
    """Return the folder of the checkpoint that verl has loaded."""
    trainer = config.trainer
    if trainer.resume_mode == "resume_path":
        return Path(trainer.resume_from_path)
    return Path(os.path.join(trainer.default_local_dir, f"global_step_{step}"))


def tell_changes(folder: Path, step: int, before: Settings | None, now: Settings, run_dir: str | None) -> None:
    """Print each setting that a resume changes, and keep it in the run folder's `resumes.jsonl`.

    Printed, since verl's vLLM server hides whatever is logged below an error.
    """
    if before is None:
        print(f"still_verl: resumed after step {step} from {folder}, which holds no settings to compare with")
        return
    found = changes(before, now)
    for change in found:
        print(f"still_verl: resumed after step {step} with another setting: {change}")
    if run_dir and found:
        with open_append(Path(run_dir, RESUMES)) as file:
            for change in found:
                row = {"step": step, "checkpoint": str(folder)}
                file.write(line(row | {"key": change.key, "before": change.before, "now": change.now}))
