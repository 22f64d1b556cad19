import psutil
import pytest

from still_verl.config_errors import ConfigError
from still_verl.plan.hardware import GIB, parse_hardware


def test_memory_is_what_is_written_or_the_data_sheets() -> None:
    assert parse_hardware("8xA100-40G").memory == 40 * GIB
    assert parse_hardware("32xh20").label == "32xH20-96G"
    assert parse_hardware("1xcpu").memory == psutil.virtual_memory().total


def test_a_cluster_gathers_no_faster_than_one_node() -> None:
    hardware = parse_hardware("32xH800-80G")
    assert (hardware.nodes, hardware.per_node) == (4, 8)
    assert hardware.bandwidth_between(8) >= hardware.bandwidth_between(32) > 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("H100", "write COUNTxKIND-MEMORY"),
        ("0xH100", "write COUNTxKIND-MEMORY"),
        ("8xH100-80", "write COUNTxKIND-MEMORY"),
        ("8xT1000-8G", "T1000 is not known; use one of A100"),
        ("12xH100-80G", "nodes have 8 devices"),
    ],
)
def test_a_bad_string_is_refused_with_the_form(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_hardware(text)
