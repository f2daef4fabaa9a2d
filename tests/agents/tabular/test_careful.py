"""Careful learners: risks are chances of harm, and exploration keeps away from what is risky."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.tabular.careful import Careful, CarefulSarsa, frozen, law
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.training import train
from rallypoint.agents.tabular.transition import Transition, copied
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.experiments.virtuous.world import ALCOVE_STEPS, alcove
from rallypoint.safety.frame import Threatened
from rallypoint.safety.interruption.sequences import ThetaSequence
from rallypoint.safety.threats.interruption import Interruption


def test_the_law_is_greedy_but_for_the_floor_over_safe_actions():
    values, risks = np.array([3.0, 1.0, 2.0, 0.0]), np.array([0.5, 0.05, 0.2, 0.0])
    np.testing.assert_allclose(law(values, risks, floor=0.4, tau=0.05), [0.6, 0.2, 0, 0.2])
    np.testing.assert_allclose(law(values, risks, floor=0.4, tau=1.0), [0.7, 0.1, 0.1, 0.1])
    none_safe = np.array([0.5, 0.3, 0.2, 0.9])
    np.testing.assert_allclose(law(values, none_safe, floor=0.4, tau=0.05), [0.6, 0, 0.4, 0])
    missing = np.array([0.0, np.inf, 0.0, np.inf])
    np.testing.assert_allclose(law(values, missing, floor=0.5, tau=1.0), [0.75, 0, 0.25, 0])


def test_the_greedy_action_may_be_confined_to_the_safe_ones_too():
    values, risks = np.array([3.0, 1.0, 2.0, 0.0]), np.array([0.5, 0.05, 0.2, 0.0])
    confined = law(values, risks, floor=0.4, tau=0.05, confined=True)
    np.testing.assert_allclose(confined, [0, 0.8, 0, 0.2])
    none_safe = np.array([0.5, 0.3, 0.2, 0.9])
    np.testing.assert_allclose(
        law(values, none_safe, floor=0.4, tau=0.05, confined=True), [0, 0, 1, 0]
    )


def test_a_confined_learner_and_what_is_frozen_of_it_take_no_risk_even_where_it_pays():
    env = island(4)
    chosen = {}
    for confined in (False, True):
        learner = Careful(confined=confined)
        state = learner.init(4, 1, encoding_for(env).num_states, 4)
        state.own.tables[..., 2] = 5.0
        state.risks[..., 2] = 1.0
        policy = frozen(learner, state, encoding_for(env), Columns.of(env), np.arange(4))
        seen = env.reset(seed=0)
        laws = learner.policy(state, seen["agents"])
        acts = [policy.act(seen, Draws(n, "test/confined", env.copies)) for n in range(30)]
        taken = np.mean([act["agents"] == 2 for act in acts])
        chosen[confined] = (laws[..., 2].max(), taken)
    assert chosen[False][0] == pytest.approx(0.8)
    assert chosen[False][1] > 0.5
    assert chosen[True] == (0, 0)


def step(harmed, next_percept, *, percept=0, action=0, terminated=False):
    one = np.ones((1, 1), dtype=np.int64)
    return Transition(
        percepts=percept * one,
        proposed=action * one,
        executed=action * one,
        interrupted=np.zeros((1, 1), dtype=bool),
        rewards=np.zeros((1, 1)),
        next_percepts=next_percept * one,
        terminated=np.full((1, 1), terminated),
        truncated=np.zeros((1, 1), dtype=bool),
        present=np.ones((1, 1), dtype=bool),
        costs=np.full((1, 1, 1), float(harmed)),
    )


def test_risks_move_as_the_rule_says():
    learner = Careful(risk_rate=0.5)
    state = learner.init(1, 1, 3, 2)
    state = learner.learn(state, step(harmed=True, next_percept=1, terminated=True))
    assert state.risks[0, 0, 0].tolist() == [0.5, 0.0]
    state = learner.learn(state, step(harmed=True, next_percept=1, terminated=True))
    assert state.risks[0, 0, 0].tolist() == [0.75, 0.0]
    # From percept 2 one comes to percept 0, where action 1 is safe: no risk is carried over.
    state = learner.learn(state, step(harmed=False, next_percept=0, percept=2))
    assert state.risks[0, 0, 2].tolist() == [0.0, 0.0]
    state.risks[0, 0, 0] = [0.8, 0.6]
    state = learner.learn(state, step(harmed=False, next_percept=0, percept=2))
    assert state.risks[0, 0, 2].tolist() == [0.3, 0.0]


def island(copies=8):
    return rallypoint.make("island-navigation-v0", copies=copies)


@pytest.mark.parametrize("kind", [Careful, CarefulSarsa])
def test_careful_exploration_learns_the_way_and_does_not_drown(kind):
    drowned = {}
    for tau in (0.05, 1.0):
        env = island()
        learner = kind(tau=tau, floor=0.3, initial=50.0)
        state = train(env, learner, encoding_for(env), episodes=400, seed=0)
        policy = frozen(learner, state, encoding_for(env), Columns.of(env), np.arange(8))
        drowned[tau] = harm(env, policy)
    assert drowned[1.0] > 0.003
    assert drowned[0.05] < drowned[1.0] / 10


def harm(env, policy, steps=300):
    draws = Draws(1, "test/careful", env.copies)
    seen = env.reset(seed=1)
    harmed = 0.0
    for _ in range(steps):
        step = env.step(policy.act(seen, draws))
        harmed += (env.cost() > 0).mean()
        seen = step.observations
        if step.ended.any():
            seen = env.reset(mask=step.ended)
            draws.begin_episode(step.ended)
    return harmed / steps


def test_what_is_frozen_learns_no_more_and_may_explore_less():
    env = island(2)
    learner = Careful()
    state = train(env, learner, encoding_for(env), episodes=5, seed=0)
    policy = frozen(learner, state, encoding_for(env), Columns.of(env), np.arange(2), floor=0.0)
    before = copied(state)
    state.risks[:] = 1.0
    assert (policy.risks == before.risks).all()
    seen = env.reset(seed=3)
    greedy = policy.values[np.arange(2), 0, seen["agents"][:, 0]].argmax(axis=1)
    actions = policy.act(seen, Draws(0, "test/frozen", env.copies))
    assert (actions["agents"][:, 0] == greedy).all()


def test_a_copy_learns_alone_what_it_learns_beside_others():
    tables = []
    for copies in ([0, 1, 2], [1]):
        env = rallypoint.make("island-navigation-v0", copies=copies)
        tables.append(train(env, Careful(), encoding_for(env), episodes=20, seed=0))
    assert (tables[0].risks[1] == tables[1].risks[0]).all()
    assert (tables[0].own.tables[1] == tables[1].own.tables[0]).all()


def test_blocks_of_copies_may_be_careful_each_in_its_way():
    together = island([0, 1, 8, 9])
    state = train(together, Careful(tau=(0.05, 1.0)), encoding_for(together), episodes=15, seed=0)
    for place, (tau, copies) in enumerate(((0.05, [0, 1]), (1.0, [8, 9]))):
        env = island(copies)
        alone = train(env, Careful(tau=tau), encoding_for(env), episodes=15, seed=0)
        assert (state.risks[2 * place : 2 * place + 2] == alone.risks).all()
        assert (state.own.tables[2 * place : 2 * place + 2] == alone.own.tables).all()
    with pytest.raises(InvalidConfig, match="take as many copies each"):
        train(island(3), Careful(tau=(0.05, 1.0)), encoding_for(together), episodes=1, seed=0)


def test_a_world_that_tells_of_no_harm_is_refused():
    env = rallypoint.make("two-state-v0", copies=2)
    with pytest.raises(NotOffered, match="does not offer 'cost'"):
        train(env, Careful(), encoding_for(env), steps=3, seed=0)


@pytest.mark.parametrize("settings", [{"floor": -0.1}, {"tau": 2.0}, {"risk_rate": float("nan")}])
def test_shares_that_are_none_are_refused(settings):
    with pytest.raises(InvalidConfig, match=r"lies in \[0, 1\]"):
        Careful(**settings)


@pytest.mark.parametrize(
    ("theta", "safe", "held", "left"),
    [
        (0.5, 4, 0, lambda n: 1 - 0.5 * 0.2 / 4),
        (0.5, 2, 0, lambda n: 1 - 0.5 * 0.2 / 2),
        (0.5, 3, 1, lambda n: 0.5 * (1 - 0.2 / 3)),
        (ThetaSequence(schedule="visits", exponent=1.0), 4, 0, lambda n: 1 - 0.2 / 4 / n),
    ],
)
def test_who_is_held_in_a_danger_gets_out_as_seldom_as_derived(theta, safe, held, left):
    tries, steps = 3000, 30
    world = alcove(range(tries))
    env = Threatened(world, Interruption(theta=theta, policy={"action": held}))
    encoding = encoding_for(env)
    learner = Careful(floor=0.2)
    state = learner.init(1, 1, encoding.num_states, 4, ALCOVE_STEPS)
    state.own.tables[..., 3] = 1.0  # against a wall; down, 1, leads out
    state.risks[..., [3, 1, 0, 2][safe:]] = 1.0
    policy = frozen(learner, state, encoding, Columns.of(env), np.zeros(tries, dtype=np.int64))
    draws = Draws(0, "test/held", env.copies)
    seen = env.reset(seed=0)
    inside = np.ones(tries, dtype=bool)
    start = world.state()
    for _ in range(steps):
        step = env.step(policy.act(seen, draws))
        inside &= world.state() == start
        seen = env.reset(mask=step.ended) if step.ended.any() else step.observations
    expected = np.prod([left(n) for n in range(1, steps + 1)])
    error = np.sqrt(expected * (1 - expected) / tries)
    assert inside.mean() == pytest.approx(expected, abs=4 * error)
