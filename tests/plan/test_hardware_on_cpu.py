import psutil
import pytest

from still_verl.config_errors import ConfigError
from still_verl.plan.flops import device_flops
from still_verl.plan.hardware import ACCELERATORS, GIB, parse_hardware


def test_memory_is_what_is_written_or_the_data_sheets() -> None:
    assert parse_hardware("8xA100-40G").memory == 40 * GIB
    assert parse_hardware("32xh20").label == "32xH20-96G"
    assert parse_hardware("1xcpu").memory == psutil.virtual_memory().total


def test_a_cluster_gathers_no_faster_than_one_node() -> None:
    hardware = parse_hardware("32xH800-80G")
    assert (hardware.nodes, hardware.per_node) == (4, 8)
    assert hardware.bandwidth_between(8) >= hardware.bandwidth_between(32) > 0


@pytest.mark.parametrize(
    ("text", "nodes", "each", "label"),
    [
        ("3x4xH100-80G", 3, 4, "3x4xH100-80G"),
        ("16xGB200", 4, 4, "16xGB200-186G"),
        ("4xH100", 1, 4, "4xH100-80G"),
        ("2x8xH100", 2, 8, "16xH100-80G"),
        ("1x4x4090", 1, 4, "4x4090-24G"),
    ],
)
def test_nodes_of_other_sizes(text: str, nodes: int, each: int, label: str) -> None:
    hardware = parse_hardware(text)
    assert (hardware.nodes, hardware.per_node, hardware.label) == (nodes, each, label)
    assert parse_hardware(label) == hardware or hardware.nodes == 1


def test_every_kind_has_an_operation_count() -> None:
    """verl's where it knows the name; of its own exactly where verl does not."""
    for name, device in ACCELERATORS.items():
        known = device_flops(name)
        assert (device.flops is None) == (known < float("inf")), name
        assert 1e11 < parse_hardware(f"1x{name}").flops < 1e16, name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("H100", "write COUNTxKIND-MEMORY"),
        ("0xH100", "write COUNTxKIND-MEMORY"),
        ("8xH100-80", "write COUNTxKIND-MEMORY"),
        ("8xT1000-8G", "T1000 is not known; use one of A100"),
        ("12xH100-80G", "nodes of H100 have 8 devices.* hardware=3x4xH100"),
        ("0x8xH100", "write COUNTxKIND-MEMORY"),
        ("2x0xH100", "write COUNTxKIND-MEMORY"),
        ("2x2x2xH100", "2xH100 is not known"),
        ("-8xH100", "write COUNTxKIND-MEMORY"),
        ("6xGB200", "nodes of GB200 have 4 devices"),
    ],
)
def test_a_bad_string_is_refused_with_the_form(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_hardware(text)
