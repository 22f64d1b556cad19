"""Runs are compared by design: arms, seeds, and one sentence for each pair, checked by hand."""

import json
import math
import random
from pathlib import Path

import pytest

from still_verl.report.charts import charts
from still_verl.report.comparison.arms import group
from still_verl.report.comparison.comparison import compare
from still_verl.report.comparison.parting import first_difference, partings
from still_verl.report.comparison.verdicts import compare_arms
from still_verl.report.page import render
from still_verl.report.run import Run
from still_verl.report.samples.files import read_phase_samples

ARMS = {
    # What seeds 1, 2, 3 reached; by hand: cosine - none = 0.10, 0.12, 0.08; cosine - fixed = 0.00, 0.01, -0.01.
    "none": (0.50, 0.53, 0.47),
    "fixed": (0.60, 0.64, 0.56),
    "cosine": (0.60, 0.65, 0.55),
}


def run_of(name: str, kind: str, seed: int, reached: float, source: str = "math", steps: int = 2) -> Run:
    series = {f"val-core/{source}/acc/mean@4": {0: 0.3, steps: reached}}
    config = {"still.kl.kind": kind, "data.seed": seed, "trainer.experiment_name": name}
    return Run(name, Path(name), series, config=config)


def nine() -> list[Run]:
    return [run_of(f"{kind}{s}", kind, s, value) for kind, values in ARMS.items() for s, value in enumerate(values, 1)]


def test_runs_are_grouped_by_what_differs_and_seeds_are_no_difference() -> None:
    arms = group(nine())
    assert [(arm.name, len(arm.runs), arm.seeds) for arm in arms] == [
        ("kind=none", 3, ["1", "2", "3"]),
        ("kind=fixed", 3, ["1", "2", "3"]),
        ("kind=cosine", 3, ["1", "2", "3"]),
    ]


def test_an_arm_is_called_by_what_its_command_line_set() -> None:
    runs = [run_of("a", "none", 1, 0.5), run_of("b", "cosine", 1, 0.5)]
    for run, entry in zip(runs, ("still/kl=none", "still/kl=cosine"), strict=True):
        run.overrides.extend(["+recipe=zero_7b", entry, f"data.seed={run.name}", f"still.run_dir=/{run.name}"])
    assert [arm.name for arm in group(runs)] == ["still/kl=none", "still/kl=cosine"]


def test_a_run_without_a_configuration_is_an_arm_of_its_own() -> None:
    runs = [Run("x_seed1", Path(), {}), Run("x_seed2", Path(), {}), run_of("c", "none", 1, 0.5)]
    assert [[run.name for run in arm.runs] for arm in group(runs)] == [["x_seed1"], ["x_seed2"], ["c"]]


def test_nine_runs_give_one_sentence_a_pair_checked_by_hand() -> None:
    """t(2) = 4.302653. Holm over p = 0.0131 (twice, by symmetry of the numbers: see below) and 1."""
    found = compare(group(nine()))
    assert len(found.sentences) == 3
    none_fixed, none_cosine, fixed_cosine = found.sentences
    # fixed - none: 0.10, 0.11, 0.09: mean 0.10, error 0.0057735, interval 0.10 +- 0.0248.
    assert none_fixed.startswith("kind=fixed is better than kind=none by 10.0 points [7.5, 12.5] (math, after step 2;")
    # cosine - none: 0.10, 0.12, 0.08: mean 0.10, error 0.011547, interval 0.10 +- 0.0497.
    assert none_cosine.startswith("kind=cosine is better than kind=none by 10.0 points [5.0, 15.0] (math")
    # fixed - cosine: 0, -0.01, 0.01: error 0.0057735, interval +- 0.0248; (0.05 - 0) / error = 8.66: equal.
    assert fixed_cosine.startswith(
        "kind=fixed and kind=cosine are equal within 5 points: first minus second is +0.0 points"
    )
    assert "[-2.5, 2.5]" in fixed_cosine
    column = found.verdicts.columns.index("outcome")
    assert [cells[column] for _, cells in found.verdicts.rows] == ["worse", "worse", "equal"]  # the first of each pair
    verdicts = {(v.first, v.second): v for v in compare_arms(group(nine()))}
    pair = verdicts[("kind=none", "kind=cosine")]
    raw = 1 - 8.660254 / math.sqrt(77)
    assert pair.comparison.p == pytest.approx(raw, rel=1e-4) and pair.p_holm == pytest.approx(2 * raw, rel=1e-4)


def test_equal_differences_of_two_seeds_are_no_certainty_whatever_floats_make_of_them() -> None:
    reached = (("a", 1, 0.3), ("a", 2, 0.4), ("b", 1, 0.5), ("b", 2, 0.6))
    runs = [run_of(f"{kind}{seed}", kind, seed, value) for kind, seed, value in reached]
    (said,) = compare(group(runs)).sentences
    assert said.startswith("Cannot tell")


