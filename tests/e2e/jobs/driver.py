"""A driver that runs one job of verl's after the other: they share a Ray and what was imported, as the jobs of `-m` do.

It reads a line of JSON for each job, with its folder and overrides, and writes one when the job has ended: its exit
code, and whether its actors have ended, too.
"""

import json
import os
import sys
from pathlib import Path

from verl.trainer import main_ppo

from still_verl.integration import driver_ray
from still_verl.integration.checks.cpu import release_machine


def run(folder: Path, overrides: list[str]) -> dict[str, object]:
    """Run one job, as `python -m verl.trainer.main_ppo` would in its folder, which gets what it prints."""
    log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    os.close(log)
    os.chdir(folder)
    sys.argv = ["main_ppo", *overrides]
    try:
        main_ppo.main()
        code = 0
    except SystemExit as error:
        code = 1 if error.code else 0
    ended = not driver_ray.ray.is_initialized() or driver_ray.is_free(driver_ray.SECONDS_TO_END)
    release_machine()  # for the jobs of other tests, which have a process of their own
    sys.stdout.flush()
    sys.stderr.flush()
    return {"code": code, "ended": ended}


if __name__ == "__main__":
    driver_ray.keeps = lambda _config: True  # verl's command does not know that others follow
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps(run(Path(job["folder"]), job["overrides"])), file=answers, flush=True)
