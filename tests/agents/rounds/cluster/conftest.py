"""A cluster of several raylets on this machine."""

import os
import warnings

import pytest

MEGABYTES = 1024**2


@pytest.fixture(scope="session")
def nodes():
    """Start a head and two more nodes with a CPU each; the last can be taken away."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Ray's own start
        import ray
        from ray.cluster_utils import Cluster

        room = {"object_store_memory": 100 * MEGABYTES}
        cluster = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 1, "include_dashboard": False, **room},
        )
        try:
            for name in ("second", "third"):
                cluster.add_node(num_cpus=1, resources={name: 1}, **room)
            ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)
            yield cluster
        finally:
            ray.shutdown()
            cluster.shutdown()
