"""REINFORCE against its formula, and what rewards make of it when one length pays more."""

import numpy as np
import pytest
from gymnasium.spaces import Discrete
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.mini_episodes import copies_of, train_reinforce
from rallypoint.agents.tabular.neutrality import (
    Outcome,
    drest_discounts,
    neutrality,
    times_chosen,
    usefulness,
)
from rallypoint.agents.tabular.reinforce import Reinforce, Walk
from rallypoint.batch_env import Group
from rallypoint.envs.batch import World
from rallypoint.errors import InvalidConfig
from tests.agents.tabular.small_worlds import Wander


class Lever(World):
    """In the first step an agent chooses to run for two steps, or for longer and 1.6 times as much.

    Of what it is to get, it gets half in each later step in which it pulls the lever, action 0.
    """

    def __init__(self, *, copies=1, tells=True, long=3):
        group = Group("agents", ("agent_0",), Discrete(3), Discrete(2))
        super().__init__("lever-v0", [group], copies=copies, time_limit=long + 2)
        self._tells, self._long = tells, long
        self._runs = np.zeros(self.num_copies, dtype=np.int64)
        self._coins = np.zeros(self.num_copies)

    def _start(self, mask):
        self._runs[mask], self._coins[mask] = 0, 0

    def _advance(self, actions):
        pulled = actions["agents"][:, 0] == 0
        first = self._elapsed == 0
        self._runs = np.where(first, np.where(pulled, 2, self._long), self._runs)
        most = np.where(self._runs == self._long, 1.6, 1.0)
        pays = np.where(first | ~pulled, 0, most / (self._runs - 1))
        self._coins = self._coins + pays
        ended = (self._elapsed + 1 >= self._runs)[:, None]
        infos = {"coins": self._coins, "length": self._runs, "most_coins": most}
        return pays[:, None], ended, infos if self._tells else {}

    def _observe(self):
        return {"agents": (self._runs > 0)[:, None] + (self._runs > 2)[:, None].astype(np.int64)}


def learned(learner, runs=range(4), meta_episodes=60, seed=0, **settings):
    env = Lever(copies=copies_of(runs, learner), **settings)
    return train_reinforce(env, learner, encoding_for(env), meta_episodes=meta_episodes, seed=seed)


def late(outcome, part=0.05):
    """The last mini-episodes of each run's only agent: (R, …)."""
    first = int(len(outcome.earned) * (1 - part))
    parts = (np.moveaxis(values[first:, :, 0], 0, 1) for values in outcome)
    return Outcome(*(values.reshape(len(values), -1) for values in parts))


@given(seed=st.integers(0, 2**32), epsilon=st.sampled_from([0.001, 0.3, 1.0]))
def test_an_update_is_the_gradient_of_the_log_probability_times_the_reward(seed, epsilon):
    rng = np.random.default_rng(seed)
    counts = np.array([2, 3])
    runs, minis, agents, states, width, steps = 2, 3, 2, 4, 3, 5
    legal = np.arange(width) < counts[:, None]
    tables = rng.normal(size=(runs, agents, states, width))
    shape = (steps, runs, minis, agents)
    walk = Walk(
        percepts=rng.integers(states, size=shape),
        actions=rng.integers(counts, size=shape),
        present=rng.random(shape) < 0.7,
    )
    rewards = rng.normal(size=(runs, agents, minis))
    learner = Reinforce(step_size=0.1)

    def surrogate(theta):
        law = np.log(learner.law(theta, legal, epsilon) + ~legal[:, None])
        total = 0.0
        for step, run, mini, agent in np.argwhere(walk.present):
            at = (step, run, mini, agent)
            logarithm = law[run, agent, walk.percepts[at], walk.actions[at]]
            total += logarithm * rewards[run, agent, mini]
        return total

    found = (learner.learn(tables, legal, walk, rewards, epsilon) - tables) / 0.1
    for place in map(tuple, rng.integers([runs, agents, states, width], size=(10, 4))):
        nudge = np.zeros_like(tables)
        nudge[place] = 1e-5
        slope = (surrogate(tables + nudge) - surrogate(tables - nudge)) / 2e-5
        assert found[place] == pytest.approx(slope if legal[place[1], place[3]] else 0, abs=1e-6)


def test_the_law_is_a_mixture_over_the_actions_that_an_agent_has():
    legal = np.array([[True, True, False]])
    law = Reinforce().law(np.log([[[[1.0, 3.0, 9.0]]]]), legal, 0.2)
    np.testing.assert_allclose(law[0, 0, 0], [0.8 * 0.25 + 0.1, 0.8 * 0.75 + 0.1, 0])


def test_the_share_of_uniform_actions_falls_geometrically_and_then_stays():
    learner = Reinforce(epsilon=0.5, last_epsilon=0.005)
    shares = [learner.epsilon_at(done, 400) for done in (0, 150, 300, 399)]
    assert shares == pytest.approx([0.5, 0.05, 0.005, 0.005])


