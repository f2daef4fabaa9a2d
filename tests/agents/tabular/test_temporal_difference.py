"""Q-learning, Sarsa and Safe Sarsa against their rules written out one update at a time."""

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rallypoint.agents import agents
from rallypoint.agents.tabular import QLearning, SafeSarsa, Sarsa
from rallypoint.agents.tabular.processing import PROCESSINGS, KnownInterruption, odds_of
from rallypoint.agents.tabular.transition import Transition, copied
from rallypoint.errors import InvalidConfig
from tests.agents.tabular.transitions import some_transition

STATES, ACTIONS = 4, 3
LEARNERS = {"q_learning": QLearning, "sarsa": Sarsa, "safe_sarsa": SafeSarsa}


def weight(processing, step, copy, agent):
    """How much an agent's step counts: the words of the processing, one agent at a time."""
    there = [j for j in range(step.present.shape[1]) if step.present[copy, j]]
    stopped = {j for j in there if step.interrupted[copy, j]}
    changed = {j for j in there if step.executed[copy, j] != step.proposed[copy, j]}
    if agent not in there:
        return 0.0
    if processing == "importance":
        return prod(step.odds[copy, j] for j in there if j != agent)
    dropped = {
        "none": False,
        "drop_episode": False,
        "drop_own": agent in stopped,
        "drop_any": bool(stopped),
        "drop_others": bool(stopped - {agent}),
        "executed_equals_proposed": bool(changed),
    }
    return float(not dropped[processing])


def one_at_a_time(name, learner, steps, shape, ends=()):
    """Apply the rule in plain Python; ends says after which steps which copies have ended."""
    tables = np.full((*shape, STATES, ACTIONS), learner.initial)
    totals = np.zeros_like(tables)
    kept, saved, tainted = np.zeros(shape), {}, set()
    for now, step in enumerate(steps):
        for copy in range(shape[0]):
            saved.setdefault(copy, (tables[copy].copy(), totals[copy].copy(), kept[copy].copy()))
            before = tables[copy].copy()
            for agent in range(shape[1]):
                at = (copy, agent)
                if step.interrupted[at] and step.present[at]:
                    tainted.add(copy)
                counts = weight(learner.processing, step, copy, agent)
                written = step.executed[at] if learner.key == "executed" else step.proposed[at]
                then = before[agent, step.next_percepts[at]]
                following = {
                    "q_learning": then.argmax(),
                    "safe_sarsa": step.next_proposed[at],
                    "sarsa": (
                        step.next_executed if learner.key == "executed" else step.next_proposed
                    )[at],
                }[name]
                stops = step.terminated[at]
                if learner.time_limit == "terminal":
                    stops |= step.truncated[at]
                target = step.rewards[at] + learner.gamma * (0 if stops else then[following])
                entry = (copy, agent, step.percepts[at], written)
                totals[entry] += counts
                kept[at] += counts
                if counts:
                    by_mean = learner.alpha == "mean"
                    size = counts / totals[entry] if by_mean else min(1, learner.alpha * counts)
                    tables[entry] += size * (target - tables[entry])
        for copy in np.flatnonzero(ends[now]) if len(ends) else []:
            if learner.processing == "drop_episode" and copy in tainted:
                tables[copy], totals[copy], kept[copy] = saved[copy]
            saved.pop(copy)
            tainted.discard(copy)
    return tables, kept


