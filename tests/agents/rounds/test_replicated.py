"""Replicated servers: who hears whom, and what a liar among them can and cannot do."""

import numpy as np
import pytest

from rallypoint.agents.gradient.optimisers import Sgd
from rallypoint.agents.gradient.server import Pace, Server
from rallypoint.agents.rounds.contraction import diameter
from rallypoint.agents.rounds.protocols.replicated_servers import ReplicatedServers
from rallypoint.agents.rounds.replicated import Replicated, Replication
from rallypoint.draws import stream
from rallypoint.errors import CannotGoOn, InvalidConfig, TooManyByzantine
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats

D, W = 6, 10


def run_of(protocol=None, lie=None, workers=None, seed=0):
    protocol = protocol or ReplicatedServers()
    replicas = [f"server_{index}" for index in range(protocol.servers)]

    def threats(table, whom):
        model = None if table is None else ThreatModel.from_dict({"threats": [table]})
        return None if model is None else UpdateThreats(model, contributors=whom, seed=seed)

    return Replicated(
        protocol=protocol,
        seed=seed,
        threats=threats(workers, W),
        server_threats=threats(lie, replicas),
    )


def replication(*runs, rate=0.1, noise=0.3):
    servers = [
        Server(
            np.full((run.protocol.servers, D), 10, dtype=np.float32),
            [Aggregator.parse("trimmed_mean")] * run.protocol.servers,
            f=run.protocol.f,
            seeds=[run.seed] * run.protocol.servers,
            optimiser=Sgd(),
            pace=Pace(rate=rate),
        )
        for run in runs
    ]

    def estimate(models, round_number, attempt):
        drawn = stream(0, "tests/replicated", round_number, attempt).standard_normal((W, D))
        return (models + noise * drawn).astype(np.float32)

    return Replication(runs, servers, estimate)


def far(each):
    """Return how far the honest servers of each run are from the minimum, at worst."""
    return [
        np.linalg.norm(server.parameters[run.honest_servers], axis=1).max()
        for run, server in zip(each.runs, each.servers, strict=True)
    ]


LIES = [
    {"kind": "server_random", "scale": 100.0},
    {"kind": "server_reversed", "factor": 10.0},
    {"kind": "equivocation", "scale": 10.0},
    {"kind": "server_stale", "lag": 20},
    {"kind": "server_crash", "when": {"from": 3}},
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie["kind"])
@pytest.mark.parametrize("period", [1, 4])
def test_medians_come_near_the_minimum_whatever_one_of_five_says(lie, period):
    each = replication(run_of(ReplicatedServers(period=period), lie))
    for _ in range(50):
        each.step()
    assert far(each)[0] < 1
    threats = each.runs[0].server_threats
    assert not disagreements(threats.model, threats.receipts())
    assert np.count_nonzero(~each.runs[0].honest_servers) == 1


def test_a_mean_of_servers_does_not_come_near_it():
    each = replication(run_of(ReplicatedServers(contraction="mean"), LIES[0]))
    for _ in range(50):
        each.step()
    assert far(each)[0] > 5


def test_contraction_keeps_honest_servers_together_and_without_it_they_drift():
    ways = [ReplicatedServers(), ReplicatedServers(period=5), ReplicatedServers(contraction="none")]
    each = replication(*(run_of(protocol, LIES[1]) for protocol in ways))
    found = np.stack([each.step().diameters for _ in range(60)])[30:].mean(axis=0)
    assert found[0] < found[1] < found[2]


def test_after_a_gathering_honest_servers_are_no_further_apart_than_before():
    crash = {"kind": "server_crash", "victims": ["server_0"]}
    lie = ThreatModel.from_dict(
        {"threats": [crash, {"kind": "equivocation", "victims": ["server_0"], "scale": 50.0}]}
    )
    run = Replicated(
        protocol=ReplicatedServers(period=3, contraction="median"),
        seed=0,
        server_threats=UpdateThreats(lie, contributors=[f"server_{i}" for i in range(5)], seed=0),
    )
    each = replication(run, rate=0.0)
    spread = np.random.default_rng(0).standard_normal((5, D)).astype(np.float32)
    each.servers[0].parameters = spread
    before = diameter(spread[run.honest_servers])
    each.step()
    assert 0 < diameter(each.servers[0].parameters[run.honest_servers]) <= before


def test_each_run_is_what_it_is_alone():
    runs = [run_of(lie=lie, seed=seed) for seed, lie in enumerate(LIES[:3])]
    together = replication(*runs)
    for _ in range(12):
        together.step()
    for row, lie in enumerate(LIES[:3]):
        alone = replication(run_of(lie=lie, seed=row))
        for _ in range(12):
            alone.step()
        one, other = alone.servers[0].parameters, together.servers[row].parameters
        assert one.tobytes() == other.tobytes()


