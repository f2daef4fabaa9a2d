"""Attackers and judges learn side by side, each as it would alone, and learn what they should."""

import dataclasses

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

import rallypoint
from rallypoint.agents.adversary.robust_sarsa import RobustSarsa, _Fragment, _Learning
from rallypoint.agents.adversary.trainee import Trainee, copies_of
from rallypoint.agents.adversary.view import adversary_view
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.live import LivePolicy
from rallypoint.batch_env import Group
from rallypoint.envs.batch import World
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.frame import Threatened
from rallypoint.safety.perception.ledger import Measure
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.threats import threats

REACH = Reach(step=1.0, scale=(1.0, 1.0, 0.1, 1.0))
LEARNER = PpoLearner(
    policy=(16,), value=(16,), steps=64, minibatch=64, epochs=4, learning_rate=3e-3
)


class Upright:
    """Balances a pole well: pushes to where it leans and turns."""

    def act(self, observations, draws):
        del draws
        return {
            name: (seen @ np.array([0.05, 0.2, 4.0, 1.0]) > 0).astype(np.int64)
            for name, seen in observations.items()
        }


def carts(seeds, each=4):
    return rallypoint.make("cartpole-v1", copies=copies_of(seeds, each))


def attackers(seeds, rounds):
    view = adversary_view(carts(seeds), Upright(), "perception", reach=REACH)
    trainee = Trainee(view, LEARNER, seeds, role="attacker")
    return trainee, trainee.train(rounds)


def test_an_attacker_learns_to_topple_what_noise_does_not():
    seeds = [0, 1, 2]
    trainee, _ = attackers(seeds, 25)
    returns = {}
    for kind, settings in (
        ("random_percept", {}),
        ("learned_percept", {"attacker": trainee.policy()}),
    ):
        threat = threats[kind](budget={"reach": REACH}, **settings)
        env = Threatened(carts(seeds, 6), threat)
        found = evaluate(env, Upright(), episodes=18, seed=1).returns
        returns[kind] = found.reshape(3, 6).mean(axis=1)
    assert (returns["learned_percept"] < 0.5 * returns["random_percept"]).all()


def test_a_run_learns_the_same_whoever_learns_beside_it():
    together, returns = attackers([3, 5], 2)
    alone, own = attackers([5], 2)
    assert (together.weights[1] == alone.weights[0]).all()
    np.testing.assert_array_equal(returns[:, 1], own[:, 0])


def test_a_live_policy_follows_what_is_learned():
    live = LivePolicy()
    with pytest.raises(NotOffered, match="make what learns it first"):
        live.outputs({})
    trainee = Trainee(carts([0]), LEARNER, [0], live=live)
    seen = {"agents": np.ones((4, 1, 4), np.float32)}
    before = live.outputs(seen)
    trainee.train(1)
    assert (live.outputs(seen) != before).any()
    assert (live.outputs(seen) == trainee.policy().outputs(seen)).all()


def learning(penalty=0.0, runs=1):
    group = carts([0]).groups[0]
    made = architecture_for(group, policy=(8,), value=None)
    start = np.random.default_rng(0).normal(0, 0.5, (runs, made.size)).astype(np.float32)
    settings = RobustSarsa(penalty=penalty, lam=0.7, gamma=0.9)
    return _Learning(settings, made, start, Measure(REACH, group, "test"))


