"""The vectorised learner against the rule written out visit by visit."""

import numpy as np
import pytest
from gymnasium.spaces import Box
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import rallypoint
from rallypoint.agents.episodes import play
from rallypoint.agents.tabular import TracedQLearning
from rallypoint.agents.tabular.encoding import Sectors
from rallypoint.agents.tabular.exploration import epsilon_greedy
from rallypoint.agents.tabular.tables import TabularPolicy
from rallypoint.agents.tabular.training import train
from rallypoint.agents.tabular.transition import Transition
from rallypoint.draws import Draws
from rallypoint.envs.gathering import metrics
from rallypoint.errors import InvalidConfig

STATES, ACTIONS = 4, 3


def visit_by_visit(learner, steps, shape):
    """The rule as the source states it: each agent alone, each visit in turn, oldest first."""
    num_copies, num_agents = shape
    tables = np.zeros((*shape, STATES, ACTIONS))
    for copy in range(num_copies):
        for agent in range(num_agents):
            table, trace = tables[copy, agent], []
            for age, (step, ended) in enumerate(steps):
                at = (copy, agent)
                trace.append((step.percepts[at], step.proposed[at]))
                reward = step.rewards[at]
                if reward != 0:
                    target = reward
                    if learner.bootstrap:
                        target += learner.gamma * table[step.next_percepts[at]].max()
                    alpha = learner.rates(age)[0]
                    for place, (state, action) in enumerate(trace):
                        weight = alpha * learner.gamma ** (len(trace) - 1 - place)
                        table[state, action] += weight * (target - table[state, action])
                    trace.clear()
                if ended[copy]:
                    trace.clear()
    return tables


def a_step(percepts, actions, rewards, next_percepts):
    nobody = np.zeros(percepts.shape, dtype=bool)
    return Transition(
        percepts, actions, actions, nobody, rewards, next_percepts, nobody, nobody, ~nobody
    )


def some_steps(rng, shape, count):
    """What happened, and which copies ended with it."""
    return [
        (
            a_step(
                percepts=rng.integers(STATES, size=shape),
                actions=rng.integers(ACTIONS, size=shape),
                rewards=rng.choice([0.0, 0.0, 0.0, -5.0, 100.0], size=shape),
                next_percepts=rng.integers(STATES, size=shape),
            ),
            rng.random(shape[0]) < 0.05,
        )
        for _ in range(count)
    ]


def learned(learner, steps, shape, horizon=64):
    state = learner.init(*shape, STATES, ACTIONS, horizon)
    for step, ended in steps:
        state = learner.end_episode(learner.learn(state, step), ended)
    return state.tables


@given(
    seed=st.integers(0, 2**32),
    copies=st.integers(1, 3),
    agents=st.integers(1, 4),
    bootstrap=st.booleans(),
    decay_over=st.sampled_from([None, 40]),
)
def test_learning_is_the_rule_written_out_visit_by_visit(
    seed, copies, agents, bootstrap, decay_over
):
    rates = {"alpha": 0.3} if decay_over is None else {}  # else they follow from it
    learner = TracedQLearning(bootstrap=bootstrap, decay_over=decay_over, gamma=0.9, **rates)
    steps = some_steps(np.random.default_rng(seed), (copies, agents), 40)
    expected = visit_by_visit(learner, steps, (copies, agents))
    np.testing.assert_allclose(
        learned(learner, steps, (copies, agents)), expected, rtol=1e-12, atol=1e-10
    )


def test_a_copy_learns_the_same_bits_alone_and_among_others(rng):
    steps = some_steps(rng, (4, 3), 60)
    together = learned(TracedQLearning(), steps, (4, 3))
    for copy in range(4):
        rows = slice(copy, copy + 1)
        alone = [
            (Transition(*(part[rows] for part in step if part is not None)), ended[rows])
            for step, ended in steps
        ]
        np.testing.assert_array_equal(learned(TracedQLearning(), alone, (1, 3))[0], together[copy])


def test_a_visit_older_than_the_longest_memory_is_forgotten():
    nothing = np.zeros((1, 1), dtype=np.int64)
    quiet, goes_on = a_step(nothing, nothing, nothing * 0.0, nothing), np.array([False])
    paid = quiet._replace(rewards=np.array([[100.0]]), percepts=np.array([[2]]))
    steps = [(quiet, goes_on), (quiet, goes_on), (paid, goes_on)]
    tables = learned(TracedQLearning(), steps, (1, 1), 1)
    assert tables[0, 0, 2, 0] == pytest.approx(10)
    assert tables[0, 0, 0, 0] == 0


def test_who_comes_late_is_credited_for_nothing_before_it_came():
    here = np.array([[1, 2]])
    nobody = np.zeros((1, 2), dtype=bool)
    steps = [
        (a_step(percepts, 0 * here, rewards, here)._replace(present=present), nobody[:, 0])
        for percepts, rewards, present in (
            (np.array([[0, 3]]), np.array([[0.0, 0.0]]), np.array([[True, False]])),
            (here, np.array([[10.0, 10.0]]), ~nobody),
        )
    ]
    tables = learned(TracedQLearning(), steps, (1, 2))[0, :, :, 0]
    np.testing.assert_allclose(tables, [[0.95, 1, 0, 0], [0, 0, 1, 0]])


@pytest.mark.parametrize(("key", "credited"), [("executed", 1), ("proposed", 0)])
def test_what_is_credited_is_the_action_that_the_key_names(key, credited):
    here = np.array([[1]])
    step = a_step(here, 0 * here, np.array([[10.0]]), here)
    tables = learned(
        TracedQLearning(key=key), [(step._replace(executed=here), np.array([False]))], (1, 1)
    )
    assert tables[0, 0, 1, credited] == 1
    assert np.count_nonzero(tables) == 1


