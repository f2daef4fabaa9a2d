"""Rounds among peers: what liars among them can and cannot do, and what is as with one server."""

import numpy as np
import pytest

from rallypoint.agents.gradient.optimisers import Adam, Sgd
from rallypoint.agents.gradient.server import Pace, Server
from rallypoint.agents.rounds.hearsay import Hearsay
from rallypoint.agents.rounds.peer_to_peer import PeerToPeer, Run
from rallypoint.agents.rounds.protocols.peers import Peers
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig, InvalidUpdates
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import threats as kinds
from rallypoint.safety.updates import UpdateThreats

N, D = 11, 6
BEST = 3  # in every coordinate
ARMS = {
    "monna": {},
    "agreement": {"updates": "shared", "mixing": "mda", "exchanges": 3},
}
SHARED = {"updates": "shared", "mixing": "none"}
every_arm = pytest.mark.parametrize("arm", list(ARMS))
LIES = [kind for kind in kinds if kinds[kind].site in ("update", "server", "transport")]


def run_of(settings, *tables, f=2, seed=0, rule="trimmed_mean", optimiser=None, rate=0.2):
    protocol = Peers(**{"contributors": N, "f": f, **settings})
    model = ThreatModel.from_dict({"byzantine": {"members": [3, 7]}, "threats": list(tables)})
    threats = UpdateThreats(model.at("update", "transport"), contributors=N, seed=seed)
    server = Server(
        np.full((N, D), 10, dtype=np.float32),
        [Aggregator.parse(rule)] * N,
        f=f,
        seeds=[seed] * N,
        optimiser=optimiser or Sgd(),
        pace=Pace(rate=rate),
    )
    return Run(protocol, server, Hearsay(protocol, threats, model.at("server"), seed=seed))


def estimate(models, round_number):
    """Return gradients of |x - best|² / 2 with noise, each peer's its own."""
    drawn = stream(0, "tests/peers", round_number).standard_normal((N, D))
    return (models - BEST + 0.3 * drawn).astype(np.float32), np.ones(models.shape[:2], dtype=bool)


def trained(*runs, rounds=20):
    peers = PeerToPeer(runs, estimate)
    apart = [peers.step().after for _ in range(rounds)]
    return peers, np.array(apart)


def far(run):
    """Return how far the honest peers are from the minimum, at worst."""
    return np.linalg.norm(run.server.parameters[run.hearsay.honest] - BEST, axis=1).max()


def table_of(kind):
    if kind == "packet_loss":
        return {"kind": kind, "loss": 0.05, "fill": "zero"}
    site = kinds[kind].site
    table = {"kind": kind, "victims": "byzantine" if site == "update" else [3, 7]}
    if kind in ("server_random", "equivocation"):
        table["scale"] = 10.0
    return table


@every_arm
@pytest.mark.parametrize("kind", LIES)
def test_whatever_two_of_eleven_say_the_honest_come_near_the_minimum_together(arm, kind):
    run = run_of(ARMS[arm], table_of(kind))
    _, apart = trained(run)
    assert np.isfinite(run.server.parameters).all()
    assert far(run) < 2  # of 17 at first
    assert apart[-1] < 2
    for frame in run.hearsay.frames:
        assert not disagreements(frame.model, frame.receipts())
    told = [receipt for frame in run.hearsay.frames for receipt in frame.receipts()]
    assert told
    assert all(sum(receipt.applications.values()) for receipt in told)


@pytest.mark.parametrize("kind", ["server_reversed", "equivocation", "sign_flip", "server_random"])
def test_a_mean_of_parameters_does_not_stand_it(kind):
    runs = [run_of(settings, table_of(kind)) for settings in ({"mixing": "mean"}, {})]
    trained(*runs)
    mean, robust = map(far, runs)
    assert mean > 2 > robust


def test_who_is_told_otherwise_drifts_apart_and_agreement_keeps_together():
    """Two liars tell each another update; each aggregates what it heard."""
    lie = {"kind": "equivocation", "victims": [3, 7], "scale": 1.0}
    drifting, agreeing = run_of(SHARED, lie), run_of(ARMS["agreement"], lie)
    _, apart = trained(drifting, agreeing)
    assert (apart[10:, 1] < 0.1 * apart[10:, 0]).all()


@pytest.mark.parametrize("mixing", ["none", "mean", "mda", "trimmed_mean"])
def test_if_nobody_lies_and_all_take_the_mean_they_are_one_server(mixing):
    """To the last bit if they do not mix; a mean of equal numbers may be rounded."""
    made = {"f": 0, "rule": "mean", "optimiser": Adam(), "rate": 0.1}
    run = run_of({"updates": "shared", "mixing": mixing}, **made)
    server = Server(
        np.full((1, D), 10, dtype=np.float32),
        [Aggregator.parse("mean")],
        f=0,
        seeds=[0],
        optimiser=Adam(),
        pace=Pace(rate=0.1),
    )
    peers = PeerToPeer([run], estimate)
    for number in range(20):
        updates, _ = estimate(np.repeat(server.parameters, N, axis=0)[None], number)
        server.step(server.rules.aggregate(0, updates[0], np.arange(N)).aggregate[None])
        server.close(np.zeros((1, D), dtype=np.float32), ride=False)
        gathered = peers.step()
        assert gathered.before == gathered.after == 0
        if mixing == "none":
            assert (peers.models[0] == server.parameters).all()
        np.testing.assert_allclose(peers.models[0], np.tile(server.parameters, (N, 1)), rtol=1e-5)


