"""What `job.json` says of a job whose process was killed, and of one that still runs."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from still_verl.config_errors import ConfigError
from still_verl.sweep.state import JobState, finished_before

RUNNING = """
import sys, time
from pathlib import Path
from still_verl.sweep.state import JobState
folder = Path(sys.argv[1])
JobState.read(folder).change(folder, "running")
print("begun", flush=True)
time.sleep(60)
"""


def start(folder: Path) -> "subprocess.Popen[str]":
    """Start a process that runs the job of a folder, and wait until it has said so there."""
    JobState(["a=1"], "waiting").write(folder)
    process = subprocess.Popen([sys.executable, "-c", RUNNING, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_that_was_killed_is_known_as_killed_and_run_again(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path)
    state = JobState.read(tmp_path)
    assert state is not None and state.state == "running" and state.process == process.pid
    with pytest.raises(ConfigError, match=f"the job runs already .process {process.pid} on "):
        finished_before(["a=1"], tmp_path)
    process.send_signal(number)
    process.communicate()
    state = JobState.read(tmp_path)
    assert state is not None and state.state == "killed"
    assert not finished_before(["a=1"], tmp_path)


def test_a_process_that_has_the_number_of_the_one_that_was_killed(tmp_path: Path) -> None:
    state = JobState(["a=1"], "waiting")
    state.change(tmp_path, "running")  # by this process, which has its number from now on
    written = json.loads((tmp_path / "job.json").read_text())
    (tmp_path / "job.json").write_text(json.dumps(written | {"begun": written["begun"] - 3600}))
    read = JobState.read(tmp_path)
    assert read is not None and read.state == "killed"


def test_a_job_of_another_machine_may_still_run(tmp_path: Path) -> None:
    JobState(["a=1"], "running", host="another", process=1).write(tmp_path)
    with pytest.raises(ConfigError, match="process 1 on another"):
        finished_before(["a=1"], tmp_path)


def test_a_file_of_before(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text('{"overrides": ["a=1"], "state": "finished", "error": ""}')
    assert finished_before(["a=1"], tmp_path)
