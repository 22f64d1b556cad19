"""What `pip install '.[gpu]'` brings, as uv resolves it: without flash-attn no recipe starts on a GPU."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = {"flash-attn": "2.8.3", "verl": "0.9.1", "vllm": "0.24.0", "torch": "2.11.0", "trl": "0.27.0"}


PYTHONS = ("3.10", "3.11", "3.12")


@pytest.fixture(scope="module")
def resolutions() -> dict[str, subprocess.Popen[str]]:
    """For each Python, one at the same time as the others: they wait for the package index."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("uv is not installed in this environment: make setup")
    command = [uv, "pip", "compile", "--quiet", "--extra", "gpu", "--no-header"]
    command += ["--no-annotate", "--python-platform", "x86_64-manylinux_2_28", "pyproject.toml"]
    if os.environ.get("PIP_FIND_LINKS"):  # uv does not read it
        command += ["--find-links", os.environ["PIP_FIND_LINKS"]]
    said: dict[str, Any] = {"cwd": ROOT, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return {python: subprocess.Popen([*command, "--python-version", python], **said) for python in PYTHONS}


@pytest.mark.process
@pytest.mark.parametrize("python", PYTHONS)
def test_the_gpu_extra_resolves_with_flash_attn(python: str, resolutions: dict[str, subprocess.Popen[str]]) -> None:
    """TRL 0.27.0 has the class that verl imports of it, as `check_trl` asks; later ones do not."""
    resolution = resolutions[python]
    try:
        printed, said = resolution.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        resolution.kill()
        pytest.skip("the package index does not answer")
    if resolution.returncode and re.search("error sending request|Failed to fetch|Could not connect|dns", said):
        pytest.skip(f"no package index: {said.strip().splitlines()[0]}")
    assert resolution.returncode == 0, said
    pins = dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", printed, re.MULTILINE))
    assert {name: pins.get(name) for name in NEEDED} == NEEDED
