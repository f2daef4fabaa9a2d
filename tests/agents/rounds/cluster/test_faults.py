"""Rounds on real raylets, in which processes are killed, hang and answer nonsense."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from rallypoint.agents.rounds.cluster import Cluster
from rallypoint.agents.rounds.in_process import InProcess
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.rounds.protocols.synchronous import Synchronous
from tests.agents.rounds.toys import Toys, learned

pytestmark = [
    pytest.mark.usefixtures("nodes"),
    pytest.mark.filterwarnings("default"),  # Ray's own
]
COUNT, ROUNDS = 6, 5


def here(rounds=ROUNDS):
    blocks = [range(COUNT)]
    return learned(InProcess([Toys().workshop(range(COUNT))], blocks), Synchronous(), rounds)[0]


def there(toys, *, actors=2, rounds=ROUNDS, logs=None, before_round=None, **settings):
    """Learn on the cluster; return parameters, tally, the missing, and what was told at the end."""
    settings = {"actors": actors, "cpus": 0.5, **settings}
    placement = Placement(address="auto", source="installed", **settings)
    cluster = Cluster(toys, COUNT, placement, logs=logs)
    try:
        given = {} if before_round is None else {"before_round": lambda n: before_round(cluster, n)}
        return *learned(cluster, placement.protocol, rounds, **given), cluster.told()
    finally:
        cluster.close()


def test_what_is_lost_is_computed_elsewhere_and_the_numbers_do_not_change(tmp_path):
    wrong = ("kill", "raise", "shape", "dtype", "nan", "nothing", "kill", "lived")
    toys = Toys(tuple((at, (5 * at) % COUNT, what) for at, what in enumerate(wrong)), tmp_path)
    parameters, tally, missing, _ = there(toys, rounds=9, logs=tmp_path / "logs")
    assert parameters.tobytes() == here(9).tobytes()
    assert not missing
    assert tally["gone"] >= 2
    assert tally["failed"] >= 6
    assert tally["ordered"] == tally["arrived"] == 2 * 9 * COUNT
    told = "".join(path.read_text() for path in (tmp_path / "logs").iterdir())
    reasons = ("told to", "updates are float32 (3, 7), got float32 (3, 6)", "not finite")
    for reason in (*reasons, "lived.returns are float64 (3,), got float64 (2,)"):
        assert reason in told


def test_who_hangs_is_asked_elsewhere_and_replaced(tmp_path):
    toys = Toys(((1, 0, "hang"),), tmp_path)
    parameters, tally, missing, told = there(toys, patience=1.0)
    assert parameters.tobytes() == here().tobytes()
    assert not missing
    assert tally["again"] >= 3
    assert told["replaced"] == 1


def test_who_hangs_past_the_deadline_is_missing_for_the_round(tmp_path):
    toys = Toys(((1, 0, "hang!"),), tmp_path)
    _, tally, missing, told = there(toys, patience=0.5, deadline=3.0, blocks=6)
    assert missing == [(2, 0), (3, 0)]
    assert (tally["missing"], tally["excused"]) == (1, 1)
    assert told["replaced"] == 2  # it hung in both
    assert tally["ordered"] == tally["arrived"] + tally["missing"]


def test_who_fails_every_time_is_missing_and_what_is_never_finite_was_really_found(tmp_path):
    toys = Toys(((0, 5, "raise!"), (1, 4, "nan!")), tmp_path)
    parameters, tally, missing, _ = there(toys, rounds=2, blocks=6)
    assert missing == [(0, 5), (1, 5)]
    # Three times the first, once the second; once everybody in the piece after it, which begins
    # at parameters that are not finite.
    assert tally["failed"] == 3 + 1 + COUNT
    assert np.isnan(parameters[0, 0])


def test_kills_at_random_moments_change_nothing(tmp_path):
    stop = threading.Event()
    killed = []

    def haunt(cluster, number):
        if number:
            return
        rng = np.random.default_rng(0)

        def kill():
            while not stop.wait(rng.uniform(1, 3)):
                ready = cluster._crew.ready
                if ready:
                    victim = ready[int(rng.integers(len(ready)))]
                    killed.append(victim.pid)
                    os.kill(victim.pid, signal.SIGKILL)

        threading.Thread(target=kill, daemon=True).start()

    try:
        found = there(Toys(seconds=0.15), rounds=6, before_round=haunt, blocks=3)
    finally:
        stop.set()
    parameters, tally, missing, _ = found
    assert parameters.tobytes() == here(6).tobytes()
    assert not missing
    assert killed
    assert tally["ordered"] == tally["arrived"] == 2 * 6 * COUNT


def test_a_node_that_is_taken_away_takes_no_number_along(nodes, tmp_path):
    doomed = nodes.add_node(num_cpus=1, object_store_memory=100 * 1024**2)

    def take_away(cluster, number):
        if number == 1:
            pids = [member.pid for member in cluster._crew.ready]
            assert len(pids) == 4  # one on each node
            nodes.remove_node(doomed, allow_graceful=False)
            # A worker lives a little longer than its raylet, long enough to do what is left.
            until = time.monotonic() + 60
            while all(os.path.exists(f"/proc/{pid}") for pid in pids):  # noqa: PTH110
                assert time.monotonic() < until
                time.sleep(0.01)

    parameters, tally, missing, told = there(
        Toys(seconds=0.05), actors=4, cpus=1.0, before_round=take_away
    )
    assert parameters.tobytes() == here().tobytes()
    assert not missing
    assert tally["gone"] >= 1
    assert told["actors"] == 3  # there is no room for another


@pytest.mark.soak
def test_a_kill_every_few_seconds_for_ten_minutes_loses_no_round(tmp_path):
    rounds = 0
    rng = np.random.default_rng(int(time.time()))
    kills = [0]
    until = time.monotonic() + float(os.environ.get("SOAK_SECONDS", "600"))

    def kill(cluster):
        while time.monotonic() < until:
            time.sleep(rng.uniform(1, 5))
            if ready := cluster._crew.ready:
                os.kill(ready[int(rng.integers(len(ready)))].pid, signal.SIGKILL)
                kills[0] += 1

    def go_on(cluster, number):
        nonlocal rounds
        rounds = number + 1
        if number == 0:
            threading.Thread(target=kill, args=(cluster,), daemon=True).start()

    placement = Placement(address="auto", actors=3, cpus=0.5, source="installed")
    cluster = Cluster(Toys(seconds=0.1), COUNT, placement, logs=tmp_path)
    try:
        parameters, tally, missing = learned(
            cluster,
            placement.protocol,
            10**9,
            before_round=lambda number: go_on(cluster, number),
            stop=lambda: time.monotonic() > until,
        )
    finally:
        cluster.close()
    assert parameters.tobytes() == here(rounds).tobytes()
    assert not missing
    assert tally["versions"] == 2 * rounds
    assert tally["ordered"] == tally["arrived"] == 2 * rounds * COUNT
    print(f"\n{rounds} rounds, {kills[0]} kills: {tally}")  # noqa: T201 - for whoever asked for it


def test_nothing_is_left_running(tmp_path):
    pids = []
    there(
        Toys(),
        rounds=1,
        before_round=lambda cluster, _: pids.extend(m.pid for m in cluster._crew.members),
    )
    assert len(pids) == 2
    until = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in pids):  # noqa: PTH110
        assert time.monotonic() < until
        time.sleep(0.1)
