"""Learners side by side: each block of copies as if it were alone, number for number."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.tabular import QLearning, SafeSarsa, Sarsa
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.processing import KnownInterruption
from rallypoint.agents.tabular.side_by_side import SideBySide, Way
from rallypoint.agents.tabular.training import train
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.interruption import Interruption
from tests.agents.tabular.small_worlds import Overridden, Wander

ALONE = {"q_learning": QLearning, "sarsa": Sarsa, "safe_sarsa": SafeSarsa}
WAYS = tuple(
    Way(rule, key, processing)
    for rule in ALONE
    for key in ("executed", "proposed")
    for processing in ("none", "drop_own", "drop_any", "drop_others", "executed_equals_proposed")
)
SETTINGS = {"alpha": 0.2, "gamma": 0.9, "initial": 3.0, "epsilon": 0.3, "time_limit": "terminal"}
TEAMS = 2


def corridor(copies):
    held = Interruption(initiation={"region": "I"}, theta=0.5, draw="episode", policy={"action": 0})
    return Threatened(rallypoint.make("corridor-v0", copies=copies, push=True, max_cycles=12), held)


def wandering(copies):
    return Overridden(Wander(copies=copies, max_cycles=7, unlike=True, late=True, num_agents=3))


@pytest.mark.parametrize("world", [corridor, wandering])
def test_each_way_learns_what_it_would_alone(world):
    ids = [100 * block + team for block in range(len(WAYS)) for team in range(TEAMS)]
    env = world(ids)
    learner = SideBySide(ways=WAYS, **SETTINGS)
    together = train(env, learner, encoding_for(env), episodes=5, seed=3)
    for place, way in enumerate(WAYS):
        env = world(ids[place * TEAMS : (place + 1) * TEAMS])
        single = ALONE[way.rule](key=way.key, processing=way.processing, **SETTINGS)
        alone = train(env, single, encoding_for(env), episodes=5, seed=3)
        rows = learner.rows(way, len(ids))
        np.testing.assert_array_equal(together.tables[rows], alone.tables)
        np.testing.assert_array_equal(together.past.kept[rows], alone.past.kept)
        np.testing.assert_array_equal(together.past.seen[rows], alone.past.seen)


def test_weights_and_means_are_those_of_learners_alone():
    ways = (Way("q_learning", "executed", "importance"), Way("q_learning"))
    settings = SETTINGS | {"alpha": "mean"}
    known = KnownInterruption(np.full((3, 5), 0.4), np.full((3, 5, 4), 0.25))
    ids = [0, 1, 2, 3]
    learner = SideBySide(ways=ways, **settings)
    env = wandering(ids)
    together = train(env, learner, encoding_for(env), steps=60, seed=1, interruption=known)
    for place, way in enumerate(ways):
        env = wandering(ids[2 * place : 2 * place + 2])
        single = QLearning(processing=way.processing, **settings)
        alone = train(env, single, encoding_for(env), steps=60, seed=1, interruption=known)
        rows = learner.rows(way, 4)
        np.testing.assert_array_equal(together.tables[rows], alone.tables)
        np.testing.assert_array_equal(learner.kept_share(together)[rows], single.kept_share(alone))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"ways": ()}, "at least one"),
        ({"ways": (Way("sarso"),)}, "did you mean 'sarsa'"),
        ({"ways": (Way("sarsa", "execute"),)}, "did you mean 'executed'"),
        ({"ways": (Way("sarsa", "executed", "drop_eny"),)}, "did you mean 'drop_any'"),
        ({"ways": (Way("q_learning", "executed", "drop_episode"),)}, "on its own"),
        ({"ways": (Way("sarsa"),), "time_limit": "bootstrap"}, "time_limit='bootstrap'"),
    ],
)
def test_ways_that_cannot_go_together_are_refused(values, says):
    with pytest.raises(InvalidConfig, match=says):
        SideBySide(**SETTINGS | values)


def test_copies_that_cannot_be_shared_out_are_refused():
    with pytest.raises(InvalidConfig, match="2 ways"):
        SideBySide(ways=(Way("q_learning"), Way("sarsa")), **SETTINGS).init(3, 1, 2, 2)