def test_steps_of_ones_own_and_a_mean_of_parameters_are_one_server_as_well():
    """But for rounding: the mean of steps is the step of the mean."""
    own = run_of({"mixing": "mean"}, f=0)
    shared = run_of({"updates": "shared", "mixing": "none"}, f=0, rule="mean")
    trained(own, shared, rounds=20)
    np.testing.assert_allclose(own.server.parameters, shared.server.parameters, rtol=1e-4)


def test_each_run_is_what_it_is_alone():
    tables = [table_of("alie"), table_of("equivocation"), table_of("server_stale")]
    together = [run_of(ARMS["monna"], table, seed=at) for at, table in enumerate(tables)]
    trained(*together, rounds=12)
    for seed, table in enumerate(tables):
        alone = run_of(ARMS["monna"], table, seed=seed)
        trained(alone, rounds=12)
        found = together[seed].server.parameters
        assert alone.server.parameters.tobytes() == found.tobytes()


@every_arm
def test_it_goes_on_bit_for_bit_from_a_snapshot(arm):
    tables = [table_of("mimic"), table_of("server_stale"), table_of("equivocation")]

    def made():
        return run_of(ARMS[arm], *tables, optimiser=Adam())

    whole, halved, rest = made(), made(), made()
    trained(whole, rounds=14)
    first, _ = trained(halved, rounds=6)
    second = PeerToPeer([rest], estimate)
    second.restore(first.snapshot())
    for _ in range(8):
        second.step()
    assert rest.server.parameters.tobytes() == whole.server.parameters.tobytes()
    assert second.tallies()[0]["rounds"] == 14
    told = [[frame.receipts() for frame in one.hearsay.frames] for one in (whole, rest)]
    assert told[0] == told[1]


def test_a_liar_goes_on_from_what_it_holds_and_lies_are_counted_by_messages():
    """Of 15 exchanges in 5 rounds, it lies in those from the eighth on."""
    lie = {"kind": "server_reversed", "victims": [5], "factor": 1e6, "when": {"from": 7}}
    run = run_of({"exchanges": 3}, lie, optimiser=Sgd())
    trained(run, rounds=5)
    assert np.abs(run.server.parameters).max() < 20  # the liar's, too
    (receipt,) = run.hearsay.servers[0].receipts()
    assert receipt.applications == {"worker_5": 8}
    assert run.hearsay.honest.tolist() == [at not in (3, 5, 7) for at in range(N)]


@pytest.mark.parametrize(
    ("settings", "lies", "is_poisoned"),
    [(SHARED, 5, True), (ARMS["agreement"], 5, True), ({"exchanges": 3}, 15, False)],
)
def test_threats_to_updates_act_on_what_is_sent_first(settings, lies, is_poisoned):
    """On updates, once a round, where these are shared: a mean of them goes astray."""
    run = run_of(settings, {"kind": "sign_flip", "factor": 100.0}, rule="mean")
    trained(run, rounds=5)
    (receipt,) = run.hearsay.threats.receipts()
    assert set(receipt.applications.values()) == {lies}
    assert (far(run) > 100) == is_poisoned


def test_who_was_believed_is_told_if_it_is_asked_for():
    lie = {"kind": "server_reversed", "victims": [3, 7], "factor": 100.0}
    for settings in ({}, ARMS["agreement"], SHARED):
        peers = PeerToPeer([run_of(settings, lie)], estimate, explains=True)
        peers.step()
        believed = peers.believed[0]
        assert believed.sum() == pytest.approx(1)
        assert believed[[3, 7]].max() < 0.5 * np.delete(believed, [3, 7]).min()


@pytest.mark.parametrize("updates", ["own", "shared"])
def test_who_finds_nothing_stays_where_it_is(updates):
    """Whatever inertia its optimiser has."""

    def some(models, round_number):
        found, speaks = estimate(models, round_number)
        speaks[:, 4] = round_number != 2
        return found, speaks

    settings = {"updates": updates, "mixing": "none"}
    run = run_of(settings, f=0, rule="mean", optimiser=Adam())
    peers = PeerToPeer([run], some)
    for number in range(4):
        before = run.server.parameters
        peers.step()
        moved = (run.server.parameters != before).all(axis=1)
        assert moved.tolist() == [at != 4 or number != 2 for at in range(N)]


def test_more_silence_than_is_reckoned_with_is_said():
    run = run_of({}, {"kind": "server_crash", "victims": [0, 3, 7]})
    with pytest.raises(InvalidUpdates):
        PeerToPeer([run], estimate).step()


def test_lies_of_those_who_send_nothing_are_refused():
    with pytest.raises(InvalidConfig, match="send nothing"):
        run_of({"mixing": "none"}, table_of("sign_flip"))
    with pytest.raises(InvalidConfig, match="send nothing"):
        run_of({"mixing": "none"}, table_of("equivocation"))


def test_runs_that_do_not_fit_together_are_refused():
    run = run_of({})
    few = Peers(contributors=7, f=1)
    with pytest.raises(InvalidConfig, match="equally many"):
        PeerToPeer([run, run._replace(protocol=few)], estimate)
    with pytest.raises(InvalidConfig, match="a row of parameters"):
        PeerToPeer([run._replace(protocol=few)], estimate)
