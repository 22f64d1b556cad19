"""What a Ray worker of each of two nodes finds, as JSON on the last line: `python -m two_nodes`.

Both nodes are on this machine: two raylets, with worker processes of their own. No verl job runs.
"""

import json
from typing import Any

import ray
from ray.cluster_utils import Cluster
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy


@ray.remote
def look() -> dict[str, Any]:
    """In a fresh worker, where nothing of ours was imported: what `import verl` alone brings, then what works."""
    import sys

    import psutil

    before = [name for name in sys.modules if name.split(".")[0] in ("verl", "still_verl")]
    import verl  # noqa: F401

    plugin = "still_verl.plugin" in sys.modules
    from still_verl.doctor import check_registrations
    from still_verl.interpreter.sandbox.base import Limits
    from still_verl.interpreter.sandbox.local.client import Local
    from still_verl.rewards.equivalence import pool

    registrations = {finding.check: finding.found for finding in check_registrations() if finding.ok}
    replies = [pool.shared().ask("(x+1)^2", answer).equal for answer in ("x^2+2x+1", "x^2+2x+2")]
    graders = [process.pid for process in psutil.Process().children()]
    sandbox = Local(Limits(seconds=30))
    tier = sandbox.tier
    result = None if tier == "none" else sandbox.run("print(6 * 7)").as_dict()
    sandbox.close()
    return {
        "node": ray.get_runtime_context().get_node_id(),
        "before": before,
        "plugin": plugin,
        "registrations": registrations,
        "replies": replies,
        "graders": graders,
        "tier": tier,
        "missing": sandbox.mechanisms.missing(),
        "result": result,
    }


def main() -> None:
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        places = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in ray.nodes()]
        found = ray.get([look.options(scheduling_strategy=place).remote() for place in places])
        print(json.dumps({"nodes": [node["NodeID"] for node in ray.nodes()], "found": found}))
    finally:
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main()
