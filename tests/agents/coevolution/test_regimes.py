"""Regimes of any kind: budgets, meetings, snapshots, and one in turns."""

import numpy as np
import pytest

from rallypoint.agents.coevolution.bouts import row_of
from rallypoint.agents.coevolution.population import Population
from rallypoint.agents.coevolution.regimes import everybody_meets
from rallypoint.errors import InvalidConfig
from tests.agents.coevolution.played import REGIMES, Played, regime_of

every_regime = pytest.mark.parametrize("name", list(REGIMES))


@every_regime
@pytest.mark.parametrize("taken", [0.0, 0.4])
def test_no_budget_is_exceeded_and_what_is_left_buys_nothing(name, taken, ring):
    least = regime_of(name, ring).least_budget
    for budget in (least, least + 1, 3 * least + 17, 30_000):
        played = Played(regime_of(name, ring, budget=budget), taken).whole()
        assert played.population.spent == sum(played.steps) <= budget
        # An attempt costs most: it is measured, then both learn, then they are measured again.
        dearest = 3 * 2 * 32 * 3 + 3 * 90 + 12 * 90
        assert budget - played.population.spent < dearest or budget < 2 * least


@every_regime
def test_an_empty_budget_is_refused_and_the_least_is_enough(name, ring):
    least = regime_of(name, ring).least_budget
    for budget in (0, least - 1):
        with pytest.raises(InvalidConfig, match=f"takes at least {least}"):
            regime_of(name, ring, budget=budget)
    Played(regime_of(name, ring, budget=least)).whole()


@every_regime
def test_nobody_is_in_two_bouts_of_a_round(name, ring):
    for _, meetings in Played(regime_of(name, ring)).whole().rounds:
        hosts = [meeting.host for meeting in meetings]
        pathogens = [m.pathogen for m in meetings if m.pathogen is not None]
        assert len(set(hosts)) == len(hosts)
        assert len(set(pathogens)) == len(pathogens)


@every_regime
def test_a_population_survives_its_snapshot_at_every_round(name, ring):
    played = Played(regime_of(name, ring, budget=12_000)).whole()
    for population, _ in played.rounds[::5]:
        snapshot = population.snapshot()
        again = Population.restored(snapshot).snapshot()
        assert snapshot.keys() == again.keys()
        for part, name_of_it in zip(snapshot.values(), snapshot, strict=True):
            np.testing.assert_array_equal(again[name_of_it], part)
            assert again[name_of_it].dtype == part.dtype


def test_a_snapshot_of_something_else_is_refused(ring):
    snapshot = regime_of("unopposed", ring).begin(0).snapshot()
    del snapshot["spent"]
    with pytest.raises(InvalidConfig, match="has spent"):
        Population.restored(snapshot)


@pytest.mark.parametrize("clean", [0.0, -5.0])
@pytest.mark.parametrize("name", ["coevolution", "round_robin"])
def test_hosts_who_earn_nothing_are_refused_with_the_reason(name, clean, ring):
    with pytest.raises(InvalidConfig, match="reference return > 0"):
        Played(regime_of(name, ring), clean=clean).whole()


def test_everybody_meets_everybody_once():
    for hosts in range(1, 5):
        for pathogens in range(1, 5):
            pairs = [pair for turn in everybody_meets(hosts, pathogens) for pair in turn]
            assert sorted(pairs) == [(h, p) for h in range(hosts) for p in range(pathogens)]


def test_one_against_one_takes_turns_and_measures_nothing(ring):
    (_, birth), *turns = Played(regime_of("one_against_one", ring)).whole().rounds
    assert [meeting[:2] for meeting in birth] == [(0, None)]
    assert len(turns) > 10
    assert {meetings[0] for _, meetings in turns} == {(0, 0, 2, 1, False, False)}


def test_a_round_robin_is_fair_and_chooses_in_the_end(ring):
    played = Played(regime_of("round_robin", ring)).whole()
    learning = [m for _, ms in played.rounds for m in ms if m.pathogen_rounds]
    counts = np.zeros((3, 2), dtype=int)
    for meeting in learning:
        counts[meeting[:2]] += 1
    assert counts.min() >= counts.max() - 1 > 3
    assert np.isfinite(played.population.harms).all()
    assert np.isfinite(played.population.clean).all()


def test_what_a_bout_taught_is_put_where_it_belongs(ring):
    played = Played(regime_of("round_robin", ring))
    before = played.population
    played.round()
    for host in range(3):
        was, now = (row_of(each.hosts, host) for each in (before, played.population))
        np.testing.assert_array_equal(now["parameters"], was["parameters"] + 1)
    assert played.population.number == 3