@pytest.mark.parametrize("processing", PROCESSINGS)
@pytest.mark.parametrize("key", ["executed", "proposed"])
@pytest.mark.parametrize("name", LEARNERS)
@settings(max_examples=10)  # times 42
@given(
    seed=st.integers(0, 2**32),
    copies=st.integers(1, 3),
    team=st.integers(1, 3),
    alpha=st.sampled_from([0.3, "mean"]),
    time_limit=st.sampled_from(["bootstrap", "terminal"]),
)
def test_learning_is_the_rule_written_out(
    name, key, processing, *, seed, copies, team, alpha, time_limit
):
    rng = np.random.default_rng(seed)
    shape = (copies, team)
    learner = LEARNERS[name](
        key=key, processing=processing, alpha=alpha, time_limit=time_limit, gamma=0.9, initial=0.5
    )
    steps = [some_transition(rng, shape, STATES, ACTIONS) for _ in range(12)]
    ends = [rng.random(copies) < 0.3 for _ in steps]
    state = learner.init(*shape, STATES, ACTIONS)
    for step, ended in zip(steps, ends, strict=True):
        state = learner.end_episode(learner.learn(state, step), ended)
    tables, kept = one_at_a_time(name, learner, steps, shape, ends)
    np.testing.assert_allclose(state.tables, tables, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(state.past.kept, kept, rtol=1e-9, atol=1e-12)


def test_an_episode_that_will_be_dropped_counts_for_nothing_before_it_ends(rng):
    learner = QLearning(processing="drop_episode", initial=0.5)
    state = learner.init(2, 2, STATES, ACTIONS)
    untouched = some_transition(rng, (2, 2), STATES, ACTIONS)._replace(
        interrupted=np.zeros((2, 2), dtype=bool), present=np.ones((2, 2), dtype=bool)
    )
    state = learner.end_episode(learner.learn(state, untouched), np.array([True, True]))
    before, share = learner.values(state).copy(), learner.kept_share(state)
    assert (before != 0.5).any()
    assert (share == 1).all()
    stopped = untouched._replace(interrupted=np.array([[True, False], [False, False]]))
    state = learner.learn(state, stopped)
    np.testing.assert_array_equal(learner.values(state)[0], before[0])
    assert (learner.values(state)[1] != before[1]).any()  # nobody was, so far
    np.testing.assert_array_equal(learner.kept_share(state), [[0.5, 0.5], [1, 1]])
    state = learner.end_episode(state, np.array([True, True]))
    np.testing.assert_array_equal(learner.values(state)[0], before[0])


@pytest.mark.parametrize("processing", PROCESSINGS)
@pytest.mark.parametrize("name", LEARNERS)
def test_a_copy_learns_the_same_bits_alone_and_among_others(rng, name, processing):
    learner = LEARNERS[name](processing=processing)
    steps = [some_transition(rng, (4, 2), STATES, ACTIONS) for _ in range(30)]

    def learned(rows):
        state = learner.init(len(rows), 2, STATES, ACTIONS)
        for step in steps:
            state = learner.learn(
                state, Transition(*(None if part is None else part[rows] for part in step))
            )
        return state.tables

    together = learned([0, 1, 2, 3])
    for copy in range(4):
        np.testing.assert_array_equal(learned([copy])[0], together[copy])


@pytest.mark.parametrize("name", [*LEARNERS, "joint_q_learning"])
def test_a_frozen_memory_stays_as_it_was_when_its_copy_learns(rng, name):
    learner = agents[name]()
    frozen = learner.init(2, 2, STATES, ACTIONS)
    learner.learn(frozen, some_transition(rng, (2, 2), STATES, ACTIONS))
    before = copied(frozen)
    after = learner.learn(copied(frozen), some_transition(rng, (2, 2), STATES, ACTIONS))
    np.testing.assert_array_equal(frozen.tables, before.tables)
    assert (after.tables != before.tables).any()
    for old, new in zip(frozen.past, before.past, strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_kept_share_is_counted_for_each_agent_and_a_declared_share_is_asked_for():
    shape = (1, 2)
    no = np.zeros(shape, dtype=bool)
    ones = np.ones(shape, dtype=np.int64)
    step = Transition(ones, ones, ones, no, ones * 1.0, ones, no, no, ~no)
    learner = QLearning(processing="drop_others", min_kept_share=0.5)
    state = learner.init(*shape, STATES, ACTIONS)
    for time in range(10):
        state = learner.learn(state, step._replace(interrupted=np.array([[time < 6, False]])))
    np.testing.assert_allclose(learner.kept_share(state), [[1.0, 0.4]])
    assert learner.has_enough(state).tolist() == [[True, False]]


def test_weights_count_as_many_equal_ones_as_would_tell_as_much():
    no = np.zeros((1, 2), dtype=bool)
    ones = np.ones((1, 2), dtype=np.int64)
    learner = QLearning(processing="importance")
    state = learner.init(1, 2, STATES, ACTIONS)
    for odds in (2.0, 0.5, 0.5):
        weighed = np.array([[1.0, odds]])
        step = Transition(ones, ones, ones, no, ones * 1.0, ones, no, no, ~no, odds=weighed)
        state = learner.learn(state, step)
    # (2 + .5 + .5)² / (4 + .25 + .25) of 3; the second agent's partner always weighs 1.
    np.testing.assert_allclose(learner.kept_share(state), [[2 / 3, 1.0]])


def test_nothing_seen_is_not_enough_to_say_anything():
    learner = QLearning()
    assert not learner.has_enough(learner.init(1, 1, STATES, ACTIONS)).any()


def test_odds_compare_the_policy_with_what_interruption_makes_of_it():
    policy = np.array([[[0.8, 0.2], [0.5, 0.5]]])  # (1, 2, 2)
    interruption = KnownInterruption(
        probability=np.array([[0.0, 0.5], [0.5, 0.5]]),
        law=np.broadcast_to([0.0, 1.0], (2, 2, 2)),
    )
    percepts, executed = np.array([[1, 0]]), np.array([[1, 0]])
    odds = odds_of(policy, interruption, percepts, executed)
    # .2 against .5 x .2 + .5 x 1, and .5 against .5 x .5
    np.testing.assert_allclose(odds, [[0.2 / 0.6, 2.0]])


def test_actions_that_an_agent_lacks_are_worth_nothing_ever():
    learner = QLearning(initial=3.0)
    state = learner.init(2, 2, STATES, np.array([2, 3]))
    values = learner.values(state)
    assert np.isneginf(values[:, 0, :, 2]).all()
    assert (values[:, 1] == 3).all()
    assert (values[:, 0, :, :2] == 3).all()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"alpha": 1.5}, "alpha"),
        ({"gamma": -0.1}, "gamma"),
        ({"epsilon": 2}, "epsilon"),
        ({"initial": np.inf}, "initial"),
        ({"min_kept_share": 2}, "min_kept_share"),
        ({"key": "execute"}, "one of 'executed', 'proposed', got"),
        ({"processing": "drop_all"}, r"one of 'none', 'drop_own', .*, got"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_by_name(values, says):
    with pytest.raises(InvalidConfig, match=says):
        QLearning(**values)


def test_weights_without_odds_are_refused_with_the_way_to_them(rng):
    learner = QLearning(processing="importance")
    with pytest.raises(InvalidConfig, match="KnownInterruption"):
        learner.learn(
            learner.init(1, 2, STATES, ACTIONS),
            some_transition(rng, (1, 2), STATES, ACTIONS)._replace(odds=None),
        )
