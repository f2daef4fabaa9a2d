"""Rounds: what is learned, from whom, and how one goes on."""

import numpy as np
import pytest

from rallypoint.agents.gradient.contribution import Contribution
from rallypoint.agents.gradient.dealing import dealt_out
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.gradient.reports import spread_and_agreement
from rallypoint.agents.gradient.server import Pace
from rallypoint.agents.rounds.protocols import Combine
from rallypoint.errors import Diverged, InvalidConfig, InvalidUpdates, TooManyByzantine
from tests.agents.gradient.learning import carts, rounds_of
from tests.agents.gradient.teams import team_of


@pytest.mark.parametrize("estimator", ["gpomdp", "ppo"])
@pytest.mark.parametrize("liars", [None, "sign_flip", "gaussian"])
def test_going_on_from_a_snapshot_is_bit_for_bit(estimator, liars):
    settings = {"rule": "trimmed_mean", "f": 2, "momentum": 0.5, "liars": liars}
    whole = team_of(estimator, **settings)
    reports = list(whole.run(5))
    first, second = team_of(estimator, **settings), team_of(estimator, **settings)
    list(first.run(2))
    saved = {name: part.copy() for name, part in first.snapshot().items()}
    list(first.run(1))
    second.restore(saved)
    rest = list(second.run(3))
    assert second.server.parameters.tobytes() == whole.server.parameters.tobytes()
    for mine, theirs in zip(rest, reports[2:], strict=True):
        for one, other in zip(mine, theirs, strict=True):
            assert np.array_equal(one, other, equal_nan=True)


@pytest.mark.parametrize("estimator", ["gpomdp", "ppo"])
def test_a_run_learns_the_same_bits_whoever_runs_beside_it(estimator):
    settings = {"rule": "trimmed_mean", "f": 2, "liars": "sign_flip", "max_cycles": 200}
    together = team_of(estimator, seeds=(7, 8), **settings)
    list(together.run(6))  # long enough that one run's episodes outlast the other's
    alone = team_of(estimator, seeds=(8,), ids=np.arange(10, 20), **settings)
    # The world draws by its own seed, which is the first run's.
    alone.delivery.workshops[0]._world_seed = 7
    list(alone.run(6))
    assert alone.server.parameters[0].tobytes() == together.server.parameters[1].tobytes()


def test_a_trimmed_mean_withstands_what_the_mean_does_not():
    cosines = {}
    for rule, f in (("mean", 0), ("trimmed_mean", 2)):
        team = team_of(rule=rule, f=f, seeds=tuple(range(6)), own=8, liars="sign_flip", factor=5.0)
        cosines[rule] = np.array([report.cosine for report in team.run(8)])
    assert np.median(cosines["mean"]) < 0
    assert np.median(cosines["trimmed_mean"]) > 0.5


def test_a_team_without_liars_learns_to_balance():
    # One-sided binomial: of ten runs that did not learn, each is better late than early with 1/2;
    # all ten are with 0.001.
    team = team_of(seeds=tuple(range(10)), own=4, max_cycles=100)
    returns = np.array([report.returns for report in team.run(25)])
    assert (returns[-5:].mean(axis=0) > returns[:5].mean(axis=0)).all()


def test_momentum_is_the_running_mean_of_what_was_found():
    plain, slow = team_of(rate=0.0), team_of(rate=0.0, momentum=0.9)
    found = []
    for team in (plain, slow):
        sent = []
        receive = team._received
        team._received = lambda run, updates, *more, sent=sent, receive=receive: (
            sent.append(updates.copy()) or receive(run, updates, *more)
        )
        list(team.run(4))
        found.append(sent)
    wanted = 0
    for gradient, sent in zip(*found, strict=True):
        wanted = 0.9 * wanted + 0.1 * gradient
        np.testing.assert_allclose(sent, wanted, rtol=1e-4, atol=1e-7)


