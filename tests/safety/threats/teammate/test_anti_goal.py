"""Anti-goal: all liars to the place farthest from the middle of the honest."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.rules import CircularMean
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threats.teammate.anti_goal import AntiGoal


def attacked(start, victims, id="gathering-v0", **settings):
    env = Threatened(rallypoint.make(id, start=start, **settings), [AntiGoal(victims=victims)])
    env.reset(seed=0)
    return env


def stay(env):
    group = env.groups[0]
    return {group.name: np.zeros((env.num_copies, len(group.agents)), dtype=int)}


def test_on_the_ring_liars_meet_opposite_to_the_honest():
    env = attacked([3] * 8 + [3, 10], [8, 9])
    for _ in range(7):
        env.step(stay(env))
    assert env.state()[0, :8].tolist() == [3] * 8
    assert env.state()[0, 8] == env.state()[0, 9]
    assert env.geometry().distances[3, env.state()[0, 8]] == 6  # the farthest there is


def test_they_follow_when_the_honest_move():
    env = attacked([0] * 9 + [6], [9])
    policy = CircularMean()
    draws = Draws(0, "test/anti-goal", env.copies)
    for _ in range(20):
        seen = {"agents": np.eye(13, dtype=np.float32)[[[1] * 10]]}  # all honest go one ahead
        env.step(policy.act(seen, draws))
    honest, liar = env.state()[0, 0], env.state()[0, 9]
    assert env.geometry().distances[honest, liar] >= 5


def test_on_the_torus_they_go_to_the_farthest_cell_too():
    start = np.tile([2, 7], (10, 1))
    env = attacked(start, [0, 1], "torus-v0", width=11)
    for _ in range(12):
        env.step(stay(env))
    geometry = env.geometry()
    cells = geometry.cells(geometry.positions)[0]
    assert cells[0] == cells[1]
    assert geometry.distances[cells[0], cells[5]] == geometry.distances.max()


def test_honest_agents_are_left_alone_and_receipts_agree():
    ring = rallypoint.make("gathering-v0", copies=40)
    env = Threatened(ring, [AntiGoal(victims={"count": 3}, when={"from": 1})])
    env.reset(seed=0)
    for _ in range(4):
        infos = env.step(stay(env)).infos
        changed = infos["executed/agents"] != infos["proposed/agents"]
        assert (changed.sum(axis=1) <= 3).all()
    assert disagreements(env.model, env.receipts()) == []


def test_all_may_lie_and_then_there_is_nobody_to_flee():
    env = attacked([0] * 10, "all")
    for _ in range(3):
        env.step(stay(env))
    assert len(set(env.state()[0])) == 1


@pytest.mark.parametrize("id", ["gathering-v0", "torus-v0"])
def test_it_keeps_the_contract_where_there_is_a_geometry(id):
    assert_is_threat(AntiGoal(victims={"count": 2}), env=rallypoint.make(id, copies=3))
    assert_is_threat(AntiGoal(victims="byzantine"), env=rallypoint.make(id, copies=3))


def test_a_world_without_geometry_is_refused():
    with pytest.raises(NotOffered, match="needs geometry, which cartpole-v1 does not offer"):
        Threatened(rallypoint.make("cartpole-v1"), [AntiGoal()])


def test_actions_that_the_geometry_does_not_map_are_refused():
    from tests.envs.harbour import Harbour

    with pytest.raises(InvalidConfig, match=r"3 numbered actions lead, .*'gulls'"):
        Threatened(Harbour(), [AntiGoal(victims=["gull_0"])])
