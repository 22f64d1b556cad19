import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from still_verl.plan.compose import job_config
from still_verl.plan.hardware import parse_hardware
from still_verl.plan.job import Job, Stage, read_job
from still_verl.plan.roofline import decode, iteration, micro_batches, response_lengths, step_time

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def job() -> Job:
    return read_job(job_config(["+recipe=zero_7b_plain"]))


def test_lengths_have_the_mean_and_the_cap_they_are_given() -> None:
    lengths = response_lengths(1000, mean=2000, longest=8192)
    assert lengths.mean() == pytest.approx(2000, rel=1e-3)
    assert lengths[-1] == 8192 and (np.diff(lengths) >= 0).all()


def test_decoding_alone_reads_the_weights_once_a_token(job: Job) -> None:
    # 2 x 7.62e9 bytes at 65 percent of 3.35e12 a second, 28 layers of 0.1 ms, one sequence of 0.1 ms.
    by_hand = 2 * 7_615_616_512 / (0.65 * 3.35e12) + 28 * 1e-4 + 1e-4
    hardware = parse_hardware("8xH100-80G")
    assert iteration(job, hardware, 1, 0) == pytest.approx(by_hand)
    assert decode(job, hardware, np.array([500.0]), 1) == pytest.approx(500 * by_hand, rel=0.02)


def test_decoding_slows_with_the_cache_and_with_fewer_slots(job: Job) -> None:
    hardware = parse_hardware("8xH100-80G")
    assert iteration(job, hardware, 64, 500_000) > iteration(job, hardware, 64, 50_000)
    lengths = np.full(64, 1000.0)
    assert decode(job, hardware, lengths, 8) > 2 * decode(job, hardware, lengths, 64)


@pytest.mark.parametrize("phase", ["generation", "old log-probs", "update"])
def test_a_phase_grows_with_length_and_shrinks_with_devices(job: Job, phase: str) -> None:
    def seconds(devices: int, mean: float) -> float:
        return step_time(job, parse_hardware(f"{devices}xH100-80G"), Stage(1, 8192, mean)).seconds[phase]

    assert seconds(8, 3000) > seconds(8, 1000)
    assert seconds(32, 3000) < seconds(8, 3000)


def test_without_kl_there_is_no_reference_and_with_kl_it_is_another_forward(job: Job) -> None:
    hardware = parse_hardware("8xH100-80G")
    without, with_it = (
        step_time(replace(job, reference_share=share), hardware, job.stages[0]).seconds for share in (0.0, 1.0)
    )
    assert without["reference"] == 0.0
    assert with_it["reference"] == with_it["old log-probs"] > 0


def test_each_epoch_is_another_update_and_the_passes_before_it_are_not(job: Job) -> None:
    hardware = parse_hardware("8xH100-80G")
    one, three = (step_time(replace(job, epochs=epochs), hardware, job.stages[0]).seconds for epochs in (1, 3))
    assert three["update"] > 2 * one["update"] and three["old log-probs"] == one["old log-probs"]


def test_a_micro_batch_of_one_sequence_is_not_filled_up_to_its_tokens(job: Job) -> None:
    hardware = parse_hardware("8xH100-80G")
    lengths = np.full(1024, 500.0)
    assert micro_batches(job, hardware, lengths, 9216, 1) == 128
    assert micro_batches(job, hardware, lengths, 9216, 0) == 7  # 64,000 tokens on each device
    assert micro_batches(replace(job, sequence_parallel=2), hardware, lengths, 9216, 1) == 256


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    return runpy.run_path(str(BENCHMARKS / "plan_published.py"))


def test_the_split_of_every_published_dapo_step_is_within_30_percent(published: dict[str, Any]) -> None:
    predict: Callable[[Any], Any] = published["predict"]
    for run in published["RUNS"]:
        seconds = predict(run).seconds
        logged, planned = sum(run.logged.values()), sum(seconds[phase] for phase in run.logged)
        for phase, value in run.logged.items():
            assert seconds[phase] / planned == pytest.approx(value / logged, rel=0.3), (run.name, run.hardware, phase)
