"""`make upgrade` on a verl that is the installed one but for what this test moved."""

import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
import verl

pytestmark = pytest.mark.process

SCRIPT = Path(__file__).with_name("upgrade.py")

# Edits of trainer_base.py, and how each shows up.
LOST_NAME = ("_maybe_log_val_generations", "_log_val_generations")
LOST_PARAMETER = ("def _compute_advantage(self, batch: KVBatchMeta,", "def _compute_advantage(self, rows: KVBatchMeta,")
OTHER_LINE = ('self.trainer_mode != "sync"', "not self.is_sync()")
# The names, signatures and lines stay; the batch is balanced, and so filtered, when log-probs are already computed.
BALANCE, LOG_PROBS = "batch = self._balance_batch(", "batch = self._compute_old_log_prob("
OTHER_ORDER = ((BALANCE, "batch = self._swapped("), (LOG_PROBS, BALANCE), ("batch = self._swapped(", LOG_PROBS))
OTHER_STATEMENT = ("self._shutdown_dump_executor()", "self._shutdown_dump_executor(wait=True)")


@pytest.fixture
def other_verl(tmp_path: Path) -> Path:
    copytree(Path(verl.__file__).parent, tmp_path / "verl", ignore=ignore_patterns("__pycache__"))
    trainer = tmp_path / "verl/trainer/ppo/v1/trainer_base.py"
    text = trainer.read_text()
    for old, new in (LOST_NAME, LOST_PARAMETER, OTHER_LINE, *OTHER_ORDER, OTHER_STATEMENT):
        assert old in text
        text = text.replace(old, new)
    trainer.write_text(text)
    return tmp_path


def test_what_moved_is_named_and_nothing_else(other_verl: Path) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), str(other_verl)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stdout + done.stderr
    rows = [line.split("│")[3:5] for line in done.stdout.splitlines() if line.startswith("│ ")]
    table = " ".join(" ".join(f"{name} {what}" for name, what in rows).split())
    assert "PPOTrainer._maybe_log_val_generations no such name" in table
    assert "PPOTrainer._compute_advantage needs parameter `batch`" in table
    assert "PPOTrainer._compute_advantage parameters -batch +rows" in table
    assert 'PPOTrainer no longer has `self.trainer_mode != "sync"`' in table
    assert "PPOTrainer._step_once has `self._compute_old_log_prob(` earlier than before; selection acts" in table
    assert "PPOTrainer._validate no longer has `self._maybe_log_val_generations(`; the samples of" in table
    assert "PPOTrainer.fit read it again, since on_update comes before the checkpoint" in table
    assert "-self._shutdown_dump_executor() +self._shutdown_dump_executor(wait=True)" in table
    assert "5 break, 6 changed, of " in done.stdout


def test_a_version_that_nobody_has_ends_with_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "no/such/folder"], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 1 and "give a release that the package index has, or a folder" in done.stderr
    assert "Traceback" not in done.stderr
