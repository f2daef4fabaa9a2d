"""The learner of joint actions against its rule written out one update at a time."""

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rallypoint.agents.tabular import JointQLearning
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.training import train
from rallypoint.agents.tabular.transition import Transition
from rallypoint.errors import InvalidConfig
from tests.agents.tabular.small_worlds import Overridden, Wander
from tests.agents.tabular.transitions import some_transition

STATES, COUNTS = 3, (2, 3, 2)


class ByName:
    """One agent of one copy, with dicts by (percept, own action, the others' actions)."""

    def __init__(self, learner, agent, counts):
        self.learner, self.agent = learner, agent
        self.own = range(counts[agent])
        others = [range(count) for i, count in enumerate(counts) if i != agent]
        self.theirs = list(product(*others))
        self.worth, self.samples, self.totals, self.held = {}, {}, {}, {}

    def likely(self, percept):
        seen = self.samples.get(percept, [])
        if not seen:
            return dict.fromkeys(self.theirs, 1 / len(self.theirs))
        if self.learner.model_rate == "mean":
            return {k: sum(law[k] for law in seen) / len(seen) for k in self.theirs}
        law = dict.fromkeys(self.theirs, 1 / len(self.theirs))
        for sample in seen:
            law = {k: p + self.learner.model_rate * (sample[k] - p) for k, p in law.items()}
        return law

    def value(self, percept, own):
        law = self.likely(percept)
        initial = self.learner.initial
        return sum(law[k] * self.worth.get((percept, own, k), initial) for k in self.theirs)

    def by_policy(self, policy, present):
        """The product of the teammates' laws (N, A); who is not there does its first action."""
        others = [j for j in range(len(present)) if j != self.agent]
        return {
            k: prod(
                policy[j, action] if present[j] else float(action == 0)
                for j, action in zip(others, k, strict=True)
            )
            for k in self.theirs
        }

    def learn(self, step, copy, policy):
        agent = self.agent
        if not step.present[copy, agent]:
            return

        def together(actions):
            return tuple(
                int(actions[copy, j]) * bool(step.present[copy, j])
                for j in range(actions.shape[1])
                if j != agent
            )

        percept = int(step.percepts[copy, agent])
        own = int(step.executed[copy, agent])
        after = int(step.next_percepts[copy, agent])
        target = step.rewards[copy, agent]
        if not step.terminated[copy, agent]:
            target += self.learner.gamma * max(self.value(after, a) for a in self.own)
        entry = (percept, own, together(step.executed))
        self.totals[entry] = self.totals.get(entry, 0) + 1
        rate = 1 / self.totals[entry] if self.learner.alpha == "mean" else self.learner.alpha
        before = self.worth.get(entry, self.learner.initial)
        self.worth[entry] = before + rate * (target - before)
        if self.learner.model == "policy":
            law = self.by_policy(policy, step.present[copy])
            self.samples.setdefault(percept, []).append(law)
            return
        told = {"second_draw": "second"}.get(self.learner.model, self.learner.model)
        done = together(getattr(step, told))
        sample = {k: float(k == done) for k in self.theirs}
        if self.learner.delay:
            sample, self.held[percept] = self.held.get(percept), sample
        if sample is not None:
            self.samples.setdefault(percept, []).append(sample)


@pytest.mark.parametrize(
    ("model", "delay"),
    [
        *(("executed", 0), ("executed", 1), ("proposed", 0), ("proposed", 1)),
        *(("second_draw", 0), ("policy", 0)),
    ],
)
@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32),
    alpha=st.sampled_from([0.3, "mean"]),
    model_rate=st.sampled_from([0.2, "mean"]),
)
def test_learning_is_the_rule_written_out(seed, model, delay, alpha, model_rate):
    rng = np.random.default_rng(seed)
    learner = JointQLearning(
        model=model,
        delay=delay,
        alpha=alpha,
        model_rate=model_rate,
        gamma=0.7,
        initial=1.5,
        epsilon=0.4,
    )
    copies = 2
    state = learner.init(copies, len(COUNTS), STATES, np.array(COUNTS))
    references = {
        (copy, agent): ByName(learner, agent, COUNTS)
        for copy in range(copies)
        for agent in range(len(COUNTS))
    }
    for _ in range(25):
        step = some_transition(rng, (copies, len(COUNTS)), STATES, COUNTS)
        policy = learner.policy(state, step.percepts)
        state = learner.learn(state, step)
        for (copy, _), reference in references.items():
            reference.learn(step, copy, policy[copy])
    values = learner.values(state)
    for (copy, agent), reference in references.items():
        for percept in range(STATES):
            for own in range(3):
                found = values[copy, agent, percept, own]
                if own in reference.own:
                    assert found == pytest.approx(reference.value(percept, own), rel=1e-9)
                else:
                    assert np.isneginf(found)


