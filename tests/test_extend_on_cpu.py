"""The examples of docs/extend.md, as the page says: from a package outside the project, by dotted name."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import verl  # noqa: F401  (puts our recipes on the search path)
import warm_python
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from still_verl.config import StillConfig, still_config
from still_verl.config_errors import ConfigError
from still_verl.demo.prepare import prepare
from still_verl.dynamics.coefficient import Coefficient, follow_kl
from still_verl.dynamics.curriculum import Draw
from still_verl.dynamics.selection import Group, select
from still_verl.integration.checks.job import check_job
from still_verl.integration.checks.names import check_names
from still_verl.interpreter.build import build_sandbox
from still_verl.interpreter.registries import CODE_FORMATS
from still_verl.monitor.alarms import scan
from still_verl.monitor.keywords import Keywords
from still_verl.rewards.compose import score

PAGE = Path(__file__).resolve().parents[1] / "docs" / "extend.md"


@pytest.fixture(scope="module")
def outside(write_examples: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the user who follows the page."""
    folder = tmp_path_factory.mktemp("outside")
    write_examples(folder)
    return folder


@pytest.fixture(autouse=True)
def importable(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`export PYTHONPATH=$PWD`, in this process and in those that it starts."""
    monkeypatch.syspath_prepend(str(outside))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(outside), os.environ.get("PYTHONPATH")])))


def settings(**nodes: Any) -> StillConfig:
    """The `still:` node with some settings, all its names looked up as before a job."""
    still = still_config(OmegaConf.create({"still": nodes}))
    check_names(still)
    return still


def run(outside: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=outside, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_setting_of_the_table_names_an_example_that_is_there(outside: Path) -> None:
    named = re.findall(r"my_package\.(\w+)\.(\w+)", PAGE.read_text())
    assert len(set(named)) == 12
    for module, name in set(named):
        assert name in (outside / "my_package" / f"{module}.py").read_text(), f"{module}.{name}"


def test_a_reward_file(outside: Path) -> None:
    (outside / "rows.jsonl").write_text(
        json.dumps({"solution_str": r"so it is \boxed{0.5}", "ground_truth": r"\frac12"})
    )
    shown = run(
        outside, sys.executable, "-m", "still_verl", "score", "--reward-fn", "my_reward.py", "--input", "rows.jsonl"
    )
    assert "1 rows" in shown and "acc" in shown


def test_a_term_by_itself(outside: Path) -> None:
    shown = run(outside, sys.executable, "try_term.py")
    assert "'score': 1.14545" in shown and "'term_language': 0.72727" in shown


def test_a_term_in_the_weights_of_a_job() -> None:
    still = settings(reward={"weights": {"correct": 1.0, "my_package.rewards.language": 0.2}})
    row = score(r"\boxed{4}", "4", still.reward.build())
    assert row["score"] == pytest.approx(1.2) and row["term_language"] == 1.0


def test_a_preset_in_a_recipe_of_the_users(outside: Path) -> None:
    arguments = ["-m", "verl.trainer.main_ppo", "--config-dir", "my_recipes", "+recipe=clear"]
    done = warm_python.run([*arguments, "--cfg", "job", "--package", "still.reward.preset"], outside, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "my_package.presets.CLEAR" in done.stdout
    preset = settings(reward={"preset": "my_package.presets.CLEAR"}).reward.build()
    assert preset.terms == ["finished", "signed", "my_package.rewards.language"]


@pytest.mark.parametrize("recipe", ["demo", "clear"])
def test_the_jobs_of_the_page_pass_every_check(outside: Path, recipe: str) -> None:
    """With the settings of the short job, as the page has them."""
    prepare("tiny")
    (short,) = re.findall(r'^SHORT="(.*)"$', PAGE.read_text(), re.MULTILINE)
    weights = "still.reward.weights={correct: 1.0, my_package.rewards.language: 0.2}"
    search = f"hydra.searchpath=[file://{outside}/my_recipes]"
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose("ppo_trainer", [search, f"+recipe={recipe}", *short.split(), weights])
    check_job(config)
    assert still_config(config).name == recipe


def test_an_extractor() -> None:
    still = settings(reward={"extractors": ["boxed", "my_package.extractors.last_number"]})
    row = score("it is 3, no, 4", "4", still.reward.build())
    assert (row["score"], row["extracted_by"]) == (1.0, "my_package.extractors.last_number")


def test_a_selection_rule() -> None:
    config = settings(selection={"rules": ["overlong", "my_package.rules.not_too_long"]}).selection
    tokens, yes = np.array([10, 12, 30, 11]), np.ones(4, dtype=bool)
    samples = Group(correct=yes, tokens=tokens, finished=yes, scores=np.ones(4))
    assert select(["p"] * 4, samples, config).tolist() == [True, True, False, True]


def test_a_choice_of_problems() -> None:
    choice = settings(curriculum={"choose": "my_package.curriculum.hardest", "rest_at": None}).curriculum
    draw = Draw(choice, problems=3, seed=0)
    for problem, right in enumerate([4, 0, 8]):
        draw.observe(problem, right, 8, step=1)
    assert draw.next(3, step=1) == [1, 0, 2]


def test_a_schedule() -> None:
    kl = settings(kl={"kind": "my_package.schedules.steps", "start": 0.8}).kl
    coefficient = Coefficient(kl, follow_kl)
    assert coefficient.active
    assert [coefficient.at(step, total=8) for step in (1, 2, 3, 5, 8)] == [0.8, 0.8, 0.4, 0.2, 0.1]


def test_a_keyword_list() -> None:
    monitor = settings(monitor={"lists": ["still", "my_package.words.WORDS"]}).monitor
    counts = Keywords(monitor.words, monitor.lists).count("First, let me plan. Hmm, wait.")
    assert (counts["planning"], counts["doubt"], counts["reflection"]) == (2, 1, 1)


def test_an_alarm() -> None:
    monitor = settings(monitor={"alarms": ["my_package.alarms.GROWING_GRADIENT"]}).monitor
    noise = np.random.default_rng(0).normal(0, 0.1, 100)
    flat = [{"step": step, "actor/grad_norm": float(np.exp(noise[step]))} for step in range(100)]
    growing = [row | {"actor/grad_norm": row["actor/grad_norm"] * 1.05 ** row["step"]} for row in flat]
    assert scan(flat, monitor.detectors) == []
    (alarm,) = scan(growing, monitor.detectors)
    assert alarm.name == "GROWING_GRADIENT" and "actor/grad_norm" in alarm.evidence


def test_a_code_format() -> None:
    chosen = CODE_FORMATS.find(settings(interpreter={"format": "my_package.formats.Calculator"}).interpreter.format)
    response = chosen()
    assert not response.feed("the sum is\n") and response.feed("7+5=")
    assert response.blocks == ["7+5"] and response.output("12\n") == "12"


def test_a_sandbox(outside: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    interpreter = settings(interpreter={"sandbox": "my_package.sandboxes.Logged", "stateful": False}).interpreter
    sandbox = build_sandbox(interpreter)
    assert sandbox.run("7+5").stdout == "12\n"
    sandbox.close()
    assert (tmp_path / "programs.txt").read_text() == "7+5\n---\n"


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ({"reward": {"weights": {"corect": 1.0}}}, "still.reward.weights='corect': use one of correct, signed"),
        ({"reward": {"weights": {"my_package.rewards.languge": 1.0}}}, "has no languge; "),
        ({"reward": {"weights": {"my_pakage.rewards.language": 1.0}}}, "there is no module my_pakage here"),
        ({"reward": {"preset": "my_package.rewards.language"}}, "its type is function, and not a still_verl.rewards"),
        ({"selection": {"rules": ["my_package.rules.no_rule"]}}, "the module my_package.rules has no no_rule"),
        ({"kl": {"kind": "my_package.schedules.stepz"}}, "still.kl.kind='my_package.schedules.stepz'"),
        ({"callbacks": ["my_package.rules.not_too_long"]}, "and not a subclass of"),
        ({"monitor": {"lists": ["my_package.words"]}}, "still.monitor.lists='my_package.words'"),
        ({"monitor": {"alarms": ["my_package.alarms.grows"]}}, "and not a still_verl.monitor.alarms"),
        ({"interpreter": {"format": "my_package.formats.Calculater"}}, "did you mean Calculator?"),
        ({"interpreter": {"sandbox": "my_package.formats.Calculator"}}, "and not a class with from_settings"),
    ],
)  # fmt: skip
def test_a_name_that_is_wrong_is_refused_in_one_line_with_the_nearest(node: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        settings(**node)
    assert said in str(error.value) and "\n" not in str(error.value)
