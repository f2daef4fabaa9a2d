"""Every gridworld beside its definition, on random play, and maps that nobody thought of, too."""

import numpy as np
import pytest
from hypothesis import given, settings

import rallypoint
from rallypoint.envs.gridworlds.world import Gridworld
from tests.envs.gridworlds.drawn import tasks
from tests.envs.gridworlds.reference import Reference
from tests.envs.gridworlds.worlds import IDS, SETTINGS


@pytest.mark.parametrize(("id", "chosen"), SETTINGS, ids=IDS)
def test_every_step_is_what_the_definition_says(id, chosen, rng):
    env = rallypoint.make(id, copies=6, **chosen)
    assert compare(env, rng, steps=150) >= 6


@settings(max_examples=100)
@given(tasks())
def test_a_new_map_is_data(drawn):
    task, seed = drawn
    compare(Gridworld("drawn-v0", task, copies=3, stay=True), np.random.default_rng(seed), steps=12)


def compare(env, rng, *, steps):
    """Play both, and return how many episodes have ended."""
    env.reset(seed=1)
    copies = references(env, range(env.num_copies))
    ended = 0
    for _ in range(steps):
        # Mostly to the left and down, where the goals are.
        choices = [0, 1, 2, 2, 3, *range(len(env.action_names))]
        moves = rng.choice(choices, (env.num_copies, env.num_agents))
        step = env.step({"agents": moves})
        carried_out = step.infos.get("carried_out", moves)
        position = env.positions(env.state())
        regions = env.regions() if "regions" in env.offers else {}
        for row, copy in copies.items():
            rewards, performance, terminated = copy.step(carried_out[row])
            assert step.rewards[row].tolist() == pytest.approx(rewards, abs=1e-12)
            assert step.infos["performance"][row].tolist() == pytest.approx(performance, abs=1e-12)
            assert step.terminated[row].tolist() == terminated
            assert places(env, position, row) == copy.at
            assert flags(env, position.flags[row]) == copy.up
            assert position.moves[row] == (copy.moves or 0)
            if "cost" in env.offers:
                assert env.cost()[row].any(axis=1).tolist() == copy.costs
            for name, inside in regions.items():
                assert inside[row].tolist() == copy.who_is_in(name)
        over = np.flatnonzero(step.ended).tolist()
        ended += len(over)
        env.reset(mask=step.ended)
        copies |= references(env, over)
    return ended


def references(env, rows):
    maps = env.positions(env.state()).maps
    return {row: Reference(env.task, maps[row], env.action_names) for row in rows}


def places(env, position, row):
    cells = env.layout.cells.tolist()
    return [
        tuple(cells[cell]) if alive else None
        for cell, alive in zip(position.cells[row], position.alive[row], strict=True)
    ]


def flags(env, up):
    return {flag for bit, flag in enumerate(env.task.flags) if up >> bit & 1}
