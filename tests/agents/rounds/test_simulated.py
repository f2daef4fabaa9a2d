"""Asynchronous rounds in a simulation: deterministic, each run alone, and honest about versions."""

import numpy as np
import pytest

from rallypoint.agents.gradient.optimisers import Sgd
from rallypoint.agents.gradient.server import Pace, Server
from rallypoint.agents.rounds.delays import ClockDelays, DrawnDelays
from rallypoint.agents.rounds.filters.dampening import Dampening
from rallypoint.agents.rounds.protocols.buffered import BufferedRounds
from rallypoint.agents.rounds.protocols.kardam import KardamRounds
from rallypoint.agents.rounds.simulated import Lane, Simulation
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats

D = 5
OPEN = KardamRounds(coefficient="off", frequency="off", dampening=Dampening(way="none"))
PROTOCOLS = [
    KardamRounds(f=1),
    KardamRounds(f=1, coefficient="versions"),
    BufferedRounds(f=1),
    OPEN,
]
EVERY = [(protocol, delays) for protocol in PROTOCOLS for delays in (ClockDelays(), DrawnDelays())]


def lane(protocol, seed=0, delays=None, threats=None):
    return Lane(
        protocol=protocol,
        contributors=4,
        delays=delays or DrawnDelays(),
        seed=seed,
        threats=threats,
    )


def simulation(lanes, rate=0.05):
    server = Server(
        np.full((len(lanes), D), 10, dtype=np.float32),
        [Aggregator.parse("trimmed_mean")] * len(lanes),
        f=1,
        seeds=[each.seed for each in lanes],
        optimiser=Sgd(),
        pace=Pace(rate=rate),
    )
    seeds = np.array([each.seed for each in lanes])

    def estimate(points, event, runs, whose):
        del whose
        noise = [
            stream(int(seed), "tests/simulated", event).standard_normal(D) for seed in seeds[runs]
        ]
        return (points + 0.1 * np.stack(noise)).astype(np.float32)

    return Simulation(lanes, server, estimate)


def flipping(seed=0):
    table = {"byzantine": {"count": 1}, "threats": [{"kind": "sign_flip", "factor": 3.0}]}
    return UpdateThreats(ThreatModel.from_dict(table), contributors=4, seed=seed)


def test_each_run_is_what_it_is_alone():
    lanes = [lane(protocol, seed) for seed in (0, 1) for protocol in PROTOCOLS]
    together = simulation(lanes)
    for _ in range(60):
        together.step()
    for row, each in enumerate(lanes):
        alone = simulation([each])
        for _ in range(60):
            alone.step()
        assert alone.server.parameters[0].tobytes() == together.server.parameters[row].tobytes()
        assert alone.tallies()[0] == together.tallies()[row]


@pytest.mark.parametrize("delays", [DrawnDelays(), ClockDelays()])
def test_unfiltered_descent_reaches_the_minimum(delays):
    one = simulation([lane(OPEN, delays=delays)])
    for _ in range(300):
        assert one.step().moved.all()
    assert np.linalg.norm(one.server.parameters) < 0.5


def test_on_a_clock_staleness_is_what_was_applied_meanwhile():
    """With n contributors at work, each update is on average n - 1 versions old."""
    one = simulation([lane(OPEN, delays=ClockDelays())])
    staleness = [one.step().staleness[0] for _ in range(400)]
    assert abs(np.mean(staleness[20:]) - 3) < 0.25
    assert min(staleness) >= 0


def test_an_update_is_found_at_the_version_it_says():
    points = []
    server = Server(
        np.zeros((1, 1), dtype=np.float32), [Aggregator.parse("mean")], f=0, seeds=[0],
        optimiser=Sgd(), pace=Pace(rate=1.0),
    )  # fmt: skip

    def estimate(found, event, runs, whose):
        del event, runs, whose
        points.append(float(found[0, 0]))
        return -np.ones((1, 1), dtype=np.float32)  # parameters are their own version

    one = Simulation([lane(OPEN)], server, estimate)
    events = [one.step() for _ in range(50)]
    versions = [at - event.staleness[0] for at, event in enumerate(events)]
    assert points == versions


def test_lies_are_told_by_liars_only_and_judged():
    threats = flipping()
    one = simulation([lane(KardamRounds(f=1, coefficient="versions"), threats=threats)])
    events = [one.step() for _ in range(200)]
    for event in events:
        assert event.lied[0] == threats.liars[event.contributors[0]]
    tally = one.tallies()[0]
    assert sum(tally[why] for why in ("accepted", "lipschitz", "frequency", "too_old")) == 200
    assert one.versions[0] == tally["accepted"]


def test_a_buffered_rule_reaches_the_minimum_among_liars_where_a_mean_does_not():
    lanes = [
        lane(protocol, delays=ClockDelays(), threats=flipping())
        for protocol in (BufferedRounds(f=1), OPEN)
    ]
    one = simulation(lanes)
    for _ in range(400):
        one.step()
    buffered, mean = np.linalg.norm(one.server.parameters, axis=1)
    assert buffered < 1 < mean


def test_a_run_that_diverges_stops_and_the_others_go_on():
    lanes = [lane(OPEN, threats=None), lane(OPEN, seed=1)]
    one = simulation(lanes)
    one.server.parameters[0] = 3e38
    one._standing[0].versions = one._standing[0].versions._replace(
        kept=(np.full(D, -3e38, dtype=np.float32),)
    )
    for _ in range(5):
        one.step()
    assert "nothing is learned" in one.stopped[0]
    assert one.stopped[1] is None
    assert one.versions[0] < one.versions[1] == 5


def test_a_snapshot_goes_on_to_the_bits_of_a_run_that_was_not_stopped():
    def lanes():
        return [lane(protocol, delays=delays, threats=flipping()) for protocol, delays in EVERY]

    first = simulation(lanes())
    for _ in range(30):
        first.step()
    other = simulation(lanes())
    other.restore(first.snapshot())
    assert other.tallies() == first.tallies()
    for _ in range(30):
        one, two = first.step(), other.step()
        assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert first.server.parameters.tobytes() == other.server.parameters.tobytes()
    assert other.tallies() == first.tallies()


def test_a_snapshot_of_the_very_beginning_begins():
    first, other = simulation([lane(OPEN)]), simulation([lane(OPEN)])
    other.restore(first.snapshot())
    assert first.step().contributors == other.step().contributors


def test_what_is_ordered_is_told_ahead_with_the_parameters_of_its_version():
    told = {}
    points = []
    one = simulation([lane(OPEN, delays=ClockDelays())])
    one._ahead = lambda run, contributor, parameters: told.update({(run, contributor): parameters})
    estimate = one._estimate

    def seen(found, event, runs, whose):
        points.append(np.array_equal(told[0, int(whose[0])], found[0]))
        return estimate(found, event, runs, whose)

    one._estimate = seen
    for _ in range(50):
        one.step()
    assert all(points)
    assert len(points) == 50


def test_lanes_and_runs_must_be_as_many():
    server = simulation([lane(OPEN)]).server
    with pytest.raises(InvalidConfig, match="2 lanes for 1"):
        Simulation([lane(OPEN)] * 2, server, lambda *_: None)
