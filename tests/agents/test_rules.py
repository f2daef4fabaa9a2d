"""The baselines."""

import numpy as np
import pytest
from gymnasium.spaces import Box
from scipy import stats

import rallypoint
from rallypoint.agents import agents
from rallypoint.agents.episodes import play
from rallypoint.agents.rules import CircularMean, UniformRandom
from rallypoint.draws import Draws
from rallypoint.envs.gathering import metrics
from rallypoint.errors import InvalidConfig


def test_every_agent_is_registered_by_its_own_file():
    assert {"traced_q_learning", "uniform_random", "circular_mean"} <= set(agents)
    assert not agents.unavailable


def test_random_agents_choose_each_action_equally_often():
    env = rallypoint.make("gathering-v0", copies=500)
    actions = UniformRandom(env.groups).act(env.reset(0), Draws(0, "test/random", env.copies))
    counts = np.bincount(actions["agents"].ravel(), minlength=3)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_random_agents_need_actions_that_can_be_counted():
    group = rallypoint.make("gathering-v0").groups[0]
    with pytest.raises(InvalidConfig, match="discrete"):
        UniformRandom([group._replace(action_space=Box(0, 1, (2,)))])


def towards(offset, cells=13, others=3):
    counts = np.zeros((1, 1, cells), dtype=np.float32)
    counts[0, 0, 0] = 1
    counts[0, 0, offset % cells] += others
    act = CircularMean().act({"agents": counts}, Draws(0, "test/mean", [0]))
    return int(act["agents"][0, 0])


@pytest.mark.parametrize(("offset", "action"), [(0, 0), (3, 1), (6, 1), (-3, 2), (-6, 2)])
def test_the_circular_mean_rule_walks_the_shorter_way_to_the_others(offset, action):
    assert towards(offset) == action


def test_the_circular_mean_rule_stays_where_the_ring_is_balanced():
    counts = np.ones((1, 1, 13), dtype=np.float32)
    assert CircularMean().act({"agents": counts}, Draws(0, "test/mean", [0]))["agents"] == 0


def test_agents_that_walk_to_the_circular_mean_gather_at_once_and_for_good():
    env = rallypoint.make("gathering-v0", copies=200)
    for moment in play(env, CircularMean(), Draws(0, "test/oracle", env.copies), seed=1):
        if moment.time >= 7:
            assert metrics.is_gathered(metrics.counts(env.state(), 13)).all()
