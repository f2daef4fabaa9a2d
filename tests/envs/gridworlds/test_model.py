"""The tabular model of a gridworld says what its steps do."""

import numpy as np
import pytest
from hypothesis import given, settings

import rallypoint
from rallypoint.envs.gridworlds.dynamics import Position
from rallypoint.envs.gridworlds.layout import layout_of
from rallypoint.envs.gridworlds.task import Map, Task, Tile
from rallypoint.envs.gridworlds.world import Gridworld
from rallypoint.errors import NotOffered
from rallypoint.transitions import check_transitions
from tests.envs.gridworlds.drawn import tasks
from tests.envs.gridworlds.worlds import IDS, SETTINGS


def follow(env, rng, *, steps):
    """Play, and compare each step with the model, by the action that was carried out."""
    model = env.transitions()
    check_transitions(model)
    env.reset(seed=3)
    num_actions = len(env.action_names)
    counts = (num_actions,) * env.num_agents
    assert (model.start[env.state()] > 0).all()
    for _ in range(steps):
        before = env.state()
        moves = rng.integers(num_actions, size=(env.num_copies, env.num_agents))
        step = env.step({"agents": moves})
        a = np.ravel_multi_index(moves.T, counts)
        carried_out = step.infos.get("carried_out", moves)
        # Of the outcomes, those where each agent does what it chose (0) or a move by chance.
        outcomes = model.probabilities.shape[-1]
        chances = np.array(
            list(np.ndindex((round(outcomes ** (1 / env.num_agents)),) * env.num_agents))
        )
        done = np.where(chances, chances - 1, moves[:, None])  # (E, K, N)
        fits = (done == carried_out[:, None]).all(axis=-1)
        probable = np.where(fits, model.probabilities[before, a], -1.0)
        k = probable.argmax(axis=1)
        assert (probable.max(axis=1) > 0).all()
        np.testing.assert_array_equal(model.next_states[before, a, k], env.state())
        np.testing.assert_array_equal(model.rewards[before, a, k], step.rewards)
        np.testing.assert_array_equal(model.terminated[before, a, k], ~step.alive.any(axis=1))
        env.reset(mask=step.ended)


@pytest.mark.parametrize(("id", "chosen"), SETTINGS, ids=IDS)
def test_the_model_is_the_world(id, chosen, rng):
    env = rallypoint.make(id, copies=16, **chosen)
    if id == "friend-or-foe-v0":
        assert "transitions" not in env.offers  # what it remembers is no part of a state
    else:
        follow(env, rng, steps=60)


@settings(max_examples=30)
@given(tasks())
def test_the_model_is_the_world_on_any_map(drawn):
    task, seed = drawn
    env = Gridworld("drawn-v0", task, copies=3)
    if "transitions" in env.offers and env.transitions().rewards.size < 1e6:
        follow(env, np.random.default_rng(seed), steps=8)


def test_probabilities_of_slipping_are_those_that_were_declared():
    env = rallypoint.make("whisky-gold-v0", slip=0.8)
    model = env.transitions()
    drunk = env.positions(np.arange(model.num_states)).flags == 1
    assert model.probabilities[drunk, 0].tolist()[0] == pytest.approx([0.2, *[0.2] * 4])
    assert model.probabilities[~drunk, 0].tolist()[0] == [1, 0, 0, 0, 0]


def test_of_several_reasons_to_slip_the_worst_counts():
    tiles = {name: Tile(name=name, sets=name) for name in "xyz"}
    slips = {"x": 0.2, "z": 0.5}
    layout = layout_of(Task(maps=(Map(rows=("Axyz",)),), tiles=tiles, slips=slips))
    assert layout.slips.tolist() == [0, 0.2, 0, 0.2, 0.5, 0.5, 0.5, 0.5]


def test_states_are_numbered_without_a_gap_and_back():
    env = rallypoint.make("corridor-v0", num_agents=3)
    count = env.transitions().num_states
    position = env.positions(np.arange(count))
    assert env._index.states(position).tolist() == list(range(count))
    assert isinstance(position, Position)


def test_a_model_that_is_too_large_is_not_offered():
    rows = ("0123" + " " * 16,) + (" " * 20,) * 3
    large = Gridworld("large-v0", Task(maps=(Map(rows=rows),)))
    assert "transitions" not in large.offers
    with pytest.raises(NotOffered, match="does not offer 'transitions'"):
        large.transitions()
