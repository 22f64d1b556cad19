"""What pip gets: the wheel carries recipes and rewards, and works from any directory."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from still_verl.demonstrations.template import MARKS
from still_verl.paths import recipe_names, sft_recipe_names

pytestmark = pytest.mark.process

REPO = Path(__file__).resolve().parents[1]
STARTERS = ("engine_fork.sh", "worker_fork.sh")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(REPO)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked by an installer, to go in front of the checkout."""
    target = tmp_path_factory.mktemp("site")
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run(uv, check=True, capture_output=True, timeout=120)
    return target


def output(command: list[str], cwd: Path, **env: str) -> str:
    """What a command prints; it must end well."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, env=os.environ | env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run(installed: Path, cwd: Path, *args: str) -> str:
    return output([sys.executable, *args], cwd, PYTHONPATH=str(installed))


def test_the_wheel_holds_every_recipe_and_reward_and_no_stray_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {f"still_verl/recipes/recipe/{name}.yaml" for name in recipe_names() + sft_recipe_names()}
    shipped |= {f"still_verl/reward_fns/{path.name}" for path in (REPO / "reward_fns").glob("*.py")}
    pages = ("base", "parts", "template", "evaluation/template")
    shipped |= {f"still_verl/report/{name}.html.jinja" for name in pages} | {"still_verl/demo/weights/tiny.safetensors"}
    shipped |= {f"still_verl/demonstrations/templates/{name}.jinja" for name in MARKS}
    shipped |= {f"still_verl/integration/cpu/{name}" for name in STARTERS}
    assert shipped <= names
    assert {name.split("/")[0] for name in names} == {"still_verl", "hydra_plugins", "still_verl-0.1.0.dist-info"}


def test_what_starts_forks_may_be_executed_where_it_is_installed(installed: Path) -> None:
    assert all(os.access(installed / "still_verl/integration/cpu" / name, os.X_OK) for name in STARTERS)


def test_every_recipe_of_the_installed_wheel_composes_elsewhere(installed: Path, tmp_path: Path) -> None:
    code = """
import json, verl
from hydra import compose, initialize_config_module
from still_verl import paths
from still_verl.config import still_config
with initialize_config_module("verl.trainer.config", version_base=None):
    jobs = {name: compose("ppo_trainer", overrides=[f"+recipe={name}"]) for name in paths.recipe_names()}
    same = compose("still", overrides=["recipe=demo", "still.run_dir=x"]) == compose(
        "ppo_trainer", overrides=["+recipe=demo", "still.run_dir=x"])
    won = compose("ppo_trainer", overrides=["+recipe=demo", "data.train_batch_size=3"]).data.train_batch_size
print(json.dumps({
    "from": paths.__file__,
    "names": {name: still_config(job).name for name, job in jobs.items()},
    "reward": paths.reward_fn("boxed_math"),
    "same": same, "won": won}))
"""
    found = json.loads(run(installed, tmp_path, "-W", "ignore", "-c", code).splitlines()[-1])
    assert found["from"].startswith(str(installed))
    assert found["names"] == {name: name for name in recipe_names()}
    assert found["reward"].startswith(str(installed)) and Path(found["reward"]).is_file()
    assert found["same"] and found["won"] == 3


def test_the_command_line_of_verl_finds_a_recipe_from_anywhere(installed: Path, tmp_path: Path) -> None:
    main_ppo = ["-W", "ignore", "-m", "verl.trainer.main_ppo", "--cfg", "job", "--package", "trainer.v1.trainer_mode"]
    assert "still_sync" in run(installed, tmp_path, *main_ppo, "+recipe=demo")
    assert "still_sync" in run(installed, tmp_path, *main_ppo, "--config-name", "still", "recipe=demo")


# What uv says when it reaches no package index.
OFFLINE = ("error sending request", "dns error", "Failed to fetch", "network was disabled")


@pytest.fixture(scope="module")
def light(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a fresh environment that has `still-verl[report]` and what that asks for."""
    folder = tmp_path_factory.mktemp("light")
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--python", sys.executable, str(folder)], check=True, capture_output=True, timeout=60)
    pins = ["--constraint", str(REPO / "requirements" / "cpu.txt")]
    install = [uv, "pip", "install", "--python", str(folder / "bin" / "python"), *pins, f"{wheel}[report]"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=300)
    if done.returncode and any(said in done.stderr for said in OFFLINE):
        pytest.skip(f"no package index can be reached: {done.stderr.splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def test_rewards_and_reports_install_without_verl(light: Path, tmp_path: Path) -> None:
    code = "from importlib.util import find_spec\nprint([n for n in ('verl', 'ray', 'torch') if find_spec(n)])"
    no_checkout = {"PYTHONPATH": ""}
    assert output([str(light / "python"), "-c", code], tmp_path, **no_checkout) == "[]\n"

    row = {"data_source": "math", "solution_str": r"so \boxed{\frac12}", "ground_truth": "0.5"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    still = str(light / "still-verl")
    score = [still, "score", "--reward-fn", "boxed_math", "--input", "rows.jsonl", "--output", "scored.jsonl"]
    output(score, tmp_path, **no_checkout)
    assert json.loads((tmp_path / "scored.jsonl").read_text())["score"] == 1.0
    assert output([still, "verify", "1/2", "0.5"], tmp_path, **no_checkout) == "equal: formula (strict)\n"

    (tmp_path / "run").mkdir()
    metrics = [json.dumps({"step": step, "still/accuracy": step / 10}) + "\n" for step in range(1, 10)]
    (tmp_path / "run" / "metrics.jsonl").write_text("".join(metrics))
    output([still, "report", "run", "-o", "report.html"], tmp_path, **no_checkout)
    assert "90.0%" in (tmp_path / "report.html").read_text()  # the last accuracy
