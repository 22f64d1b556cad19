"""Logs that the real libraries wrote, installed into folders of their own: some want other versions than verl."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TRACKERS = Path(__file__).with_name("trackers.py")
# What each needs beside what the environment has.
PACKAGES = {
    "mlflow": "mlflow==3.17.2 mlflow-skinny==3.17.2 mlflow-tracing==3.17.2 sqlparse databricks-sdk gitpython gitdb "
    "smmap flask graphene huey docker skops",
    "swanlab": "swanlab==0.10.3 pyecharts simplejson pwinput nvidia-ml-py watchdog pyroaring",
    "old_swanlab": "swanlab==0.6.8 swankit pyecharts simplejson pwinput nvidia-ml-py boto3 botocore s3transfer",
    "trackio": "trackio==0.43.0 gradio-client brotli",
    "trl": "trl==1.16.0",
}
Run = Callable[..., str]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Installs packages into a folder, once; skips the test where no package index is reached."""
    folders: dict[str, Path] = {}

    def install(name: str) -> Path:
        if name not in folders:
            folder = tmp_path_factory.mktemp(name)
            command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
            done = subprocess.run([*command, *PACKAGES[name].split()], capture_output=True, text=True, timeout=300)
            if done.returncode != 0:
                pytest.skip(f"{name} cannot be installed here: {done.stderr.strip()[-200:]}")
            folders[name] = folder
        return folders[name]

    return install


@pytest.fixture(scope="session")
def with_packages(installed: Callable[[str], Path]) -> Run:
    """Runs a program of Python that can import some of `PACKAGES`, and returns what it printed."""

    def run(folder: Path, names: list[str], *arguments: str, **environment: str) -> str:
        paths = os.pathsep.join(str(installed(name)) for name in names)
        command = [sys.executable, "-W", "ignore", *arguments]
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            env=os.environ | {"PYTHONPATH": paths} | environment,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return run


@pytest.fixture(scope="session")
def tracked(tmp_path_factory: pytest.TempPathFactory, with_packages: Run) -> dict[str, Path]:
    """One run as each of verl's trackers logged it: what a user would give, by format."""
    folder = tmp_path_factory.mktemp("tracked")
    names = ["mlflow", "swanlab", "trackio"]
    trackers = ["console", "file", "tensorboard", "wandb", *names]
    printed = with_packages(folder, names, str(TRACKERS), str(folder), *trackers)
    (folder / "train.log").write_text(printed)
    files = tmp_path_factory.mktemp("files")
    address = {"MLFLOW_TRACKING_URI": f"file://{files}/mlruns", "MLFLOW_ALLOW_FILE_STORE": "true"}
    with_packages(files, ["mlflow"], str(TRACKERS), str(files), "mlflow", **address)
    old = tmp_path_factory.mktemp("old")
    with_packages(old, ["old_swanlab"], str(TRACKERS), str(old), "swanlab")
    return {
        "verl_console": folder / "train.log",
        "verl_file": folder / "project" / "experiment.jsonl",
        "tensorboard": folder / "tensorboard",
        "wandb_offline": folder / "wandb",
        "trackio": folder / "trackio",
        "mlflow": folder / "mlruns.db",
        "mlflow_files": files / "mlruns",
        "swanlab": folder / "swanlog",
        "old_swanlab": old / "swanlog",
    }
