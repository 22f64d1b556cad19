"""What moved in another verl, of all that still_verl relies on.

    python tests/upgrade.py 0.9.0          # a release, fetched into a temporary folder
    python tests/upgrade.py ../verl        # a folder that holds one, e.g. a checkout of verl's main branch

Looks for every name of test_contract_on_cpu.py there and in the installed verl, and compares. Of the functions in
test_order_on_cpu.py it compares every statement. Installs nothing into this environment; all other packages stay as
they are. Exits with 1 when something moved.
"""

import argparse
import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from packaging.version import Version
from rich.console import Console
from rich.table import Table

from still_verl.support import SUPPORTED_VERL

TESTS = Path(__file__).resolve().parent

# name -> {"problems": what the contract misses, "parameters": of what can be called, "statements": of its body}
Survey = dict[str, dict[str, list[str]]]


def look() -> Survey:
    """Collect what this process has of the contract; each import of it may fail in its own way."""
    from test_contract_on_cpu import BEHAVIOUR, NAMES, PARAMETERS, here, resolve
    from test_order_on_cpu import ORDER, out_of_order, statements

    found: Survey = {}
    for name in sorted({*NAMES, *BEHAVIOUR, *PARAMETERS, *ORDER}):
        if here(name) is None:
            found[name] = {"problems": [], "parameters": [], "statements": []}
            continue
        try:
            thing = resolve(name)
        except Exception as error:
            found[name] = {"problems": [reason(error)], "parameters": [], "statements": []}
            continue
        have = parameters(thing)
        lost = [f"needs parameter `{wanted}`" for wanted in PARAMETERS.get(name, []) if wanted not in bare(have)]
        lines = BEHAVIOUR.get(name, [])
        source = inspect.getsource(thing) if lines else ""  # type: ignore[arg-type]
        gone = [f"no longer has `{line}`" for line in lines if line not in source]
        body: list[str] = []
        if name in ORDER:
            body, (ours, parts) = statements(thing), ORDER[name]
            fault = out_of_order(body, parts)
            gone += [f"{fault}; {ours}"] if fault else []
        found[name] = {"problems": lost + gone, "parameters": have, "statements": body}
    return found


def reason(error: Exception) -> str:
    """Short where upstream moved the name; in full where its module broke on something else, e.g. a package."""
    if isinstance(error, ModuleNotFoundError) and (error.name or "").startswith("verl."):
        return f"no module {error.name}"
    return "no such name" if isinstance(error, AttributeError) else f"{type(error).__name__}: {error}"


def parameters(thing: object) -> list[str]:
    """`["self", "batch", "metrics=", "**kwargs"]`: a default shows as `=`, whatever it is."""
    try:
        signature = inspect.signature(thing)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return []
    empty = inspect.Parameter.empty
    return [
        str(one.replace(annotation=empty, default=empty)) + ("" if one.default is empty else "=")
        for one in signature.parameters.values()
    ]


def bare(names: list[str]) -> set[str]:
    return {name.strip("*=") for name in names}


def print_survey() -> None:
    """Look and print, in a child: without still_verl's plugin, which refuses any version but its own."""
    from still_verl.integration.cpu.distribution import VllmCpuFinder

    sys.meta_path.append(VllmCpuFinder())
    found = look()
    import verl

    print(json.dumps({"version": verl.__version__, "found": found}))


def survey(overlay: Path | None) -> dict[str, Any]:
    """`print_survey` in a fresh process with the folder `overlay` before everything else."""
    first = [str(overlay)] if overlay else []
    path = [
        *first,
        str(TESTS),
        str(TESTS / "helpers"),
        str(TESTS.parent),
        *filter(None, [os.environ.get("PYTHONPATH")]),
    ]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "import upgrade; upgrade.print_survey()"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path), "VERL_USE_EXTERNAL_PLUGINS": "none"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"looking at {overlay or 'the installed verl'} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def moved(before: Survey, after: Survey) -> list[tuple[str, str, str]]:
    """Rows (name, "breaks" or "changed", what): problems that only `after` has, then other parameters, statements."""
    from test_order_on_cpu import ORDER, changed

    rows = []
    for name, now in after.items():
        then = before[name]
        rows += [(name, "breaks", problem) for problem in now["problems"] if problem not in then["problems"]]
        if now["parameters"] != then["parameters"] and now["parameters"]:
            rows.append((name, "changed", difference(then["parameters"], now["parameters"])))
        lines = changed(then["statements"], now["statements"])
        if lines and now["statements"]:
            rows.append((name, "changed", f"read it again, since {ORDER[name][0]}:\n{lines}"))
    return sorted(rows, key=lambda row: row[1] != "breaks")


def age(installed: str, other: str) -> str:
    """Say which of two versions is newer, and whether this release works with the other one."""
    first, second = Version(installed), Version(other)
    known = "supported" if other in SUPPORTED_VERL else "not supported"
    if first == second:
        return f"the same version ({known})"
    return f"{'newer' if second > first else 'older'} ({known})"


def difference(then: list[str], now: list[str]) -> str:
    lost = [f"-{name}" for name in then if name not in now]
    gained = [f"+{name}" for name in now if name not in then]
    return f"parameters {' '.join(lost + gained)}" if lost or gained else "order of parameters"


def table_of(rows: list[tuple[str, str, str]], title: str) -> Table:
    """One row for all names of a module that moved in the same way."""
    names: dict[tuple[str, str, str], list[str]] = {}
    for name, kind, what in rows:
        module, _, qualname = name.partition(":")
        names.setdefault((kind, module, what), []).append(qualname)
    table = Table(title=title)
    for column in ("", "module", "names", "what moved"):
        table.add_column(column, overflow="fold")
    for (kind, module, what), same in names.items():
        table.add_row(kind, module, ", ".join(same), what)
    return table


@contextmanager
def folder_of(verl: str) -> Iterator[Path]:
    """The folder to put first on the path: the given one, or a temporary one with that release."""
    if (Path(verl) / "verl").is_dir():
        yield Path(verl).resolve()
        return
    with tempfile.TemporaryDirectory() as folder:
        uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--python", sys.executable]
        done = subprocess.run([*uv, "--no-deps", "--target", folder, f"verl=={verl}"])
        if done.returncode:
            sys.exit(f"verl {verl} cannot be fetched; give a release that the package index has, or a folder")
        yield Path(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verl", help="a version, or a folder that has verl/ in it")
    with folder_of(parser.parse_args().verl) as overlay, ThreadPoolExecutor(2) as both:
        before, after = both.map(survey, [None, overlay])
    console = Console(width=None if sys.stdout.isatty() else 140, markup=False)
    rows = moved(before["found"], after["found"])
    title = f"verl {before['version']} -> {after['version']}, which is {age(before['version'], after['version'])}"
    if not rows:
        console.print(f"{title}: nothing moved of {len(after['found'])} names")
        return
    console.print(table_of(rows, title))
    broken = sum(kind == "breaks" for _, kind, _ in rows)
    console.print(f"{broken} break, {len(rows) - broken} changed, of {len(after['found'])} names")
    sys.exit(1)


if __name__ == "__main__":
    main()
