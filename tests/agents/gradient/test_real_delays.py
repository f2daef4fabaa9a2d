"""Real delays: whatever comes first is heard first, and can be played again to the same bits."""

import numpy as np
import pytest

from rallypoint.agents.gradient.by_name import Team, TeamTraining
from rallypoint.agents.rounds.asking import AskedHere, Heard
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.rounds.recorded import written
from rallypoint.errors import CannotGoOn, InvalidConfig
from rallypoint.safety.threat_model import ThreatModel

THREATS = [{"kind": "sign_flip", "victims": {"count": 1}, "factor": 3.0}]


def training(protocol="kardam", *, delays="real", **settings):
    """Return one that is meant for a cluster, where there is another way to have no delays."""
    is_real = delays == "real"
    return TeamTraining(
        env="cartpole-v1",
        agent="gpomdp",
        steps=3000,
        seed=3,
        copies=10,
        settings={"policy": (8,), "learning_rate": 0.02, "momentum": 0.5},
        threats=ThreatModel.from_dict({"threats": THREATS}),
        team=Team(
            workers=5,
            byzantine=1,
            aggregator="trimmed_mean",
            protocol=protocol,
            protocol_settings={"delays": delays, **settings},
        ),
        placement=Placement(address="local") if is_real else None,
    )


class Erratic(AskedHere):
    """Answers in any order, and loses some of what it is asked."""

    def __init__(self, workshops, seed, losses=0.0):
        super().__init__(workshops)
        self._rng = np.random.default_rng(seed)
        self._losses = losses

    def first(self):
        contributor = int(self._rng.choice(list(self._tasks)))
        draw = self._rng.random()
        if draw >= self._losses:
            return self.answer(contributor)
        del self._tasks[contributor]
        self._count(ordered=1, missing=1)
        return Heard(contributor, None, is_gone=bool(draw < 0.8 * self._losses), reason="told to")


def erratic(one, seed, **how):
    return Erratic([one.recipe.workshop([each]) for each in range(5)], seed, **how)


def replayed(one, rounds, tmp_path):
    (tmp_path / "arrivals.csv").write_text(written(rounds.record))
    again = training(
        one.team.protocol, delays={"kind": "recorded", "file": str(tmp_path / "arrivals.csv")}
    )
    return again._rounds(again.manner.delivery(again._workshop, None, tmp_path))


@pytest.mark.parametrize("protocol", ["kardam", "buffered"])
@pytest.mark.parametrize("seed", [0, 1])
def test_what_came_in_any_order_is_played_again_to_the_same_bits(protocol, seed, tmp_path):
    one = training(protocol)
    rounds = one._rounds(erratic(one, seed, losses=0.1))
    reports = [*rounds.run(12)]
    again = replayed(one, rounds, tmp_path)
    for first, second in zip(reports, again.run(12), strict=True):
        for a, b in zip(first, second, strict=True):
            assert np.array_equal(a, b, equal_nan=True)
    assert again.server.parameters.tobytes() == rounds.server.parameters.tobytes()
    counted = rounds.protocol_tally
    assert again.protocol_tally == counted
    outcomes = [entry.outcome for entry in rounds.record]
    assert outcomes.count("arrived") == 12 * 5 == rounds.tally["arrived"]
    assert len(outcomes) - 12 * 5 == rounds.tally["missing"] > 0
    if protocol == "kardam":
        judged = ("accepted", "non_finite", "too_old", "lipschitz", "frequency")
        assert sum(counted[name] for name in judged) == 12 * 5


def test_orders_differ_and_so_do_the_numbers():
    parameters = set()
    for seed in (0, 1):
        one = training("buffered")
        rounds = one._rounds(erratic(one, seed))
        [*rounds.run(5)]
        parameters.add(rounds.server.parameters.tobytes())
    assert len(parameters) == 2


def test_it_goes_on_from_a_snapshot_and_is_played_again_in_one_piece(tmp_path):
    one = training("buffered")
    first = one._rounds(erratic(one, 0, losses=0.1))
    [*first.run(5)]
    other = training("buffered")
    rounds = other._rounds(erratic(other, 1, losses=0.1))
    rounds.restore(first.snapshot())
    [*rounds.run(5)]
    assert rounds.record[: len(first.record)] == first.record
    again = replayed(one, rounds, tmp_path)
    [*again.run(10)]
    assert again.server.parameters.tobytes() == rounds.server.parameters.tobytes()


def test_who_fails_three_times_in_a_row_is_asked_no_more_and_the_rest_goes_on():
    one = training("buffered")

    class Broken(Erratic):
        def first(self):
            if 2 not in self._tasks:
                return super().first()
            del self._tasks[2]
            return Heard(2, None, is_gone=False, reason="broken")

    rounds = one._rounds(Broken([one.recipe.workshop([each]) for each in range(5)], 0))
    [*rounds.run(6)]
    assert rounds.tally["given_up"] == 1
    assert [entry.outcome for entry in rounds.record if entry.contributor == 2] == ["failed"] * 3


def test_where_all_fail_it_stops_with_the_reason():
    one = training("buffered")
    rounds = one._rounds(erratic(one, 0, losses=1.0))
    rounds.delivery._rng = np.random.default_rng(0)
    rounds.delivery.first = lambda: Heard(
        rounds.delivery._tasks.popitem()[0], None, is_gone=False, reason="broken"
    )
    with pytest.raises(CannotGoOn, match="every contributor has failed too often"):
        rounds.train_round()


def test_a_record_is_of_one_training(tmp_path):
    one = training("kardam")
    rounds = one._rounds(erratic(one, 0))
    [*rounds.run(12)]
    again = replayed(training("buffered"), rounds, tmp_path)
    with pytest.raises(CannotGoOn, match="of another training"):
        [*again.run(12)]


def test_in_one_process_nobody_is_late():
    with pytest.raises(InvalidConfig, match="say --ray"):
        TeamTraining(
            env="cartpole-v1",
            agent="gpomdp",
            steps=10,
            team=Team(workers=4, protocol="buffered", protocol_settings={"delays": "real"}),
        )