def test_long_gradients_are_shortened_each_on_its_own():
    team = team_of()
    team._contribution = Contribution(max_norm=1.0)
    updates = np.zeros((1, 5, team.server.parameters.shape[1]), dtype=np.float32)
    updates[0, :, 0] = [0.5, 1.0, 2.0, -4.0, 0.0]
    sent = team._sent(updates, np.ones((1, 5, 1), dtype=bool))
    np.testing.assert_allclose(sent[0, :, 0], [0.5, 1.0, 1.0, -1.0, 0.0], rtol=1e-6)


def test_the_absent_count_for_nothing_and_the_bound_is_checked_anew():
    team = team_of(rule="trimmed_mean", f=2)
    updates = np.ones((4, team.server.parameters.shape[1]), dtype=np.float32)
    combine = Combine(0, np.arange(4), updates)
    with pytest.raises(TooManyByzantine, match="n >= 2 f"):
        team._learn(dealt_out(combine, None, team._members, 1))


def test_the_missing_count_against_f():
    """Two ones, two that lie and one that is missing: with f = 2 a trimmed mean drops one lie."""
    team = team_of(rule="trimmed_mean", f=2, rate=0.0)
    updates = np.ones((4, team.server.parameters.shape[1]), dtype=np.float32)
    updates[3] = 1e9
    told = []
    team._descent = lambda server, aggregates, **_: told.append(aggregates)
    team._learn(dealt_out(Combine(0, np.arange(4), updates, np.array([4])), None, team._members, 1))
    assert (told[0] == 1).all()
    with pytest.raises(InvalidUpdates):
        team._learn(
            dealt_out(
                Combine(0, np.arange(2), updates[:2], np.arange(2, 5)), None, team._members, 1
            )
        )


def test_reports_tell_of_the_honest_alone():
    team = team_of(rule="krum", liars="zero", seeds=(0, 1), f=1)
    assert team.honest.tolist() == [[True, False, True, False, True]] * 2
    report = team.train_round()
    assert report.returns.shape == (2,)
    assert (report.episodes == 6).all()  # two copies of each of three
    assert report.believed.shape == (2, 5)
    assert np.allclose(report.believed.sum(axis=1), 1)
    assert (report.ratio > 0).all()


def test_episodes_are_as_long_as_their_return_where_every_step_earns_one():
    learner = PpoLearner(policy=(4,), value=(4,), steps=8)
    reports = list(rounds_of(learner, carts(6, max_cycles=60), count=3).run(6))
    told = np.array([(report.lengths[0], report.returns[0]) for report in reports])
    assert np.isfinite(told).any()
    np.testing.assert_array_equal(told[:, 0], told[:, 1])
    assert np.nanmax(told) > learner.steps  # they go on from one fragment to the next


def test_the_spread_is_that_of_the_definition(rng):
    honest = rng.standard_normal((6, 40)).astype(np.float32) + 1
    ratio, cosine = spread_and_agreement(honest, honest.mean(axis=0))
    variance = np.var(honest, axis=0, ddof=1).sum()
    assert ratio == pytest.approx(np.sqrt(variance) / np.linalg.norm(honest.mean(axis=0)), rel=1e-5)
    assert cosine == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("rate", [1e12, 1e20, 1e38])
def test_learning_that_goes_off_is_stopped(rate):
    """Also where weights stay finite: a policy that is saturated sends nothing but zeros."""
    team = team_of(rate=rate)
    with pytest.raises(Diverged, match="smaller learning rate"):
        list(team.run(10))


def test_a_falling_rate_falls_in_a_straight_line():
    pace = Pace(rate=1.0, final=0.2)
    shares = (0, 0.25, 0.5, 0.75, 1, 1.1)
    assert [pace.at(share) for share in shares] == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2, 0.2])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Pace(rate=-1), "learning rate"),
        (lambda: Pace(rate=1, final=-0.1), "learning rate"),
        (lambda: Contribution(momentum=1.0), "momentum"),
        (lambda: Contribution(max_norm=0.0), "max_norm"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(make, says):
    with pytest.raises(InvalidConfig, match=says):
        make()