def test_workers_ask_another_server_each_time_and_all_of_them_in_turn():
    protocol = ReplicatedServers()
    asked = np.stack([protocol.order(number) for number in range(5)])  # (5, W, tries)
    assert asked.shape == (5, W, 2)
    assert (np.sort(asked[:, :, 0], axis=0) == np.arange(5)[:, None]).all()
    assert (asked[:, :, 1] != asked[:, :, 0]).all()


def test_it_is_known_who_was_lied_to():
    """Only between gatherings does a worker go by the word of one server, another each time."""
    each = replication(run_of(ReplicatedServers(period=5), LIES[1]))
    (liar,) = np.flatnonzero(~each.runs[0].honest_servers)
    for number in range(10):
        each.step()
        expected = each.runs[0].protocol.order(number)[:, 0] == liar
        assert (each.is_lied_to[0] == (expected & bool(number % 5))).all()


def test_quorums_are_of_the_size_that_is_waited_for_and_hold_oneself():
    protocol = ReplicatedServers(quorum=6)
    for number in range(20):
        updates, servers = protocol.updates_heard(3, number), protocol.servers_heard(3, number)
        assert updates.shape == (5, 6)
        assert servers.shape == (5, 4)
        assert all(one in heard for one, heard in enumerate(servers))
        assert all(len(set(row)) == len(row) for row in [*updates.tolist(), *servers.tolist()])
    assert (protocol.updates_heard(3, 0) != protocol.updates_heard(3, 1)).any()


def test_workers_whose_filters_doubt_ask_elsewhere():
    """Between gatherings nobody stays with noise, and where nothing is random few are refused."""
    settings = {"period": 10, "filters": True}
    lying, honest = (run_of(ReplicatedServers(**settings), lie) for lie in (LIES[0], None))
    each, refused, believed = replication(lying, honest, noise=0.0), [], []
    for number in range(40):
        refused.append(each.step().refused)
        believed.append(np.linalg.norm(each.models[0], axis=1).max())
        assert np.isnan(refused[-1]).all() == (number % 10 == 0)
    assert max(believed) < 50  # N(0, 100²) is 245 long
    assert np.nanmean(refused, axis=0)[1] < 0.4


def without(each, whom):
    """Let the updates of some workers not come."""
    estimate = each._estimate

    def found(models, round_number, attempt):
        updates = estimate(models, round_number, attempt)
        updates[:, whom] = np.nan
        return updates

    each._estimate = found
    return each


@pytest.mark.parametrize("filters", [False, True])
def test_as_many_as_may_lie_can_be_missing(filters):
    """Servers wait for n - f updates, and hear others where some do not come."""
    protocol = ReplicatedServers(filters=filters, period=4)
    lies = {"kind": "sign_flip", "victims": {"count": 2}, "factor": 3.0}
    each = without(replication(run_of(protocol, workers=lies)), [3, 7])
    for _ in range(150):
        each.step()
    assert far(each)[0] < 1
    assert np.isfinite(each.servers[0].parameters).all()


def test_who_is_in_no_quorum_is_not_missed():
    """Servers that did not hear a worker move to the same bits without it."""
    runs = [run_of(seed=seed) for seed in range(5)]
    whole, parts = replication(*runs), without(replication(*runs), [4])
    whole.step()
    parts.step()
    for at, run in enumerate(runs):
        heard = (run.protocol.updates_heard(run.seed, 0) == 4).any(axis=1)
        one, two = (each.servers[at].parameters for each in (whole, parts))
        assert (one == two).all(axis=1).tolist() == (~heard).tolist()


def test_more_than_servers_can_do_without_stop_it_with_the_reason():
    each = without(replication(run_of()), [0, 1, 2])
    with pytest.raises(CannotGoOn, match="servers wait for 8 updates, and 7 have come"):
        each.step()


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"servers": 4}, TooManyByzantine),
        ({"servers": 1}, TooManyByzantine),
        ({"f": 4}, TooManyByzantine),
        ({"quorum": 4}, InvalidConfig),
        ({"quorum": 9}, InvalidConfig),
        ({"period": 0}, InvalidConfig),
        ({"server_f": -1}, InvalidConfig),
        ({"contraction": "medians"}, InvalidConfig),
        ({"filters": True, "f": 0}, InvalidConfig),
    ],
)
def test_what_cannot_be_tolerated_is_refused(settings, error):
    with pytest.raises(error):
        ReplicatedServers(**settings)


def test_five_servers_are_just_enough_for_one_liar():
    assert ReplicatedServers(servers=5, server_f=1).servers == 5
    assert ReplicatedServers(servers=1, server_f=0).gathers(0) is False


def test_runs_that_do_not_fit_together_are_refused():
    few = run_of(ReplicatedServers(contributors=7))
    with pytest.raises(InvalidConfig, match="equally many"):
        replication(run_of(), few)
    run = run_of()
    with pytest.raises(InvalidConfig, match="a row of parameters"):
        Replication([run], [replication(run_of(ReplicatedServers(servers=8))).servers[0]], max)
