"""Asks rldoctor about runs, for `alarms.py`: reads one run for each line, prints its version and the worst of each.

Runs in an environment that has rldoctor (0.1.0 is the package `rldoctor`, 0.2.0 `rl_doctor`), and not still_verl.
"""

import importlib
import importlib.metadata
import json
import sys

NAMES = ("rl_doctor", "rldoctor")


def peer():
    for name in NAMES:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise SystemExit("rldoctor is not installed here")


def main() -> None:
    doctor = peer()
    print(importlib.metadata.version("rldoctor"))
    for line in sys.stdin:
        print(doctor.diagnose(doctor.run_from_records(json.loads(line))).worst.name)


if __name__ == "__main__":
    main()
