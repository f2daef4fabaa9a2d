"""A frozen team in many copies is that team in every one of them."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.assessment.frozen_tables import FrozenTables
from rallypoint.agents.assessment.steps import Walk, Wanted
from rallypoint.agents.tabular import (
    Careful,
    JointQLearning,
    QLearning,
    SafeSarsa,
    TracedQLearning,
)
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.training import train
from rallypoint.agents.tabular.transition import Transition, copied
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.interruption import Interruption

LEARNERS = [
    QLearning(exploration="visits", processing="drop_any"),
    QLearning(alpha="mean"),
    SafeSarsa(gamma=0.9),
    JointQLearning(delay=1),
    JointQLearning(model="policy", exploration="boltzmann"),
    TracedQLearning(alpha=0.3),
    TracedQLearning(bootstrap=True, decay_over=200),
]
COPIES = 5
NOTHING = np.zeros((1, 2))


def frozen(learner):
    traced = isinstance(learner, TracedQLearning)  # which needs equally many actions of all
    world = rallypoint.make("corridor-v0" if traced else "two-car-road-v0")
    encoding = encoding_for(world)
    state = train(world, learner, encoding, steps=150, seed=3)
    return FrozenTables(learner, state, Columns.of(world), encoding.num_states, world.time_limit)


def some_steps(rng, copies, length):
    for _ in range(length):
        shape = (copies, 2)
        acts = [rng.integers([3, 2], size=shape) for _ in range(4)]
        yield Transition(
            percepts=np.repeat(rng.integers(2, size=(copies, 1)), 2, axis=1),
            proposed=acts[0],
            executed=acts[1],
            interrupted=rng.random(shape) < 0.3,
            rewards=rng.normal(size=shape) * (rng.random(shape) < 0.3),
            next_percepts=np.repeat(rng.integers(2, size=(copies, 1)), 2, axis=1),
            terminated=np.zeros(shape, bool),
            truncated=np.zeros(shape, bool),
            present=np.ones(shape, bool),
            next_proposed=acts[2],
            next_executed=acts[3],
        )


def only(transition, copies):
    return Transition(*(None if part is None else part[copies] for part in transition))


@pytest.mark.parametrize("learner", LEARNERS, ids=repr)
def test_each_copy_learns_as_the_team_itself_would(learner):
    team = frozen(learner)
    steps = list(some_steps(np.random.default_rng(0), COPIES, 6))
    many = team.spread(COPIES)
    for step in steps:
        many = learner.visit(learner.learn(many, step), step.percepts, step.present)
    for copy in range(COPIES):
        alone = copied(team.state)
        for step in steps:
            part = only(step, [copy])
            alone = learner.visit(learner.learn(alone, part), part.percepts, part.present)
        assert (learner.values(many)[copy] == learner.values(alone)[0]).all()
        percepts = steps[-1].next_percepts
        assert (
            learner.policy(many, percepts)[copy] == learner.policy(alone, percepts[[copy]])[0]
        ).all()


def test_what_awaits_its_reward_when_it_is_frozen_is_credited_in_every_copy():
    team = frozen(TracedQLearning(gamma=1.0))
    steps = list(some_steps(np.random.default_rng(1), 1, 4))
    for step in steps[:3]:
        team = team._replace(state=team.learner.learn(team.state, step._replace(rewards=NOTHING)))
    tables = []
    for copies in (1, COPIES):
        paid = only(steps[3]._replace(rewards=NOTHING + 9), [0] * copies)
        many = team.learner.learn(team.spread(copies), paid)
        tables.append(team.learner.values(many))
    assert (tables[0] == tables[1]).all()
    moved = (tables[1] != team.learner.values(team.state)).sum(axis=(2, 3))
    visited = [
        {(int(step.percepts[0, agent]), int(step.proposed[0, agent])) for step in steps}
        for agent in range(2)
    ]
    assert (moved >= [len(entries) for entries in visited]).all()
    assert min(len(entries) for entries in visited) > 1


def test_nobody_is_there_or_paid_in_a_later_episode_than_the_first():
    team = frozen(QLearning())
    world = rallypoint.make("two-car-road-v0", copies=4, max_cycles=3)
    stopped = Threatened(world, [Interruption(policy={"action": 0})])
    walk = Walk(stopped, team, encoding_for(world), Wanted(agent=0, lead=0, updates=1, seed=0))
    steps = [walk.step(tries=True) for _ in range(6)]
    assert all(step.present.all() and step.rewards.any() for step in steps[:3])
    assert not any(step.present.any() or step.rewards.any() for step in steps[3:])


def test_equal_changes_have_equal_numbers_and_others_have_others():
    learner = QLearning()
    team = frozen(learner)
    before, after = team.spread(4), team.spread(4)
    after.tables[:2, 1, 0, 1] += 0.5
    after.tables[2, 1, 1, 0] += 0.5
    after.tables[:, 0] += 1.0  # of another agent
    found = team.changes(before, after, 1, seed=0)
    assert found[0] == found[1] != 0
    assert found[2] not in {found[0], 0}
    assert found[3] == 0


def test_risks_are_what_an_agent_acts_by_as_values_are_and_booked_on_what_was_executed():
    world = rallypoint.make("island-navigation-v0")
    encoding, learner = encoding_for(world), Careful()
    state = train(world, learner, encoding, steps=20, seed=0)
    team = FrozenTables(learner, state, Columns.of(world), encoding.num_states, world.time_limit)
    before, after = team.spread(2), team.spread(2)
    after.risks[1, 0, 3, 1] += 0.5
    found = team.changes(before, after, 0, seed=0)
    assert found[0] == 0 != found[1]
    (step,) = some_steps(np.random.default_rng(0), 5, 1)
    assert (team.own_actions(step) == step.executed).all()


def test_cells_tell_percepts_and_actions_apart():
    (step,) = some_steps(np.random.default_rng(0), 1000, 1)
    own, joint = frozen(QLearning()), frozen(JointQLearning())
    for agent in range(2):
        told = {
            (int(p), int(a), int(c))
            for p, a, c in zip(
                step.percepts[:, agent],
                step.executed[:, agent],
                own.cells(step, agent),
                strict=True,
            )
        }
        assert len(told) == len({cell for *_, cell in told}) == 2 * (3, 2)[agent]
        numbers = joint.cells(step, agent)
        assert len(set(numbers.tolist())) == 2 * 3 * 2
        assert numbers.max() < joint.num_cells
