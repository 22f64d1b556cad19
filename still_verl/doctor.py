"""Is this environment able to train with still_verl? Each check says what it found and how to mend it."""

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, entry_points, requires, version

from packaging.requirements import Requirement


@dataclass(frozen=True)
class Finding:
    """One row of the doctor's table.

    Attributes:
        check: what was looked at.
        ok: False makes the doctor exit with 1.
        found: what is there.
        fix: what to do about it; empty when ok.
    """

    check: str
    ok: bool
    found: str
    fix: str = ""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def examine(fusion: str | None = None) -> list[Finding]:
    """Run every check. One that raises is a finding of its own: the doctor never stops half-way.

    `fusion` is the URL of a SandboxFusion service that jobs will use.
    """
    checks: list[Callable[[], Iterable[Finding]]] = [
        check_requirements,
        check_entry_point,
        check_policy,
        check_registrations,
        check_rollout,
        check_sandbox,
        *([partial(check_fusion, fusion)] if fusion else []),
        check_device,
        check_recipes,
    ]
    return [finding for check in checks for finding in _run(check)]


def _run(check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except Exception as error:
        name = getattr(check, "__name__", "fusion").removeprefix("check_")
        return [Finding(name, False, _last_frame(error), "mend the error above first; if it stays, report it")]


def _last_frame(error: BaseException) -> str:
    """`Type: message (file:line)`, the line that raised."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    if isinstance(error, SyntaxError):
        where = f" ({error.filename}:{error.lineno})"
    return f"{type(error).__name__}: {error}{where}"


def check_requirements() -> Iterable[Finding]:
    """Every package that the core needs is there in a version that works."""
    wrong = []
    for line in requires("still-verl") or []:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            found = "nothing"
        if found == "nothing" or not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name}{requirement.specifier} (found {found})")
    python_ok = (3, 10) <= sys.version_info < (3, 13)
    yield Finding("python", python_ok, sys.version.split()[0], "" if python_ok else "use Python 3.10 to 3.12")
    if wrong:
        fix = "pip install " + " ".join(f"'{w.split(' (')[0]}'" for w in wrong)
        yield Finding("packages", False, "; ".join(wrong), fix)
    else:
        yield Finding("packages", True, f"still-verl {version('still-verl')}, verl {version('verl')}")


def check_entry_point() -> Iterable[Finding]:
    """Load the entry point as verl does, and show the error that verl hides."""
    found = [ep for ep in entry_points(group="verl.plugins") if ep.name == "still"]
    if not found:
        yield Finding("plugin", False, "no entry point `still` in group verl.plugins", "pip install still-verl again")
        return
    try:
        found[0].load()
    except Exception as error:
        fix = "verl trains without still_verl until this import works: python -c 'import still_verl.plugin'"
        yield Finding("plugin", False, _last_frame(error), fix)
    else:
        yield Finding("plugin", True, f"entry point {found[0].value} loads")


def check_policy() -> Iterable[Finding]:
    """verl's own switch for plugins lets us in."""
    policy = os.environ.get("VERL_USE_EXTERNAL_PLUGINS", "auto").strip()
    ok = policy.lower() == "auto" or "still" in [name.strip() for name in policy.lower().split(",")]
    fix = "" if ok else "unset VERL_USE_EXTERNAL_PLUGINS, or add `still` to it"
    yield Finding("plugin policy", ok, f"VERL_USE_EXTERNAL_PLUGINS={policy}", fix)


def check_registrations() -> Iterable[Finding]:
    """Each name is in the registry where verl will look for it."""
    from still_verl.integration.registrations import missing_registrations

    for what, names, missing in missing_registrations():
        fix = "look at the row `plugin`; if that is fine, report it" if missing else ""
        found = f"missing: {', '.join(missing)}" if missing else ", ".join(names)
        yield Finding(what, not missing, found, fix)


def check_rollout() -> Iterable[Finding]:
    """The inference engine. Its absence is fatal only for training, so it is told with the fix."""
    try:
        found = version("vllm")
    except PackageNotFoundError:
        yield Finding("vllm", False, "not installed", "laptop: make setup; GPUs: pip install 'still-verl[gpu]'")
        return
    importlib.import_module("vllm")
    yield Finding("vllm", True, found)


def check_sandbox() -> Iterable[Finding]:
    """The isolation that programs of a model get here. Its absence is fatal only for a code interpreter."""
    from still_verl.interpreter.sandbox.local.client import Local
    from still_verl.interpreter.sandbox.local.tiers import HOW_TO_ENABLE

    sandbox = Local()
    mechanisms = sandbox.mechanisms
    sandbox.close()
    missing = f"; missing: {', '.join(mechanisms.missing())}" if mechanisms.tier != "full" else ""
    fix = f"needed for code in the rollout only. {HOW_TO_ENABLE}" if missing else ""
    yield Finding("sandbox", True, f"tier {mechanisms.tier}{missing}", fix)


def check_fusion(url: str) -> Iterable[Finding]:
    """Programs run on the service, and it has what models use."""
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
    import psutil
    import torch

    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        yield Finding("device", True, names)
        return
    memory, shm = psutil.virtual_memory().available, psutil.disk_usage("/dev/shm").free
    free = f"{memory / 2**30:.1f} GiB memory, {shm / 2**30:.1f} GiB /dev/shm free"
    yield Finding("device", True, f"no accelerator: use still/device=cpu ({free})")


def check_recipes() -> Iterable[Finding]:
    """Every recipe composes with verl's defaults, and its `still:` node is valid."""
    from still_verl.integration.registrations import broken_recipes
    from still_verl.paths import recipe_names

    broken = broken_recipes()
    if broken:
        text = "; ".join(f"{name}: {why}" for name, why in broken.items())
        yield Finding("recipes", False, text, "install still-verl again; if it stays, report it")
    else:
        yield Finding("recipes", True, f"{', '.join(recipe_names())} compose")
