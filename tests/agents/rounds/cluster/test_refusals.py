"""What cannot be computed on is refused in a line, soon, and nothing stays behind."""

import os
import subprocess
import sys
import time

import pytest

from rallypoint.agents.rounds import probe, ray_variables
from rallypoint.agents.rounds.cluster import Cluster, session
from rallypoint.agents.rounds.placement import Placement
from rallypoint.errors import CannotGoOn, InvalidConfig
from tests.agents.rounds.toys import Toys

pytestmark = pytest.mark.filterwarnings("default")  # Ray's own


def rallypoint(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "rallypoint", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_variable_that_ray_cannot_read_is_refused_in_a_line_and_others_are_not(monkeypatch):
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "250")
    monkeypatch.setenv("RAY_no_setting_of_its", "words")
    assert Placement().address == "local"
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "often")
    train = ("train", "--env", "cartpole-v1", "--agent", "gpomdp", "--steps", "9")
    done = rallypoint(*train, "--ray", "local")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "Ray cannot read 'often', the variable RAY_memory_monitor_refresh_ms" in done.stderr


def test_where_importing_ray_takes_long_it_is_said_and_gone_on_with(monkeypatch):
    monkeypatch.setattr(ray_variables, "_SECONDS", 0.001)
    monkeypatch.setenv("RAY_no_setting_of_its", "slow")
    with pytest.warns(RuntimeWarning, match=r"within 0.001 seconds .* `unset RAY_no_setting"):
        assert Placement().address == "local"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"actors": 0}, "actors is a number >= 1"),
        ({"actors": True}, "actors is an integer or null, got True"),
        ({"blocks": 1.5}, "blocks is an integer or null, got 1.5"),
        ({"cpus": -1.0}, "0 or more CPUs"),
        ({"cpus": float("nan")}, "0 or more CPUs"),
        ({"gpus": float("inf")}, "0 or more CPUs and GPUs, got 1.0, inf"),
        ({"source": "elsewhere"}, "source is"),
        ({"start_seconds": 0.0}, "start_seconds"),
        ({"deadline": 0.0}, "deadline"),
        ({"address": "ray://head:10001"}, "Ray's client"),
        ({"object_store": 0}, "object_store is a number >= 1"),
        (
            {"address": "auto", "object_store": 1 << 28},
            "with `ray start --object-store-memory BYTES`: leave out object_store=268435456",
        ),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        Placement(**settings)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense"])
def test_an_address_where_nobody_listens_is_refused_soon(address, tmp_path):
    began = time.monotonic()
    done = rallypoint(
        *("train", "--env", "cartpole-v1", "--agent", "a2c", "--ray", address),
        *("--out", tmp_path / "run"),
    )
    assert done.returncode == 2
    assert "no Ray could be used at" in done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - began < 60


@pytest.mark.usefixtures("nodes")
@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"actors": 1000}, "1000 actors with 1 CPU each need 1000, and the cluster has"),
        ({"actors": 1, "gpus": 8.0}, "8 GPU each need 8, and the cluster has 0; .* gpus=0, or add"),
        (
            {"actors": 2, "cpus": 64.0},
            r"need 128, and the cluster has .*--ray-set cpus=[0-9.]+, or add",
        ),
    ],
)
def test_a_cluster_that_has_less_than_is_asked_for_is_refused(settings, says):
    with pytest.raises(CannotGoOn, match=says):
        Cluster(Toys(), 6, Placement(address="auto", source="installed", **settings))


def test_parameters_that_no_store_takes_are_refused_and_nothing_stays_behind():
    """A store that is full goes on on the disk, until that is full as well."""
    code = (
        "import numpy as np\n"
        "from rallypoint.agents.rounds.cluster.jobs import Jobs\n"
        "from rallypoint.agents.rounds.placement import Placement\n"
        "from rallypoint.errors import CannotGoOn\n"
        "placement = Placement(address='local', actors=1, object_store=80 * 1024**2)\n"
        "jobs = Jobs(placement, logs=None, run='full')\n"
        "try:\n    jobs.put(np.zeros((1, 30_000_000), dtype=np.float32))\n"
        "except CannotGoOn as error:\n    print(error)\n"
        "finally:\n    jobs._session.close()\n"
        "import ray\nassert not ray.is_initialized()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"RAY_local_fs_capacity_threshold": "0.0001"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "120 MB do not fit into Ray's object store" in done.stdout
    assert "--object-store-memory" in done.stdout


def test_other_versions_on_a_node_are_refused(nodes, monkeypatch):
    mine = probe.probe()
    monkeypatch.setattr(session, "_probed", lambda: {"10.0.0.7": mine | {"numpy": "1.0"}})
    with pytest.raises(CannotGoOn, match=r"node 10\.0\.0\.7 has numpy 1\.0 \(here"):
        Cluster(Toys(), 6, Placement(address="auto"))


def test_every_node_is_asked_what_it_has(nodes):
    found = session._probed()
    assert len(found) >= 1
    mine = probe.probe()
    for theirs in found.values():
        assert theirs.keys() == mine.keys()
        assert theirs["numpy"] == mine["numpy"]


def test_without_ray_nothing_imports_it(tmp_path):
    code = (
        "import sys\n"
        "from rallypoint.experiments.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "assert 'ray' not in sys.modules"
    )
    words = "train --env cartpole-v1 --agent gpomdp --workers 2 --steps 200".split()  # noqa: SIM905
    subprocess.run(
        [sys.executable, "-c", code, *words, "--out", tmp_path / "run"],
        check=True,
        capture_output=True,
    )


def test_a_cluster_that_is_said_twice_is_refused():
    words = ("train", "--env", "x", "--agent", "a2c", "--ray", "auto")
    done = rallypoint(*words, "--ray-set", "address=local")
    assert done.returncode == 2
    assert "--ray auto says on which cluster" in done.stderr


def test_no_ray_is_started_for_more_actors_than_there_is_work_for_or_larger_than_the_machine():
    # It would start, if ever, with as many processes as it has CPUs.
    train = ("train", "--env", "cartpole-v1", "--agent", "gpomdp", "--workers", "2")
    many = ("--ray-set", "actors=1000000000", "--ray-set", "cpus=1e9")
    done = rallypoint(*train, "--ray", "local", *many)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "2 actors with 1e+09 CPU each need 2e+09, and the cluster has" in done.stderr
    assert f"as in --ray-set cpus={os.cpu_count()}, or add nodes" in done.stderr


def test_settings_of_a_cluster_without_one_are_refused(tmp_path):
    done = rallypoint("train", "--env", "x", "--agent", "a2c", "--ray-set", "actors=2")
    assert done.returncode == 2
    assert "say which, as in --ray auto" in done.stderr


def test_who_learns_alone_is_not_spread_over_a_cluster():
    done = rallypoint("train", "--env", "gathering-v0", "--agent", "sb3:PPO", "--ray", "local")
    assert done.returncode == 2
    assert "leave out --ray" in done.stderr
