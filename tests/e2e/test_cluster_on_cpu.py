"""Two Ray nodes: each worker finds the plugin, grades with processes of its own, and runs programs."""

import json
import tempfile
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def nodes(start_job: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What `jobs/two_nodes.py` found on each node, asked from a folder that is not the checkout."""
    # A Ray folder of its own: every `ray.init()` of the machine would else connect to these nodes. Its sockets have
    # long names and a path of them may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as ray_folder:
        job = start_job(tmp_path_factory.mktemp("cluster"), [], module="two_nodes", RAY_TMPDIR=ray_folder)
        assert job.wait(300) == 0, job.log[-4000:]
        assert job.left_behind() == []
    seen = json.loads(job.log.splitlines()[-1])
    assert [found["node"] for found in seen["found"]] == seen["nodes"] and len(set(seen["nodes"])) == 2
    return seen["found"]


def test_import_verl_alone_registers_everything_on_each_node(nodes: list[dict[str, Any]]) -> None:
    for node in nodes:
        assert node["before"] == [] and node["plugin"]
        assert node["registrations"] == {
            "cpu platform": "cpu",
            "engine": "fsdp2 on cpu",
            "trainer modes": "still_sync, still_colocate_async, still_separate_async",
            "agent loops": "still, still_code, still_tool_agent",
            "reward manager": "still",
        }


def test_each_node_grades_with_processes_of_its_own(nodes: list[dict[str, Any]]) -> None:
    for node in nodes:
        assert node["replies"] == [True, False]
    graders = [set(node["graders"]) for node in nodes]
    assert all(graders) and not graders[0] & graders[1]


def test_each_node_runs_programs_in_its_sandbox(nodes: list[dict[str, Any]]) -> None:
    for node in nodes:
        if node["tier"] == "none":
            pytest.skip(f"no sandbox on this machine; missing: {', '.join(node['missing'])}")
        assert node["result"]["kind"] == "ok" and node["result"]["stdout"] == "42\n", node["result"]
        assert node["result"]["tier"] == node["tier"]
