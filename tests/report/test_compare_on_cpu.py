"""Tables of several runs."""

from collections.abc import Callable
from pathlib import Path

from still_verl.report.comparison.arms import group
from still_verl.report.comparison.tables import difference_table, final_figures, run_table, settings
from still_verl.report.page import render
from still_verl.report.read import read_runs
from still_verl.report.run import Run


def test_runs_are_compared_by_final_figures_and_by_what_was_set(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    runs = read_runs([write_run(tmp_path / "a", lr=1e-6), write_run(tmp_path / "b", lr=5e-6, alarm=False)])
    arms = group(runs)
    table = difference_table(arms)
    assert table is not None and table.columns == ["runs", "actor_rollout_ref.actor.optim.lr"]
    assert table.rows == [("lr=1e-06", ["1", "1e-06"]), ("lr=5e-06", ["1", "5e-06"])]
    assert [(name, cells[:2]) for name, cells in run_table(arms).rows][0] == (runs[0].name, ["lr=1e-06", ""])
    figures = dict(final_figures(runs))
    assert figures["alarms"] == ["reward hacking, entropy collapse", "none"] and figures["steps"] == ["60", "60"]
    assert figures["training accuracy"][0].endswith("%")
    page = render(runs)
    assert "What differs in the settings" in page and "5e-06" in page


def test_a_figure_that_one_run_lacks_is_empty_there_and_one_that_all_lack_is_left_out() -> None:
    runs = [Run("a", Path(), {"actor/entropy": {1: 0.5}}), Run("b", Path(), {"actor/kl_loss": {1: 0.25, 2: 0.75}})]
    figures = dict(final_figures(runs))
    assert figures["entropy"] == ["0.5", ""] and figures["KL"] == ["", "0.75"] and "score" not in figures


def test_settings_are_what_was_asked_for_and_all_of_still() -> None:
    config = {"still.kl.kind": "cosine", "data.train_batch_size": 8, "trainer.nnodes": None, "trainer.logger": ["file"]}
    run = Run("r", Path(), config=config)
    assert settings(run) == [("data.train_batch_size", "8"), ("still.kl.kind", "cosine")]
