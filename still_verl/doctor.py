"""Is this environment able to train with still_verl? Each check says what it found and how to fix it."""

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, entry_points, requires, version

from packaging.requirements import Requirement
from rich.markup import escape
from rich.table import Table

from still_verl.support import INSTALL_VERL, SUPPORTED_VERL, verl_installed


@dataclass(frozen=True)
class Finding:
    """One row of the doctor's table.

    Attributes:
        check: what was looked at.
        ok: False makes the doctor exit with 1.
        found: what is there.
        fix: what to do about it. A finding that is ok may have one too: for what a job needs only sometimes.
    """

    check: str
    ok: bool
    found: str
    fix: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return the fields by name, for JSON."""
        return asdict(self)


Check = Callable[[], Iterable[Finding]]
LEAST_SHM_GIB = 1.0  # Docker gives 64 MiB where nobody asks for more
LEAST_DISK_GIB = 5.0  # less than a checkpoint of the smallest model of the study


def examine(fusion: str | None = None) -> list[Finding]:
    """Run every check. One that raises is a finding of its own: the doctor never stops half-way.

    Args:
        fusion: URL of a SandboxFusion service that jobs will use.
    """
    checks: dict[str, Check] = {"requirements": check_requirements, "verl": check_verl}
    if verl_installed():
        checks["entry point"] = check_entry_point
        checks["plugin policy"] = check_policy
        checks["registrations"] = check_registrations
        checks["rollout"] = check_rollout
        checks["device"] = check_device
        checks["room"] = check_room
        checks["gpu"] = check_gpu
        checks["recipes"] = check_recipes
    checks["sandbox"] = check_sandbox
    if fusion:
        checks["fusion"] = partial(check_fusion, fusion)
    findings: list[Finding] = []
    for name, check in checks.items():
        findings += _run(name, check)
    return findings


def _run(name: str, check: Check) -> list[Finding]:
    try:
        return list(check())
    except Exception as error:
        return [Finding(name, False, _last_frame(error), "fix the error above first; if it stays, report it")]


def _last_frame(error: BaseException) -> str:
    """Return `Type: message (file:line)`, with the line that raised."""
    where = ""
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, SyntaxError):
        where = f" ({error.filename}:{error.lineno})"  # the last frame is the import's
    elif frames:
        where = f" ({frames[-1].filename}:{frames[-1].lineno})"
    return f"{type(error).__name__}: {error}{where}"


def as_table(findings: Sequence[Finding]) -> Table:
    """Lay the findings out for a terminal."""
    table = Table("", "check", "found", "what to do", title="still-verl doctor", title_justify="left")
    for finding in findings:
        # Escaped: rich takes the extra in 'still-verl[gpu]' for a style, and leaves it out.
        cells = [escape(finding.check), escape(finding.found), escape(finding.fix)]
        if finding.ok:
            table.add_row("[green]ok[/]", *cells)
        else:
            table.add_row("[red]broken[/]", *cells, style="bold")
    return table


def check_requirements() -> Iterable[Finding]:
    """Check that Python and every package have a version that works."""
    python_fix = ""
    if not (3, 10) <= sys.version_info < (3, 13):
        python_fix = "use Python 3.10 to 3.12"
    yield Finding("python", not python_fix, sys.version.split()[0], python_fix)

    found, to_install = [], []
    for requirement, installed in _unmet_requirements():
        wanted = f"{requirement.name}{requirement.specifier}"
        found.append(f"{wanted} (found {installed})")
        to_install.append(f"'{wanted}'")
    if found:
        yield Finding("packages", False, "; ".join(found), f"pip install {' '.join(to_install)}")
    else:
        yield Finding("packages", True, f"still-verl {version('still-verl')} and all that it needs")


def _unmet_requirements() -> Iterator[tuple[Requirement, str]]:
    """Yield what is required and not there, each with the version that is there, or `nothing`.

    The requirements of the plugin count only beside a verl: without one, rewards and reports are all that is used.
    """
    extra = "verl" if verl_installed() else ""
    for line in requires("still-verl") or []:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            yield requirement, "nothing"
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            yield requirement, installed


def check_verl() -> Iterable[Finding]:
    """Say what works without verl, where it is missing; which version is right, the requirements know."""
    if verl_installed():
        yield Finding("verl", True, f"{version('verl')}, of {' and '.join(SUPPORTED_VERL)} that work")
    else:
        found = "not installed; rewards, reports and sandboxes work without it"
        yield Finding("verl", True, found, f"needed for training and plans only: {INSTALL_VERL}")


def check_entry_point() -> Iterable[Finding]:
    """Load the entry point as verl does, and show the error that verl hides."""
    ours = [point for point in entry_points(group="verl.plugins") if point.name == "still"]
    if not ours:
        yield Finding("plugin", False, "no entry point `still` in group verl.plugins", "pip install still-verl again")
        return
    try:
        ours[0].load()
    except Exception as error:
        fix = "verl trains without still_verl until this import works: python -c 'import still_verl.plugin'"
        yield Finding("plugin", False, _last_frame(error), fix)
    else:
        yield Finding("plugin", True, f"entry point {ours[0].value} loads")


def check_policy() -> Iterable[Finding]:
    """Check that verl's switch for plugins includes this one."""
    policy = os.environ.get("VERL_USE_EXTERNAL_PLUGINS", "auto").strip()
    allowed = [name.strip() for name in policy.lower().split(",")]
    fix = ""
    if allowed != ["auto"] and "still" not in allowed:
        fix = "unset VERL_USE_EXTERNAL_PLUGINS, or add `still` to it"
    yield Finding("plugin policy", not fix, f"VERL_USE_EXTERNAL_PLUGINS={policy}", fix)


