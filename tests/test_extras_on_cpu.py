"""What `pip install '.[gpu]'` brings, as uv resolves it: without flash-attn no recipe starts on a GPU."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = {"flash-attn": "2.8.3", "verl": "0.9.1", "vllm": "0.24.0", "torch": "2.11.0", "trl": "0.27.0"}


@pytest.mark.process
@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12"])
def test_the_gpu_extra_resolves_with_flash_attn(python: str) -> None:
    """TRL 0.27.0 has the class that verl imports of it, as `check_trl` asks; later ones do not."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("uv is not installed in this environment: make setup")
    command = [uv, "pip", "compile", "--quiet", "--python-version", python, "--extra", "gpu", "--no-header"]
    command += ["--no-annotate", "--python-platform", "x86_64-manylinux_2_28", "pyproject.toml"]
    if os.environ.get("PIP_FIND_LINKS"):  # uv does not read it
        command += ["--find-links", os.environ["PIP_FIND_LINKS"]]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        pytest.skip("the package index does not answer")
    if done.returncode and re.search("error sending request|Failed to fetch|Could not connect|dns", done.stderr):
        pytest.skip(f"no package index: {done.stderr.strip().splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    pins = dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", done.stdout, re.MULTILINE))
    assert {name: pins.get(name) for name in NEEDED} == NEEDED