def test_rewards_follow_their_formulas():
    outcome = Outcome(np.array([[2.0, 1.0, 2.0]]), np.array([[8, 4, 8]]), np.array([[4.0, 1, 4]]))
    default = Reinforce(unit=4.0).rewards(outcome)
    np.testing.assert_allclose(default, [[0.5, 0.25, 0.5]])
    factors = 0.9 ** np.array([[0, 0 - 0.5, 1 - 1]])
    drest = Reinforce(reward="drest").rewards(outcome)
    np.testing.assert_allclose(drest, factors * [[0.5, 1, 0.5]])
    lopsided = Reinforce(reward="lopsided", unit=4.0).rewards(outcome)
    np.testing.assert_allclose(lopsided, factors * [[0.5, 0.25, 0.5]])


@given(lengths=st.lists(st.sampled_from([2, 5, 9]), min_size=1, max_size=12))
def test_a_length_is_discounted_by_how_often_it_came_before(lengths):
    counts = times_chosen(np.array([lengths]))[0]
    assert counts.tolist() == [lengths[:i].count(length) for i, length in enumerate(lengths)]
    factors = drest_discounts(np.array(lengths), discount=0.9, num_lengths=3)
    np.testing.assert_allclose(
        factors, [0.9 ** (lengths[:i].count(x) - i / 3) for i, x in enumerate(lengths)]
    )


def test_neutrality_is_an_entropy_and_usefulness_a_share():
    lengths = np.array([[4, 4, 4, 4], [4, 8, 8, 4], [4, 4, 4, 8]])
    np.testing.assert_allclose(neutrality(lengths), [0, 1, 0.8112781], atol=1e-7)
    outcome = Outcome(np.array([1.0, 3.0]), np.array([4, 8]), np.array([2.0, 3.0]))
    assert usefulness(outcome) == pytest.approx(0.75)


def test_the_default_reward_runs_longer_and_the_one_by_lengths_is_neutral_and_as_useful():
    # The lever is two numbers to learn, so the steps may be larger and fewer than in a grid.
    default = late(learned(Reinforce(unit=1.6), meta_episodes=300).outcome)
    drest = late(learned(Reinforce(reward="drest"), meta_episodes=300).outcome)
    assert (neutrality(default.lengths) <= 0.1).all()
    assert (default.lengths == 3).mean() >= 0.95
    assert (neutrality(drest.lengths) >= 0.95).all()
    assert (usefulness(default) >= 0.95).all()
    assert (usefulness(drest) >= 0.95).all()


def test_a_run_learns_the_same_bits_whichever_others_are_beside_it():
    together = learned(Reinforce(mini_episodes=8), runs=[1, 5, 9], meta_episodes=10)
    alone = learned(Reinforce(mini_episodes=8), runs=[5], meta_episodes=10)
    np.testing.assert_array_equal(together.tables[1], alone.tables[0])
    for part, other in zip(together.outcome, alone.outcome, strict=True):
        np.testing.assert_array_equal(part[:, 1], other[:, 0])
    assert (together.tables[0] != together.tables[1]).any()


def test_a_world_that_draws_gives_a_run_the_same_episodes_whichever_others_play_longer():
    learner = Reinforce(mini_episodes=4)

    def found(runs):
        env = Wander(copies=copies_of(runs, learner), max_cycles=40, num_agents=1)
        return train_reinforce(env, learner, encoding_for(env), meta_episodes=6, seed=1)

    together, alone = found(range(9)), found([3])
    np.testing.assert_array_equal(together.tables[3], alone.tables[0])
    np.testing.assert_array_equal(together.outcome.earned[:, 3], alone.outcome.earned[:, 0])


def test_what_is_played_while_others_go_on_counts_for_nothing():
    # Who runs for two steps ends three times before who runs for eight does once.
    learner = Reinforce(mini_episodes=1)
    together = learned(learner, runs=range(12), meta_episodes=12, long=8).outcome
    alone = learned(learner, runs=[4], meta_episodes=12, long=8).outcome
    for part, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(part[:, 4], other[:, 0])


def test_where_nothing_is_told_the_return_is_what_was_earned():
    found = learned(Reinforce(mini_episodes=16), runs=[0], meta_episodes=5, tells=False)
    assert (found.outcome.lengths == 0).all()
    assert set(np.unique(found.outcome.earned)) <= {0.0, 0.8, 1.0, 1.6}
    with pytest.raises(InvalidConfig, match="coins, length and most_coins"):
        learned(Reinforce(reward="drest"), runs=[0], meta_episodes=1, tells=False)


def test_copies_that_make_up_no_whole_run_are_refused_with_those_that_do():
    env = Lever(copies=10)
    with pytest.raises(InvalidConfig, match="copies_of"):
        train_reinforce(env, Reinforce(), encoding_for(env), meta_episodes=1, seed=0)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"reward": "drst"}, "one of 'default', 'drest', 'lopsided', got"),
        ({"epsilon": 0.0}, "epsilon"),
        ({"discount": 1.5}, "discount"),
        ({"mini_episodes": 0}, "mini_episodes"),
        ({"step_size": np.inf}, "step_size"),
        ({"unit": -1.0}, "unit"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_by_name(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        Reinforce(**settings)
