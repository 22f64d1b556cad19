"""A sandbox, what is outside of it, and whether a hostile program did what it should not.

python tests/helpers/hostile_place.py TIER LANDLOCK_ABI   prints a line for each program that got out, as any user
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from hostile_kernel import KERNEL_PROGRAMS
from hostile_programs import PROGRAMS, Hostile, filled

from still_verl.interpreter.sandbox.base import TIERS, Limits, Result, Tier
from still_verl.interpreter.sandbox.local import server
from still_verl.interpreter.sandbox.local.client import Local

NAMESPACES = ("user", "pid", "net", "mount")
SECRET = "CANARY-51b9"
LIMITS = Limits(seconds=0.7, memory_mb=256, flood_mb=2)


@dataclass
class Place:
    """A sandbox, and what is outside of it."""

    sandbox: Local
    outside: Path
    canary: Path
    server: psutil.Process

    def values(self) -> dict[str, object]:
        ids = {"PARENT": os.getpid(), "SERVER": self.server.pid}
        return {"CANARY": self.canary, "OUTSIDE": self.outside, **ids}

    def left(self) -> int:
        """Processes below the server but for its idle children.

        The server is two, the second is first in its pid namespace.
        """
        nested = 1 if self.sandbox.mechanisms.namespaces else 0
        return len(self.server.children(recursive=True)) - nested - server.idle_children()

    def wait_until_gone(self) -> int:
        """Processes that are left after some seconds."""
        deadline = time.monotonic() + 5
        while (left := self.left()) and time.monotonic() < deadline:
            time.sleep(0.005)
        return left

    def faults(self, program: Hostile, result: Result) -> list[str]:
        """What is wrong with a program's result, and with the world after it."""
        read = f"{result.stdout}\n{result.error}"
        canary = self.canary.stat()
        checks = {
            "kind": result.kind in program.kinds,
            "says": program.says in read,
            "escaped": "ESCAPED" not in result.stdout,
            "secret": SECRET not in read,
            "outside": [path.name for path in self.outside.iterdir()] == ["canary"],
            "canary": self.canary.read_text() == SECRET,
            "attributes": canary.st_mode & 0o777 == 0o666 and canary.st_mtime == 1.0 and not os.listxattr(self.canary),
            "length": len(result.stdout) <= LIMITS.output_chars + 100 and len(result.error or "") <= 4100,
            "seconds": result.seconds < LIMITS.seconds + 3,
            "server": self.server.status() != psutil.STATUS_STOPPED,
        }
        return [name for name, holds in checks.items() if not holds]


@contextmanager
def place(tier: Tier, landlock_abi: int | None = None, limits: Limits = LIMITS) -> Iterator[Place | None]:
    """Make a place of a tier; None where it is not to be had."""
    os.environ["SECRET"] = SECRET
    sandbox = Local(limits, absent=() if tier == "full" else NAMESPACES, landlock_abi=landlock_abi)
    outside = Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        if TIERS.index(sandbox.tier) < TIERS.index(tier):
            yield None
            return
        outside.chmod(0o777)
        canary = outside / "canary"
        canary.write_text(SECRET)
        canary.chmod(0o666)
        os.utime(canary, (1, 1))
        assert sandbox._server.pid is not None
        yield Place(sandbox, outside, canary, psutil.Process(sandbox._server.pid))
    finally:
        sandbox.close()
        shutil.rmtree(outside)
        del os.environ["SECRET"]


def main(tier: Tier, landlock_abi: int) -> None:
    """Run all programs, some at a time."""
    with place(tier, landlock_abi) as found:
        if found is None:
            print(f"no tier {tier} here")
            return

        def run(program: Hostile) -> str:
            result = found.sandbox.run(filled(program.code, found.values()))
            faults = found.faults(program, result)
            return f"{program.name}: {faults} {result}" if faults else ""

        with ThreadPoolExecutor(4) as threads:
            for line in threads.map(run, [*PROGRAMS, *KERNEL_PROGRAMS]):
                if line:
                    print(line)
        left = found.wait_until_gone()
        if left:
            print(f"left: {left} processes")
        print(f"ran {len(PROGRAMS) + len(KERNEL_PROGRAMS)} as {os.getuid()} in {found.sandbox.tier}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))  # type: ignore[arg-type]
