"""`hardware=this`: the machine itself is measured."""

import psutil
import pytest
import torch

from still_verl.plan import probe
from still_verl.plan.calibration import HOST_REFERENCE


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_SECONDS", 0.1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_machine_without_gpu_is_measured(quick: None) -> None:
    hardware = probe.hardware_of("this")
    assert hardware.is_cpu and hardware.count == 1
    assert hardware.memory == psutil.virtual_memory().total
    assert 1e8 < hardware.flops < 1e14
    assert 1e8 < hardware.device.bandwidth < 1e13
    assert 0.05 < hardware.slowness < 100
    assert hardware.label.startswith("this machine: 1xCPU-") and "TFLOP/s" in hardware.label


def test_the_shortest_time_counts_and_all_of_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that does other work must not look slow for that."""
    times = iter([0.0, 0.0, 5.0, 5.0, 6.0, 6.0, 9.5])  # works of 5, 1 and 3.5 seconds
    monkeypatch.setattr(probe, "_SECONDS", 9.0)
    monkeypatch.setattr(probe.time, "perf_counter", lambda: next(times))
    assert probe.best_seconds(lambda: None) == 1.0


def test_slowness_is_a_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "best_seconds", lambda work: 3 * HOST_REFERENCE)
    assert probe.host_slowness() == pytest.approx(3)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA A100-SXM4-80GB", "A100"),
        ("NVIDIA GeForce RTX 4090", "4090"),
        ("NVIDIA RTX A6000", "A6000"),
        ("NVIDIA H20", "H20"),
        ("Tesla V100-SXM2-16GB", "16GB"),
    ],
)
def test_a_gpu_is_found_in_the_table_by_a_word_of_its_name(name: str, kind: str) -> None:
    assert probe.kind_of(name) == kind
