"""What a run was, its errors, where its time went, how long its responses are, and what its page carries."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from still_verl.report.charts import charts
from still_verl.report.embedded import about_samples, embedded_metrics, embedded_samples
from still_verl.report.errors import intervals, wilson
from still_verl.report.facts import common_facts, facts
from still_verl.report.page import write_report
from still_verl.report.panels import PANELS
from still_verl.report.read import read_runs
from still_verl.report.run import Run


def test_the_head_says_what_a_run_was() -> None:
    config = {"actor_rollout_ref.model.path": "/models/Qwen/Qwen3-8B", "data.train_files": ["/d/math/train.parquet"]}
    config |= {"data.seed": 7, "trainer.nnodes": 2, "trainer.n_gpus_per_node": 8, "trainer.device": "cuda"}
    series = {"perf/time_per_step": {1: 3600.0, 2: 1800.0}, "perf/total_num_tokens": {1: 1000.0, 2: 500.0}}
    run = Run("r", Path(), series, config=config, overrides=["+recipe=zero_7b"], format="still")
    assert facts(run) == [
        ("recipe", "zero_7b"),
        ("model", "Qwen/Qwen3-8B"),
        ("training data", "math/train.parquet"),
        ("seed", "7"),
        ("hardware", "2 × 8 cuda"),
        ("time", "1 h 30 min"),
        ("tokens", "1,500"),
        ("steps", "2"),
        ("log", "still"),
    ]
    other = Run("o", Path(), {}, config=config | {"data.seed": 8}, overrides=["+recipe=zero_7b"], format="still")
    assert [name for name, _ in common_facts([run, other])] == ["recipe", "model", "training data", "hardware", "log"]
    assert facts(Run("nothing", Path())) == []


def test_the_seed_is_the_one_that_was_chosen() -> None:
    config = {"actor_rollout_ref.actor.data_loader_seed": 42, "actor_rollout_ref.rollout.seed": 3, "data.seed": 3}
    chosen = Run("r", Path(), {}, config=config, overrides=["data.seed=3", "actor_rollout_ref.rollout.seed=3"])
    assert dict(facts(chosen))["seed"] == "3"
    assert dict(facts(Run("r", Path(), {}, config=config)))["seed"] == "42, 3"


def test_the_interval_of_a_share_is_wilsons() -> None:
    """Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662; 0 of 20 is 0 to 0.1611."""
    assert wilson(81 / 263, 263) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))
    assert wilson(0.0, 20) == (0.0, pytest.approx(0.1611, abs=1e-4))


def test_an_error_is_known_only_where_the_number_of_samples_is() -> None:
    key = "val-core/math/acc/mean@1"
    with_number = Run("a", Path(), {key: {0: 0.5}, "still/validation/samples": {0: 100}})
    assert list(intervals(with_number, "math", [(0, 0.5), (9, 0.5)])) == [0]
    several = Run("b", Path(), with_number.series | {"val-core/aime/acc/mean@1": {0: 0.5}})
    assert intervals(several, "math", [(0, 0.5)]) == {}, "the samples of one of two sources are not counted"


def test_counts_and_shares_are_on_no_common_axis() -> None:
    names = [
        "still/tool/calls",
        "still/tool/success",
        "still/tool/seconds",
        "still/tool/bad_ratio",
        "still/tool/tier_1",
    ]
    names += ["still/actions/mean", "still/repetition", "still/distinct_2"]
    run = Run("r", Path(), {name: {1: 0.1, 2: 0.2} for name in names})
    shares = {panel.title: panel.share for panel in PANELS}
    drawn = {}
    for chart in charts([run]):
        for line, _ in chart.table:
            drawn[line] = shares[chart.title]
    assert drawn == {"calls": False, "success": True, "seconds": False, "bad ratio": True, "tier 1": True} | {
        "actions": False,
        "repetition": True,
        "distinct pairs of words": True,
    }


def test_time_is_stacked_by_phase_and_a_phase_that_a_step_lacks_takes_none() -> None:
    gen, test = dict.fromkeys(range(1, 31), 3.0), {10: 6.0, 20: 6.0}
    run = Run("r", Path(), {"timing_s/gen": dict(gen), "timing_s/testing": test, "timing_s/step": dict(gen)})
    chart = next(chart for chart in charts([run]) if chart.title == "Time by phase")
    assert [trace["name"] for trace in chart.figure["data"]] == ["gen", "testing"]
    assert chart.figure["data"][1]["y"][0] == 0 and max(chart.figure["data"][1]["y"]) == 2.0
    others = [Run(name, Path(name), {"timing_s/gen": dict(gen)}) for name in "ab"]
    bars = next(chart for chart in charts(others) if chart.title == "Time by phase")
    assert bars.figure["data"][0]["x"] == ["a", "b"] and bars.figure["data"][0]["y"] == [3.0, 3.0]


def test_lengths_over_time_are_shares_of_each_step(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    (run,) = read_runs([write_run(tmp_path / "run")])
    chart = next(chart for chart in charts([run]) if chart.title == "Lengths over time")
    columns = list(zip(*chart.figure["data"][0]["z"], strict=True))
    assert [sum(column) for column in columns] == [pytest.approx(1, abs=1e-3)] * 2 and "16 samples" in chart.about


def test_a_curve_that_never_changes_is_drawn_in_the_middle_of_an_axis_of_its_size() -> None:
    run = Run("r", Path(), {"actor/lr": dict.fromkeys(range(30), 1e-6)})
    (chart,) = charts([run])
    assert chart.figure["layout"]["yaxis"]["range"] == [0.5e-6, 1.5e-6]


def test_any_other_metric_can_be_picked_thinned_and_only_where_it_changes() -> None:
    values = {step: float(step % 7) for step in range(5000)}
    run = Run("r", Path(), {"mine/x": values, "mine/constant": dict.fromkeys(range(9), 1.0), "mine/nan": {1: None}})
    found = embedded_metrics([run])
    steps, numbers = found["mine/x"]["r"]
    assert list(found) == ["mine/x"] and len(steps) == len(numbers) <= 200 and set(numbers) >= {0.0, 6.0}


def test_a_page_of_many_samples_is_small_and_says_what_it_left_out(
    tmp_path: Path, write_run: Callable[..., Path]
) -> None:
    path = write_run(tmp_path / "run")
    with (path / "samples.jsonl").open("a") as file:
        for number in range(20_000):
            words = " ".join(str(number * 7919 % (index + 2)) for index in range(200))
            row = {"step": number % 60, "phase": "train", "prompt": f"p{number % 900}", "response": words, "acc": 1}
            file.write(json.dumps(row) + "\n")
    (run,) = write_report([path], tmp_path / "r.html")
    assert (tmp_path / "r.html").stat().st_size < 6e6
    said = about_samples([run])
    kept = int(re.match(r"([\d,]+) of the 20,032 samples", said)[1].replace(",", ""))  # type: ignore[index]
    (embedded,) = embedded_samples([run])
    assert 1000 < kept < 20_000 and len(embedded["samples"]) == kept
    assert about_samples([run], served=True) == "All 20,032 samples that were kept or dumped."