def test_targets_are_lambda_returns():
    rng = np.random.default_rng(1)
    steps, copies = 6, 4
    fragment = _Fragment(
        seen=rng.normal(size=(steps + 1, copies, 4)).astype(np.float32),
        actions=rng.integers(0, 2, (steps + 1, copies)),
        rewards=rng.normal(size=(steps, copies)),
        acting=rng.random((steps, copies)) < 0.9,
        terminated=rng.random((steps, copies)) < 0.2,
        cut=rng.random((steps, copies)) < 0.3,
    )
    learner = learning(runs=2)
    targets, counts = learner._targets(fragment, 2)
    assert (counts == (fragment.acting & ~fragment.cut)).all()
    for copy in range(copies):
        own = learner.parameters[copy // 2 : copy // 2 + 1]
        worths = np.stack([
            learner._network.forward(own, row[None, None, None, copy])[0, 0, 0].copy()
            for row in fragment.seen
        ])  # fmt: skip
        taken = worths[np.arange(steps + 1), fragment.actions[:, copy]]
        after = taken[-1]
        for time in range(steps - 1, -1, -1):
            to_come = 0.3 * taken[time + 1] + 0.7 * after
            goes_on = 0.9 * (not fragment.terminated[time, copy])
            after = fragment.rewards[time, copy] + goes_on * to_come
            if fragment.cut[time, copy]:  # what comes next is another episode's
                after = taken[time]
            else:
                assert targets[time, copy] == pytest.approx(after, abs=1e-4)


def test_a_judge_knows_which_push_saves_the_pole_and_small_lies_change_little():
    seeds = [0, 1]
    plain, robust = (
        RobustSarsa(rounds=12, steps=64, penalty=penalty, units=(32,), gamma=0.9).judge(
            carts(seeds, 8), Upright(), Reach(step=0.2, scale=(1, 1, 0.1, 1)), seeds
        )
        for penalty in (0.0, 3.0)
    )
    leaning = np.zeros((4, 1, 4), np.float32)
    leaning[:, 0, 2:] = np.array([[0.15, 0.8], [-0.15, -0.8], [0.15, 0.8], [-0.15, -0.8]])
    worths = plain.outputs({"agents": leaning})[:, 0]
    assert (worths.argmax(axis=-1) == [1, 0, 1, 0]).all()
    rng = np.random.default_rng(0)
    seen = rng.uniform(-0.1, 0.1, (400, 1, 4)).astype(np.float32)
    lies = (rng.choice([-0.2, 0.2], seen.shape) * [1, 1, 0.1, 1]).astype(np.float32)
    changes = [
        np.abs(judge.outputs({"agents": seen + lies}) - judge.outputs({"agents": seen})).mean()
        for judge in (plain, robust)
    ]
    assert changes[1] < changes[0]


class OneStep(World):
    """Three agents; only the second earns anything, by action 1, and all but the first are out."""

    def __init__(self, copies):
        seen = Box(0.0, 1.0, (2,), np.float32)
        agents = tuple("abc")
        group = Group("agents", agents, seen, Discrete(2))
        super().__init__("one-step-v0", [group], copies=copies, time_limit=2)

    def _start(self, mask):
        del mask

    def _observe(self):
        seen = np.zeros((self.num_copies, 3, 2), np.float32)
        seen[:, 1] = 1.0
        return {"agents": seen * self._alive[..., None]}

    def _advance(self, actions):
        rewards = np.zeros((self.num_copies, 3))
        rewards[:, 1] = (actions["agents"][:, 1] == 1) & self._alive[:, 1]
        return rewards, self._alive & [False, True, True], {}


class Always:
    def act(self, observations, draws):
        del draws
        return {name: np.zeros(seen.shape[:2], np.int64) for name, seen in observations.items()}


def test_members_of_a_team_are_judged_by_what_each_earns():
    reach = Reach(step=0.1)
    sarsa = RobustSarsa(rounds=6, steps=32, units=(8,), gamma=0.9, minibatch=32, explored=0.5)
    faster = dataclasses.replace(sarsa, learning_rate=1e-2)
    judge = faster.judge(OneStep(copies_of([0, 1], 4)), Always(), reach, [0, 1])
    seen = np.zeros((2, 3, 2), np.float32)
    seen[:, 1] = 1.0
    worths = judge.outputs({"agents": seen})
    assert worths.shape == (2, 3, 2)
    np.testing.assert_allclose(worths[:, 1], [[0, 1], [0, 1]], atol=0.15)
    np.testing.assert_allclose(worths[:, [0, 2]], 0, atol=0.15)


def test_a_judge_of_what_cannot_be_judged_is_refused():
    with pytest.raises(InvalidConfig, match="learned_percept attacks several groups"):
        RobustSarsa().judge(ProvingGround(), Upright(), REACH, [0])
    with pytest.raises(InvalidConfig, match=r"explored lies in \[0, 1\]"):
        RobustSarsa(explored=2.0)
    with pytest.raises(InvalidConfig, match="penalty is a weight"):
        RobustSarsa(penalty=-1.0)
