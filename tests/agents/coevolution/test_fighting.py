"""Bouts: who learns, what is measured, what it costs, and that it is the same anywhere."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.agents.coevolution import fighting
from rallypoint.agents.coevolution.bouts import Bout, row_of, stacked, with_row
from rallypoint.agents.coevolution.fighting import fight
from rallypoint.agents.coevolution.ring import Ring
from rallypoint.agents.coevolution.waking import Waking
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.receipts import disagreements

UNITS = (6,)


def bout_of(ring, seed=0, number=0, *, alone=False, units=UNITS, **does):
    host = row_of(ring.born_hosts(seed, units, number + 1), number)
    pathogen = None if alone else row_of(ring.born_pathogens(seed, number + 1), number)
    return Bout(seed, number, units, host, pathogen, **does)


def same(one, other):
    return all((one[name] == other[name]).all() for name in one)


BOTH = {
    "host_rounds": 2,
    "pathogen_rounds": 1,
    "measures_clean": True,
    "measures_attacked": True,
}


def test_a_bout_is_the_same_alone_and_among_others(ring):
    bouts = [
        bout_of(ring, 0, 0, **BOTH),
        bout_of(ring, 0, 1, **BOTH),
        bout_of(ring, 1, 0, **BOTH),
        bout_of(ring, 1, 1, units=(3, 3), **BOTH),
        bout_of(ring, 2, 0, pathogen_rounds=1, measures_attacked=True),
        bout_of(ring, 2, 1, alone=True, host_rounds=1, measures_clean=True),
    ]
    together = fight(ring, bouts)
    for bout, among in zip(bouts, together, strict=True):
        (alone,) = fight(ring, [bout])
        assert same(alone.host, among.host)
        assert alone.steps == among.steps
        if alone.pathogen is not None:
            assert same(alone.pathogen, among.pathogen)
        for name in ("clean", "attacked"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(among, name))


def test_only_those_learn_who_are_to(ring):
    silent = bout_of(ring, pathogen_rounds=1)
    (found,) = fight(ring, [silent])
    assert same(found.host, silent.host)
    assert not same(found.pathogen, silent.pathogen)
    alone = bout_of(ring, alone=True, host_rounds=1)
    (found,) = fight(ring, [alone])
    assert not same(found.host, alone.host)
    assert found.pathogen is None
    assert (found.clean, found.attacked) == (None, None)


def test_learning_goes_on_where_it_stopped_the_optimiser_too(ring):
    first = bout_of(ring, alone=True, host_rounds=1)
    (after,) = fight(ring, [first])
    updates = int(after.host["steps"])
    assert updates > 0
    assert after.host["moments/mean"].any()
    (more,) = fight(ring, [first._replace(host=after.host, number=1)])
    assert int(more.host["steps"]) == 2 * updates
    # With the memory gone the same experience leads elsewhere.
    bare = {n: p if n == "parameters" else np.zeros_like(p) for n, p in after.host.items()}
    (other,) = fight(ring, [first._replace(host=bare, number=1)])
    assert not same(other.host, more.host)


def test_a_host_of_another_species_is_refused(ring):
    with pytest.raises(InvalidConfig, match="other runs, layers"):
        fight(ring, [bout_of(ring, alone=True, host_rounds=1)._replace(units=(5,))])


def test_steps_are_those_of_the_environments(ring, monkeypatch):
    played = []

    def counted(copies):
        world = make(copies)
        step, is_over = world.step, np.zeros(len(copies), dtype=bool)

        def counting(actions):
            found = step(actions)
            played.append(int((~is_over).sum()) if len(copies) == ring.episodes else len(copies))
            is_over[:] |= found.ended
            return found

        world.step = counting
        return world

    make = ring.make
    monkeypatch.setattr(Ring, "make", lambda _, copies: counted(copies))
    bout = bout_of(ring, **BOTH)
    (found,) = fight(ring, [bout])
    assert found.steps == sum(played)
    assert found.steps <= ring.cost(bout)
    assert ring.cost(bout) == 4 * 8 * (2 + 1) + 2 * 3 * 30


def test_both_measurements_are_of_the_same_episodes(ring):
    gentle = replace(ring, reach=replace(ring.reach, step=0.0))
    (found,) = fight(gentle, [bout_of(gentle, measures_clean=True, measures_attacked=True)])
    np.testing.assert_array_equal(found.clean, found.attacked)


def test_a_pathogen_keeps_to_its_reach_and_sleeps_where_it_should(ring):
    pathogen = ring.pathogen_policy(ring.born_pathogens(0, 2), greedy=False)
    world = ring.make(range(8))
    env = ring.infected(world, Waking(pathogen, 1, 4))
    policy = ring.host_policy(UNITS, ring.born_hosts(0, UNITS, 2))
    seen = env.reset(seed=0)["agents"]
    lied = np.abs(seen - env.true_observations["agents"]).reshape(8, -1).max(axis=1) > 0
    assert lied.tolist() == [True, False, False, False] * 2
    evaluate(env, policy, episodes=8, seed=0)
    (receipt,) = env.receipts()
    assert 0 < receipt.largest_lie <= 0.3
    assert not disagreements(env.model, env.receipts())


def test_who_sleeps_does_not_depend_on_who_is_asked(ring):
    pathogen = ring.pathogen_policy(ring.born_pathogens(0, 1))
    waking = Waking(pathogen, 2, 4)
    seen = np.ones((4, 1, 4), dtype=np.float32)
    pushed = waking.act({"agents": seen}, Draws(0, "test/waking", range(4)))["agents"]
    assert pushed[:2].any(axis=(1, 2)).all()
    assert not pushed[2:].any()
    assert waking.runs > 1  # so that whoever asks about some copies shows all of them


def test_rows_go_in_and_out():
    rows = [{"a": np.arange(3) + row, "steps": np.array(row)} for row in range(2)]
    both = stacked(rows)
    assert same(row_of(both, 1), rows[1])
    changed = with_row(both, 0, rows[1])
    assert same(row_of(changed, 0), rows[1])
    assert same(row_of(both, 0), rows[0])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"episodes": 1}, "episodes is a number >= 2"),
        ({"attacked": 1.5}, "attacked is an integer, got 1.5"),
        ({"reach": {"step": 0.3}}, "reach is a Reach, got"),
        ({"attacked": 0}, "attacked in 1 to all of its 4 copies"),
        ({"attacked": 5}, "attacked in 1 to all of its 4 copies"),
        ({"env": "gathering-v0", "settings": {}}, "one agent of its world"),
        ({"host": PpoLearner(normalise_observations=True)}, "leave normalise_observations out"),
    ],
)
def test_a_ring_that_cannot_be_is_refused(ring, settings, says):
    with pytest.raises(InvalidConfig, match=says):
        replace(ring, **settings)


def test_keys_differ_between_bouts_and_populations(ring):
    keys = [fighting._Corner(bout_of(ring, s, n)).key for s in range(3) for n in range(3)]
    assert len(set(keys)) == 9
