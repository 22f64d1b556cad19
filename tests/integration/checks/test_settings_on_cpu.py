"""Bad settings end before Ray in one line that names key, value and fix; unusual ones that are right pass.

`bad_settings.txt` has a job on each line: what differs from a good one, how the message begins, and a part of the fix.
`good_settings.txt` has what differs from a good one.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import warm_python
from omegaconf import DictConfig

from still_verl.config_errors import ConfigError
from still_verl.demo.prepare import prepare
from still_verl.integration.checks.job import check_job
from still_verl.plan.fit import check_fit

pytestmark = pytest.mark.process  # a minute in all

HERE = Path(__file__).parent
BAD = [tuple(line.split(" | ")) for line in (HERE / "bad_settings.txt").read_text().splitlines()]
GOOD = (HERE / "good_settings.txt").read_text().splitlines()

# What to do stands in every message, in one of these words.
FIX = re.compile(
    r"\b(use|set|give|drop|choose|raise|lower|correct|install|complete|name|fetch|add|make|write|convert|move|sample|"
    r"let|rename|did you mean)\b",
    re.IGNORECASE,
)


def preflight(config: DictConfig) -> None:
    """Check a job as the callback of a recipe does."""
    check_fit(config)
    check_job(config)


def test_there_are_enough_of_them() -> None:
    assert len({bad for bad, _, _ in BAD}) == len(BAD) >= 120
    assert len(set(GOOD)) == len(GOOD) >= 30


@pytest.mark.parametrize(("overrides", "begins", "fix"), BAD, ids=[bad[0] for bad in BAD])
def test_a_bad_setting(
    overrides: str, begins: str, fix: str, fast_job: Callable[[str], DictConfig], bad_files: Path
) -> None:
    def local(text: str) -> str:
        return text.replace("{files}", str(bad_files)).replace("{train}", str(prepare("random").train))

    with pytest.raises(ConfigError) as error:
        preflight(fast_job(local(overrides)))
    message = str(error.value)
    assert message.startswith(local(begins)) and fix in message
    assert "\n" not in message
    assert re.match(r"[\w.]+(=| has )", message), "it does not begin with key and value"
    assert FIX.search(message), "it does not say what to do"


@pytest.mark.parametrize("overrides", GOOD)
def test_an_unusual_setting_that_is_right(overrides: str, fast_job: Callable[[str], DictConfig]) -> None:
    preflight(fast_job(overrides))


COMMANDS = (
    ("still/kl=cosine still.kl.start=nan", "still.kl.start=nan: use a finite number"),
    ("algorithm.adv_estimator=grop", "algorithm.adv_estimator='grop': use one of "),
    ("still.kl.start=0.01", "still.kl.start=0.01: still.kl.kind=inherit does not read it"),
    ("trainer.use_v1=false", "trainer.v1.trainer_mode=still_sync is set, but trainer.use_v1=false"),
    (
        "actor_rollout_ref.rollout.max_model_len=20",
        "actor_rollout_ref.rollout.max_model_len=20: data.max_prompt_length",
    ),
    ("still/selection=question actor_rollout_ref.rollout.n=1", "still.selection.rules=['question']: with "),
)


def new_python(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(("overrides", "begins"), COMMANDS, ids=[command[0] for command in COMMANDS])
def test_the_real_command_ends_before_ray(overrides: str, begins: str, good: list[str], tmp_path: Path) -> None:
    run = new_python if overrides == COMMANDS[0][0] else warm_python.run
    done = run(["-m", "verl.trainer.main_ppo", *good, *overrides.split(), "still.run_dir=run"], tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"still_verl: {begins}")
    assert "Traceback" not in done.stderr and "ray init" not in done.stdout
