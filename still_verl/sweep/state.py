"""`job.json` of a job's run folder: what the job is, and how it ended."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import psutil

from still_verl.config_errors import ConfigError

CLOCK = 1.0  # seconds by which two readings of the begin of one process may differ


@dataclass(frozen=True)
class JobState:
    """What `job.json` says.

    Attributes:
        overrides: Hydra's, of the command line and of the sweep.
        state: "waiting", "running", "finished" or "failed"; as read also "killed": said to be running, by a process of
            this machine that is gone. A process that is killed cannot write it.
        error: the last line of what it failed with.
        host: where it was written.
        process: that wrote it.
        begun: when that process began, in seconds since 1970: the number of a process is used again.
    """

    overrides: list[str]
    state: str
    error: str = ""
    host: str = field(default="", compare=False)
    process: int = field(default=0, compare=False)
    begun: float = field(default=0.0, compare=False)

    def write(self, folder: Path) -> None:
        """Write `job.json`; the file is whole at every moment."""
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / "job.json.partial"
        partial.write_text(json.dumps(asdict(self), indent=1))
        partial.replace(folder / "job.json")

    def change(self, folder: Path, state: str, error: str = "") -> None:
        """Write `job.json` with another state, as this process's."""
        begun = psutil.Process().create_time()
        now = replace(self, state=state, error=error, host=platform.node(), process=os.getpid(), begun=begun)
        now.write(folder)

    @classmethod
    def read(cls, folder: Path) -> "JobState | None":
        """Read `job.json`; None for a folder in which no job ran."""
        path = folder / "job.json"
        if not path.exists():
            return None
        found = cls(**json.loads(path.read_text()))
        if found.state == "running" and found._is_gone():
            return replace(found, state="killed")
        return found

    def _is_gone(self) -> bool:
        """Return whether the process that wrote it has ended; not known, so False, of another machine's."""
        if not self.host:  # a file that still_verl wrote before it noted this
            return True
        if self.host != platform.node():
            return False
        try:
            return abs(psutil.Process(self.process).create_time() - self.begun) > CLOCK
        except psutil.NoSuchProcess:
            return True


def finished_before(overrides: list[str], folder: Path) -> bool:
    """Return whether a job with these overrides has finished in a folder, and needs no run.

    Raises:
        ConfigError: the folder has a job with other settings, whose checkpoints are not to be mixed with this one's, or
            one that still runs.
    """
    before = JobState.read(folder)
    if before is None:
        return False
    changed = sorted(set(before.overrides) ^ set(overrides))
    if changed:
        raise ConfigError(
            f"{folder}: holds a job that differs in {', '.join(changed)}; name another folder with "
            "hydra.sweep.dir=FOLDER, or remove this one"
        )
    if before.state == "running":
        raise ConfigError(
            f"{folder}: the job runs already (process {before.process} on {before.host}); wait for it, or remove its "
            "job.json if that machine is gone"
        )
    return before.state == "finished"
