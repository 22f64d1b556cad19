"""Runs a verl job as a child process, which ends with this process at the latest."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path


def heed_interrupts() -> None:
    """Let SIGINT end a new process again: a shell that puts us into the background makes all our children ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def verl_job(
    overrides: Sequence[str], log: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run `python -m verl.trainer.main_ppo OVERRIDES`, as `job` runs a command."""
    return job([sys.executable, "-m", "verl.trainer.main_ppo", *overrides], log, cwd, env)


@contextmanager
def job(
    command: Sequence[str], log: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that may start verl, its output in `log`; leaving the block waits for its end.

    Ctrl-C and a kill of this process reach the command as one interrupt, after which it cleans up after itself.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with log.open("w") as output:
        # Its own session: the terminal's Ctrl-C must reach verl's driver once, and no Ray worker.
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=env,
            start_new_session=True,
            preexec_fn=heed_interrupts,
        )
    try:
        yield process
        process.wait()
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
