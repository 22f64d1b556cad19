"""`job.json` of a job's run folder: what the job is, and how it ended."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from still_verl.config_errors import ConfigError


@dataclass(frozen=True)
class JobState:
    """What `job.json` says.

    Attributes:
        overrides: Hydra's, of the command line and of the sweep.
        state: "waiting", "running", "finished" or "failed". A job that was killed is still "running", and is run again.
        error: the last line of what it failed with.
    """

    overrides: list[str]
    state: str
    error: str = ""

    def write(self, folder: Path) -> None:
        """Write `job.json`; the file is whole at every moment."""
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / "job.json.partial"
        partial.write_text(json.dumps(asdict(self), indent=1))
        partial.replace(folder / "job.json")

    def change(self, folder: Path, state: str, error: str = "") -> None:
        """Write `job.json` with another state."""
        replace(self, state=state, error=error).write(folder)

    @classmethod
    def read(cls, folder: Path) -> "JobState | None":
        """Read `job.json`; None for a folder in which no job ran."""
        path = folder / "job.json"
        if not path.exists():
            return None
        return cls(**json.loads(path.read_text()))


def finished_before(overrides: list[str], folder: Path) -> bool:
    """Return whether a job with these overrides has finished in a folder, and needs no run.

    Raises:
        ConfigError: the folder has a job with other settings, whose checkpoints are not to be mixed with this one's.
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
    return before.state == "finished"