def test_a_model_of_proposed_actions_is_not_moved_by_what_interruption_does():
    no = np.zeros((1, 2), dtype=bool)
    zeros = np.zeros((1, 2), dtype=np.int64)
    step = Transition(zeros, zeros, zeros + 1, ~no, zeros * 1.0, zeros, no, no, ~no)
    models = {}
    for model in ("executed", "proposed", "policy"):
        learner = JointQLearning(model=model, epsilon=0.0, alpha=0.0)
        state = learner.init(1, 2, 1, 2)
        for _ in range(5):
            state = learner.learn(state, step)
        models[model] = state.model[0, 0, 0].tolist()
    assert models == {"executed": [0, 1], "proposed": [1, 0], "policy": [1, 0]}


def test_a_delayed_model_learns_of_a_step_when_its_percept_is_visited_again():
    no = np.zeros((1, 2), dtype=bool)
    zeros = np.zeros((1, 2), dtype=np.int64)
    learner = JointQLearning(delay=1)
    state = learner.init(1, 2, 2, 2)
    seen = []
    for percept, proposed in ((0, 1), (1, 0), (0, 0), (0, 0)):
        step = Transition(
            zeros + percept, zeros + proposed, zeros, no, zeros * 1.0, zeros, no, no, ~no
        )
        state = learner.learn(state, step)
        seen.append(state.model[0, 0, 0, 1])
    assert seen == [0.5, 0.5, 1.0, 0.5]


def test_second_draws_follow_the_policies_and_neither_proposals_nor_what_was_done():
    env = Overridden(Wander(copies=200, max_cycles=6, num_agents=3))
    learner = JointQLearning(model="second_draw", alpha=0.0, epsilon=0.3)
    seen = []
    train(
        env,
        learner,
        encoding_for(env),
        steps=50,
        seed=0,
        after_step=lambda _, step, state: seen.append((step, learner.policy(state, step.percepts))),
    )
    steps, laws = zip(*seen, strict=True)
    second, proposed = (
        np.stack([getattr(s, name) for s in steps]) for name in ("second", "proposed")
    )
    law = np.stack(laws)  # (T, E, N, A); nothing is learned, so it is that of the choice
    for action in range(3):
        expected = law[..., action]
        error = np.sqrt((expected * (1 - expected)).sum())
        assert abs(((second == action) - expected).sum()) < 4.5 * error
    # Given the policy, what is drawn for nobody to act on tells nothing of what is proposed.
    likely = (law**2).sum(axis=-1)
    error = np.sqrt((likely * (1 - likely)).sum())
    assert abs(((second == proposed) - likely).sum()) < 4.5 * error


def test_it_learns_in_a_world_of_unlike_groups():
    env = Overridden(Wander(copies=3, max_cycles=6, unlike=True, num_agents=3))
    state = train(env, JointQLearning(delay=1), encoding_for(env), episodes=5, seed=0)
    assert state.tables.shape == (3, 3, 5, 4, 12)
    np.testing.assert_allclose(state.model.sum(axis=3), 1)
    assert (state.past.kept == state.past.seen).all()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"model": "proposd"}, "one of 'executed', 'proposed', .*, got 'proposd'"),
        ({"delay": 2}, "0 or 1"),
        ({"delay": 1, "model": "policy"}, "nothing to delay"),
        ({"delay": 1, "model": "second_draw"}, "nothing to delay"),
        ({"model_rate": 0.0}, "model_rate"),
        ({"alpha": 7}, "alpha"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_by_name(values, says):
    with pytest.raises(InvalidConfig, match=says):
        JointQLearning(**values)


def test_tables_that_no_machine_holds_are_refused_with_their_size():
    with pytest.raises(InvalidConfig, match="fewer copies"):
        JointQLearning().init(100, 10, 1000, 4)
