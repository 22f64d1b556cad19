"""Real jobs on the releases of verl beside the one that all other tests run with, each in an environment of its own.

    python tests/releases.py                             # every part on each; writes releases.json, README's table
    python tests/releases.py 0.9.0 --part sync --check   # as CI does: compares with releases.json, changes nothing

What follows `--` goes to `uv pip install`, e.g. `-- --torch-backend cpu`. The environments are in a temporary folder; a
package that is in uv's cache is linked and not copied.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from still_verl.monitor.jsonl import read_metrics
from still_verl.support import SUPPORTED_VERL

*OTHERS, PINNED = SUPPORTED_VERL  # the newest one is in requirements/cpu.txt
TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
RESULTS = TESTS / "golden" / "releases.json"
PAGE = ROOT / "README.md"
BEGIN, END = "<!-- made by tests/releases.py -->\n", "<!-- end -->"
SECONDS = 570  # of a job
STEPS = [1, 2]

TINY = ["+still/scale=tiny", "still.run_dir=run"]  # after the rest, which it scales down


class Part(NamedTuple):
    """What is tried: how the README calls it, and the job's overrides or a file of tests with a job of its own."""

    name: str
    overrides: tuple[str, ...] = ()
    tests: str = ""


# By its word on the command line.
PARTS = {
    "sync": Part("`still_sync`, with the loop `still_code`", ("+recipe=zero_7b_plain", "still/rollout=code")),
    "colocate": Part(
        "`still_colocate_async`", ("+recipe=zero_7b_plain", "trainer.v1.trainer_mode=still_colocate_async")
    ),
    "separate": Part("`still_separate_async`", ("+recipe=zero_7b_plain", "still/policy=stale")),
    "r1": Part(
        "the template of R1-Distill (`justrl_1_5b`), of a model of type qwen2 without Qwen's role tokens",
        ("+recipe=justrl_1_5b",),
    ),
    "calls": Part(
        "calls of code in `still_code` and in verl's `tool_agent`, token by token",
        tests="tests/e2e/test_interpreter_on_cpu.py",
    ),
}
NOT_RUN, WORKS = "not run", "trains"
# Of each release, by part: "" if it trained, NOT_RUN, or why not.
Results = dict[str, dict[str, str]]


@contextmanager
def environment(release: str, uv_options: list[str]) -> Iterator[Path]:
    """The Python of a new environment with the pins of requirements/cpu.txt, but for verl, and this checkout."""
    pins = (ROOT / "requirements" / "cpu.txt").read_text().splitlines()
    pins = [f"verl=={release}" if pin.startswith("verl==") else pin for pin in pins]
    uv = Path(sys.executable).with_name("uv")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pins.txt").write_text("\n".join(pins))
        python = Path(folder, "environment", "bin", "python")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, python.parents[1]], check=True)
        install = [uv, "pip", "install", "--quiet", "--python", python, "--no-deps", *uv_options]
        subprocess.run([*install, "--requirement", f"{folder}/pins.txt", "--editable", ROOT], check=True)
        yield python


def try_part(python: Path, release: str, part: str) -> str:
    """Train with that release; return what went wrong, nothing if it was as it should be."""
    if PARTS[part].tests:
        return try_tests(python, PARTS[part].tests)
    return try_job(python, release, PARTS[part].overrides)


def try_tests(python: Path, path: str) -> str:
    """Run a file of tests, which starts a job by itself."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log.txt")
        command = [str(python), "-m", "pytest", "-n", "0", "-q", f"--basetemp={folder}/pytest", str(ROOT / path)]
        return said(run(command, folder, log), log)


def try_job(python: Path, release: str, overrides: tuple[str, ...]) -> str:
    """Train two steps of a tiny model."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log.txt")
        code = run([str(python), "-m", "verl.trainer.main_ppo", *overrides, *TINY], folder, log)
        if code:
            return said(code, log)
        rows = read_metrics(Path(folder, "run"))
        steps = [row["training/global_step"] for row in rows if "training/global_step" in row]
        trained = json.loads(Path(folder, "run", "versions.json").read_text())["verl"]
    if steps != STEPS:
        return f"steps {steps}"
    return "" if trained == release else f"trained with verl {trained}"


def said(code: int, log: Path) -> str:
    """Print the end of the log of a command that failed."""
    if code == 0:
        return ""
    print(log.read_text()[-6000:])
    return f"exit code {code}"


def run(command: list[str], folder: str, log: Path) -> int:
    """Return the exit code of a process, which is ended with its children after `SECONDS`."""
    # Else the child would import a verl that is on the path of this one.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with log.open("w") as file:
        process = subprocess.Popen(
            command, cwd=folder, stdout=file, stderr=subprocess.STDOUT, env=env, start_new_session=True
        )
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


def read_results() -> Results:
    found: Results = json.loads(RESULTS.read_text())
    return found


def table_of(results: Results) -> str:
    """A row for each part, a column for each release."""
    heads = ["a real run of a tiny model, without an accelerator", *(f"verl {name}" for name in results)]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for word, part in PARTS.items():
        cells = [found.get(word, NOT_RUN) or WORKS for found in results.values()]
        lines.append(f"| {part.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def table_on_page() -> str:
    return PAGE.read_text().partition(BEGIN)[2].partition(END)[0]


def write(results: Results) -> None:
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + table_of(results) + END + rest.partition(END)[2])


def compare(release: str, found: dict[str, str], written: dict[str, str]) -> None:
    """End with 1 if a part did not go as it is written down."""
    wrong = [part for part, fault in found.items() if written[part] != fault]
    if wrong:
        sys.exit(f"verl {release}: {RESULTS.name} says otherwise of {', '.join(wrong)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("releases", nargs="*", default=OTHERS, help="of verl; all that are supported, but the newest")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be given again")
    parser.add_argument("--check", action="store_true", help="compare with what is written down, and write nothing")
    ours, uv_options = split(sys.argv[1:])
    arguments = parser.parse_args(ours)
    for release in arguments.releases:
        with environment(release, uv_options) as python:
            found = {part: try_part(python, release, part) for part in arguments.part or PARTS}
        print(f"verl {release}: " + ", ".join(f"{part} {fault or WORKS}" for part, fault in found.items()))
        results = read_results()
        before = dict.fromkeys(PARTS, NOT_RUN) | results.get(release, {})
        if arguments.check:
            compare(release, found, before)
        else:
            write(results | {release: before | found})


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """Divide words at `--`, which is left out."""
    place = words.index("--") if "--" in words else len(words)
    return words[:place], words[place + 1 :]


if __name__ == "__main__":
    main()