def test_every_visit_that_weighs_anything_is_credited_however_long_ago():
    visits = 1500
    nothing = np.zeros((1, 1), dtype=np.int64)
    for gamma in (1.0, 0.9999):
        learner = TracedQLearning(gamma=gamma)
        state = learner.init(1, 1, visits, ACTIONS, visits)
        for number in range(visits):
            paid = np.array([[100.0 * (number == visits - 1)]])
            state = learner.learn(state, a_step(nothing + number, nothing, paid, nothing))
        ages = np.arange(visits)[::-1]
        np.testing.assert_allclose(state.tables[0, 0, :, 0], 10 * gamma**ages, rtol=1e-9)


@pytest.mark.parametrize(
    ("gamma", "horizon", "says"),
    [
        (1.0, None, "smaller gamma, or give the world a time limit"),
        (1.0, 10**9, "remembers its last 1000000000 visits"),
        (1 - 1e-12, None, "take a smaller gamma"),
    ],
)
def test_traces_that_cannot_be_kept_are_refused(gamma, horizon, says):
    with pytest.raises(InvalidConfig, match=says):
        TracedQLearning(gamma=gamma).init(2, 3, STATES, ACTIONS, horizon)
    assert len(TracedQLearning().init(2, 3, STATES, ACTIONS, 10**9).visits) == 1024
    assert len(TracedQLearning(gamma=0.0).init(2, 3, STATES, ACTIONS).visits) == 1024


def test_fixed_rates_stay_and_decaying_ones_halve_exploration_half_way():
    assert TracedQLearning().rates(10**6) == (0.1, 0.1)
    alpha, epsilon = TracedQLearning(decay_over=1000).rates(500)
    assert epsilon == 0.5
    assert alpha == pytest.approx(500 / (2 * 500 + 3 * 500))
    assert TracedQLearning(decay_over=1000).rates(0) == (0.5, 1.0)


@pytest.mark.parametrize("name", ["alpha", "epsilon", "gamma"])
def test_rates_outside_the_unit_interval_are_refused_by_name(name):
    with pytest.raises(InvalidConfig, match=name):
        TracedQLearning(**{name: 1.5})


def test_decaying_rates_and_fixed_ones_are_not_given_together():
    with pytest.raises(InvalidConfig, match="leave out alpha and epsilon"):
        TracedQLearning(decay_over=100, epsilon=0.2)


def test_ties_are_broken_uniformly_among_the_best_actions_only():
    values = np.tile([1.0, 0.0, 1.0], (2000, 5, 1))
    chosen = epsilon_greedy(values, 0.0, Draws(0, "test/ties", range(2000)))
    counts = np.bincount(chosen.ravel(), minlength=3)
    assert counts[1] == 0
    assert stats.binomtest(int(counts[0]), int(counts.sum())).pvalue > 1e-4


def test_exploration_has_its_rate_and_is_uniform_over_actions():
    values = np.tile([0.0, 0.0, 1.0], (4000, 5, 1))
    chosen = epsilon_greedy(values, 0.3, Draws(0, "test/explore", range(4000)))
    counts = np.bincount(chosen.ravel(), minlength=3)
    expected = np.array([0.1, 0.1, 0.8]) * counts.sum()
    assert stats.chisquare(counts, expected).pvalue > 1e-4


def test_a_replicate_trains_to_the_same_bits_whichever_others_train_beside_it():
    together = trained_tables([3, 5, 11])
    np.testing.assert_array_equal(trained_tables([5])[0], together[1])


def trained_tables(seeds, episodes=8):
    env = rallypoint.make("gathering-v0", copies=seeds)
    return train(env, TracedQLearning(), Sectors(), episodes=episodes, seed=0).tables


def test_training_makes_teams_gather_more_than_chance_by_permutation_over_seeds():
    # 150 cycles: far from finished, so that what is tested is that it learns, not how well.
    seeds = [0, 1, 2, 3, 4]
    before, after = gathered(trained_tables(seeds, 1)), gathered(trained_tables(seeds, 150))
    result = stats.permutation_test(
        (after, before), lambda a, b: np.mean(a) - np.mean(b), alternative="greater"
    )
    assert result.pvalue <= 0.01


def gathered(tables, cycles=10):
    num_teams = len(tables)
    env = rallypoint.make("gathering-v0", copies=num_teams * cycles)
    policy = TabularPolicy(tables, Sectors(), 0.0, np.repeat(np.arange(num_teams), cycles))
    share = np.zeros(num_teams * cycles)
    for moment in play(env, policy, Draws(0, "test/gathered", env.copies), seed=9):
        if moment.time >= 32:
            share += metrics.is_gathered(metrics.counts(env.state(), 13))
    return share.reshape(num_teams, cycles).mean(axis=1) / 33


def test_worlds_whose_actions_cannot_be_counted_are_refused():
    env = rallypoint.make("gathering-v0")
    env.groups = (*env.groups, env.groups[0]._replace(name="others", action_space=Box(0, 1)))
    with pytest.raises(InvalidConfig, match="discrete actions"):
        train(env, TracedQLearning(), Sectors(), episodes=1, seed=0)


def test_agents_with_different_numbers_of_actions_are_refused():
    with pytest.raises(InvalidConfig, match="equally many actions"):
        TracedQLearning().init(1, 2, 3, np.array([2, 3]))
