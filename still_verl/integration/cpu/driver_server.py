"""The fork server of a driver, of which the server of its raylet is a fork, see `fork_server`."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from still_verl.integration.cpu import fork_server
from still_verl.integration.cpu.fork_server import OF_DRIVER
from still_verl.processes.fork_server import start_detached


class OfDriver(NamedTuple):
    """The server of this driver."""

    process: "subprocess.Popen[bytes]"
    variables: dict[str, str]  # of the workers


_of_driver: OfDriver | None = None


def start_for_driver(environment: Mapping[str, Any]) -> None:
    """Start the server of this driver, unless it has one that started with the same variables.

    Args:
        environment: variables of the workers; allocators and thread pools read theirs when a process starts.
    """
    global _of_driver
    variables = {name: str(value) for name, value in environment.items()}
    if _of_driver:
        if _of_driver.variables == variables:
            return
        _of_driver.process.kill()
        _of_driver.process.wait()
    driver = str(os.getpid())
    command = [sys.executable, "-m", fork_server.__name__, "--of-driver", driver]
    process = start_detached(command, environment=os.environ | variables, stderr=subprocess.DEVNULL)
    _of_driver = OfDriver(process, variables)
    os.environ[OF_DRIVER] = driver  # Ray passes it on to the workers