def check_registrations() -> Iterable[Finding]:
    """Check that each name is in the registry where verl will look for it."""
    from still_verl.integration.registrations import missing_registrations

    for what, names, missing in missing_registrations():
        if missing:
            fix = "look at the row `plugin`; if that is fine, report it"
            yield Finding(what, False, f"missing: {', '.join(missing)}", fix)
        else:
            yield Finding(what, True, ", ".join(names))


def check_rollout() -> Iterable[Finding]:
    """Check the inference engine, without which no job runs."""
    try:
        found = version("vllm")
    except PackageNotFoundError:
        yield Finding("vllm", False, "not installed", "laptop: make setup; GPUs: pip install 'still-verl[gpu]'")
        return
    importlib.import_module("vllm")
    yield Finding("vllm", True, found)


def check_sandbox() -> Iterable[Finding]:
    """Find the isolation that a model's programs get here; less than all of it is a note, as few jobs run any."""
    from still_verl.interpreter import packages
    from still_verl.interpreter.sandbox import self_test
    from still_verl.interpreter.sandbox.base import SandboxUnavailable
    from still_verl.interpreter.sandbox.local.client import Local
    from still_verl.interpreter.sandbox.local.tiers import HOW_TO_ENABLE

    sandbox = Local()
    mechanisms = sandbox.mechanisms
    try:
        fault = self_test.fault(sandbox.run(self_test.PROGRAM))
    except SandboxUnavailable:
        fault = ""  # the tier says it
    sandbox.close()
    advice = "needed for code in the rollout only."
    found = f"tier {mechanisms.tier}"
    if mechanisms.tier != "full":
        found += f"; missing: {', '.join(mechanisms.missing())}"
        advice += f" {HOW_TO_ENABLE}"
    if fault:
        yield Finding("sandbox", False, f"{found}; {fault}", advice)
    else:
        yield Finding("sandbox", True, found, advice if mechanisms.tier != "full" else "")
    yield Finding("program packages", True, ", ".join(packages.installed()) or "none that programs of mathematics use")


def check_fusion(url: str) -> Iterable[Finding]:
    """Check that the service at `url` runs programs, and has the packages that models use."""
    from still_verl.interpreter.sandbox.base import Limits
    from still_verl.interpreter.sandbox.fusion.client import Fusion

    service = Fusion(url, Limits(seconds=20))
    result = service.run("import numpy, sympy\nprint(6 * 7)")
    service.close()
    if result.kind == "ok":
        yield Finding("fusion", True, f"{service.url} runs programs ({result.seconds:.2f} s); tier remote")
    elif result.kind == "error":
        error = str(result.error).splitlines()[-1]
        yield Finding("fusion", False, f"{service.url}: {error}", "install numpy and sympy where its programs run")
    else:
        why = service.fault or result.error or result.kind
        yield Finding("fusion", False, f"{service.url}: {why}", "start the service, or correct --fusion")


def check_device() -> Iterable[Finding]:
    """Say what verl will compute on: the GPUs by name, or the processor with the memory that is free."""
    import psutil
    import torch

    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
        yield Finding("device", True, ", ".join(names))
        return
    free = f"{psutil.virtual_memory().available / 2**30:.1f} GiB memory free"
    yield Finding("device", True, f"no accelerator: use still/device=cpu ({free})")


def check_room() -> Iterable[Finding]:
    """Check the two places that fill up in the middle of a run: shared memory, and the disk of this folder."""
    import psutil

    shm, disk = psutil.disk_usage("/dev/shm").free / 2**30, psutil.disk_usage(".").free / 2**30
    found = f"{shm:.1f} GiB of /dev/shm and {disk:.0f} GiB of disk free here; a checkpoint of a 7B has 91 GB"
    fix = ""
    if shm < LEAST_SHM_GIB:
        fix = "give the container more shared memory (docker run --shm-size=16g): Ray and NCCL keep data there"
    elif disk < LEAST_DISK_GIB:
        fix = "make room, or set still.run_dir to a folder on another disk"
    yield Finding("room", not fix, found, fix)


def check_gpu() -> Iterable[Finding]:
    """Check what a torch built for CUDA needs beside it: a driver as new, and flash-attn for verl's default."""
    import torch

    from still_verl.integration.checks.gpu import INSTALL_FLASH, driver_version, flash_installed, old_driver

    cuda = torch.version.cuda
    if cuda is None:
        return
    driver = driver_version()
    problem = old_driver(driver, cuda)
    if problem:
        yield Finding("driver", False, problem, "install a newer NVIDIA driver, on every node")
    else:
        nccl = ".".join(map(str, torch.cuda.nccl.version()))
        yield Finding("driver", True, f"NVIDIA {driver or 'none here'}, CUDA {cuda}, NCCL {nccl}")
    if flash_installed():
        yield Finding("flash-attn", True, "installed")
    else:
        yield Finding("flash-attn", False, "not installed, and verl's default attention needs it", INSTALL_FLASH)


def check_recipes() -> Iterable[Finding]:
    """Check that every recipe composes with verl's defaults, and that its `still:` node is valid."""
    from still_verl.integration.registrations import broken_recipes
    from still_verl.paths import recipe_names

    broken = [f"{name}: {why}" for name, why in broken_recipes().items()]
    if broken:
        yield Finding("recipes", False, "; ".join(broken), "install still-verl again; if it stays, report it")
    else:
        yield Finding("recipes", True, f"{', '.join(recipe_names())} compose")
