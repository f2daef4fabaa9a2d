"""Greedy roll-outs: each team by its own table, one episode each."""

from functools import partial

import numpy as np
import pytest

from rallypoint.agents.tabular.encoding import Index, encoding_for
from rallypoint.agents.tabular.rollout import greedy_rollout
from rallypoint.errors import InvalidConfig
from tests.agents.tabular.small_worlds import STATES, Leaving, Overridden, Wander


def values(copies, counts=(2, 3)):
    worths = np.random.default_rng(1).integers(3, size=(copies, len(counts), STATES, max(counts)))
    has = np.arange(max(counts)) < np.array(counts)[:, None]
    return np.where(has[:, None], worths, -np.inf)


def one_by_one(env, tables, seed):
    """The first episode of a single copy, in plain Python; ties to the lowest action."""
    seen = env.reset(seed)
    returns, lengths, visited = [0.0, 0.0], [0, 0], [set(), set()]
    there = env.alive[0].tolist()
    while True:
        percepts = [int(seen[group.name][0, 0]) for group in env.groups]
        actions = {
            group.name: np.array([[1 + tables[i, percepts[i]].argmax()]])
            for i, group in enumerate(env.groups)
        }
        step = env.step(actions)
        seen = step.observations
        for i, group in enumerate(env.groups):
            if there[i]:
                returns[i] += step.rewards[0, i]
                lengths[i] += 1
                visited[i] |= {percepts[i], int(seen[group.name][0, 0])}
        if step.ended[0]:
            return returns, lengths, visited
        there = (step.alive & ~step.truncated)[0].tolist()


@pytest.mark.parametrize("around", [lambda env: env, Overridden, partial(Leaving, cut_short=True)])
def test_each_copy_plays_its_first_episode_by_its_own_table(around):
    ids = [0, 4, 6, 9, 11, 12]

    def world(copies):
        return around(Wander(copies=copies, max_cycles=9, unlike=True, late=True))

    tables = values(len(ids))
    env = world(ids)
    found = greedy_rollout(env, tables, encoding_for(env), seed=2)
    for row, copy in enumerate(ids):
        returns, lengths, visited = one_by_one(world([copy]), tables[row], 2)
        np.testing.assert_allclose(found.returns[row], returns)
        assert found.lengths[row].tolist() == lengths
        assert [set(np.flatnonzero(seen)) for seen in found.visited[row]] == visited
    assert len(set(found.lengths.ravel().tolist())) > 2


def test_whom_the_time_limit_cut_short_is_told():
    env = Wander(copies=2, max_cycles=4, leave=False)
    found = greedy_rollout(env, values(2, (3, 3)), encoding_for(env), seed=0)
    assert found.truncated.all()
    assert (found.lengths == 4).all()


def test_another_number_of_teams_than_copies_is_refused():
    env = Wander(copies=3)
    with pytest.raises(InvalidConfig, match="tables of its own"):
        greedy_rollout(env, values(2, (3, 3)), encoding_for(env), seed=0)


def test_tables_of_other_percepts_are_refused():
    env = Wander(copies=2, max_cycles=3, unlike=True)
    with pytest.raises(InvalidConfig, match=r"does not read what .*use encoding_for"):
        greedy_rollout(env, values(2)[:, :, :2], Index(states=2), seed=0)