def test_of_many_pairs_those_are_said_that_tell_most_and_other_data_are_named() -> None:
    runs = [run_of(f"r{arm}{s}", str(arm), s, 0.3 + arm / 50 + s / 1000) for arm in range(12) for s in range(3)]
    for run in runs:
        run.config["data.val_files"] = "other" if run.name == "r00" else "usual"
        run.series["val-core/math/acc/mean@4"][2] += 0.0007 * (len(run.name) * run.config["data.seed"] % 3)
    found = compare(group(runs))
    assert len(found.sentences) == 12 and all("is better than" in said for said in found.sentences)
    assert found.notes[0].endswith("pairs more are in the table.") and "data.val_files" in found.notes[1]


def test_too_much_noise_cannot_tell() -> None:
    values = {"none": (0.50, 0.60, 0.40), "cosine": (0.55, 0.50, 0.60)}
    runs = [run_of(f"{kind}{s}", kind, s, v) for kind, found in values.items() for s, v in enumerate(found)]
    (said,) = compare(group(runs)).sentences
    assert said.startswith("Cannot tell which of kind=none and kind=cosine is better")


def test_every_source_of_problems_is_compared_at_the_last_step_that_all_have() -> None:
    runs = nine()
    for index, run in enumerate(runs):
        run.series["val-core/aime/acc/mean@4"] = (
            {0: 0.1, 2: 0.2 + index / 100, 4: 0.9} if index < 3 else {0: 0.1, 2: 0.2}
        )
    verdicts = compare_arms(group(runs))
    assert {v.source for v in verdicts} == {"math", "aime"} and len(verdicts) == 6
    assert all(v.when == "after step 2" for v in verdicts)


def test_two_runs_with_dumps_are_compared_over_the_same_problems(tmp_path: Path) -> None:
    runs = []
    for name, kind, right in (("a", "none", 40), ("b", "cosine", 60)):
        folder = tmp_path / name / "validation"
        folder.mkdir(parents=True)
        rows = [{"input": f"p{i}", "output": "r", "score": float(i < right), "step": 2} for i in range(100)]
        (folder / "2.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        run = run_of(name, kind, 1, right / 100)
        run.samples.update(read_phase_samples(tmp_path / name))
        runs.append(run)
    (said,) = compare(group(runs)).sentences
    # 20 of 100 problems differ by 1: error sqrt(0.16 * 100 / 99 / 100) = 0.0402, t(99) = 1.9842: 0.2 +- 0.0798.
    assert said.startswith(
        "kind=cosine is better than kind=none by 20.0 points [12.0, 28.0] (math, after step 2; one run"
    )
    assert "over 100 problems" in said


def test_one_run_each_without_a_known_error_cannot_tell() -> None:
    (said,) = compare(group([run_of("a", "none", 1, 0.1), run_of("b", "cosine", 1, 0.9)])).sentences
    assert said.startswith("Cannot tell") and "no error is known" in said


def test_runs_of_the_same_settings_are_told_to_differ_by_chance() -> None:
    found = compare(group([run_of("a", "none", 1, 0.5), run_of("b", "none", 2, 0.6)]))
    assert "what differs is chance" in found.notes[0] and found.differences is None


def noisy(name: str, seed: int, from_step: int, by: float) -> Run:
    noise = random.Random(seed)
    values = {step: 1 + noise.gauss(0, 0.05) + (by if step >= from_step else 0) for step in range(200)}
    same = {step: 1 + noise.gauss(0, 0.05) for step in range(200)}
    return Run(name, Path(name), {"actor/entropy": values, "actor/grad_norm": same, "timing_s/gen": values})


def test_where_two_runs_part_is_a_step_and_a_metric() -> None:
    found = partings(noisy("a", 1, 999, 0), noisy("b", 2, 120, 0.5))
    assert [parting.metric for parting in found] == ["actor/entropy"] and 112 <= found[0].step <= 124
    assert partings(noisy("a", 1, 999, 0), noisy("b", 2, 999, 0)) == []


def test_the_first_number_that_is_not_the_same_is_named() -> None:
    first, second = noisy("a", 1, 999, 0), noisy("b", 1, 57, 0.5)
    assert first_difference(first, second) == (57, "actor/entropy") and first_difference(first, first) is None


def test_seeds_are_one_line_with_a_band_in_every_chart_and_the_page_has_all_sources() -> None:
    runs = nine()
    chart = charts(runs)[0]
    names = {trace["meta"]["run"] for trace in chart.figure["data"]}
    assert names == {"kind=none", "kind=fixed", "kind=cosine"} and len(chart.figure["data"]) == 9
    mean = next(
        t for t in chart.figure["data"] if t["meta"]["run"] == "kind=none" and "fill" not in t and t["y"][1] == 0.5
    )
    low, high = (t["y"][1] for t in chart.figure["data"][:2])
    # Deviation of 0.50, 0.53, 0.47 is 0.03: 4.302653 * 0.03 / sqrt(3) = 0.07452.
    assert mean["x"] == [0, 2] and (low, high) == (pytest.approx(0.42548, abs=1e-4), pytest.approx(0.57452, abs=1e-4))
    page = render(runs)
    assert page.count('<table class="sortable">') == 3 and "kind=cosine is better than kind=none" in page
