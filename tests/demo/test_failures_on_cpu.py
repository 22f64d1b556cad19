"""What the failures of the demo are made of; their runs are in tests/e2e."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.config_errors import ConfigError
from still_verl.demo.failures.data import ORDINARY, PROBLEMS, too_easy, too_hard
from still_verl.demo.failures.failure import DemoFailure
from still_verl.demo.registries import FAILURES
from still_verl.monitor.alarms import ALARMS

PAGE = Path(__file__).parents[2] / "docs" / "alarms.md"


def test_every_failure_names_an_alarm_that_there_is() -> None:
    assert len(FAILURES) >= 8
    for name in FAILURES:
        failure = FAILURES.find(name)
        assert failure.alarm in ALARMS and failure.story.endswith(".")


def test_the_page_lists_the_failures() -> None:
    lines = [f"| `{name}` | {FAILURES.find(name).story} | `{FAILURES.find(name).alarm}` |" for name in FAILURES]
    assert "\n".join(["|---|---|---|", *lines]) in PAGE.read_text(), "\n".join(lines)


def test_a_failure_of_a_users_own_is_found_by_its_dotted_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mine = DemoFailure("plateau", "Nothing is learned.", ["actor_rollout_ref.actor.optim.lr=0"], steps=3)
    monkeypatch.setitem(sys.modules, "my_failures", SimpleNamespace(MINE=mine, OTHER=3))
    job = FAILURES.find("my_failures.MINE").job(tmp_path)
    assert "trainer.total_training_steps=3" in job and job[-1] == "actor_rollout_ref.actor.optim.lr=0"
    with pytest.raises(ConfigError, match="--failure='my_failures.OTHER': its type is int"):
        FAILURES.find("my_failures.OTHER")


def test_a_name_that_is_not_known_is_refused_with_the_nearest() -> None:
    done = CliRunner().invoke(app, ["demo", "--failure", "lenght"])
    assert done.exit_code != 0 and "did you mean length?" in done.output
    assert all(name in done.output for name in FAILURES)
    done = CliRunner().invoke(app, ["demo", "--recipe", "demo_smollm2", "--failure", "length"])
    assert done.exit_code != 0 and "leave out --recipe demo_smollm2" in done.output


def test_the_data_are_of_the_kind_that_the_failure_needs(tmp_path: Path) -> None:
    for write, longest in ((too_easy, 2), (too_hard, 13)):
        ordinary = ORDINARY[write.__name__]
        rows = pq.read_table(write(tmp_path)).to_pylist()
        golds = [row["reward_model"]["ground_truth"] for row in rows]
        special = [gold for gold in golds if (gold == "46" if longest == 2 else len(gold) >= 12)]
        assert len(rows) == PROBLEMS
        assert 1 - 2 * ordinary < len(special) / PROBLEMS < 1 - ordinary / 2
