"""Gridworlds as worlds: the contract in every setting, what is seen, and what is refused."""

import numpy as np
import pettingzoo
import pytest

import rallypoint
from rallypoint.envs import gridworlds as folder
from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.gridworlds.task import Map, Task
from rallypoint.envs.gridworlds.world import Gridworld
from rallypoint.errors import InvalidConfig, NotOffered
from tests.envs.gridworlds.worlds import IDS, SETTINGS


@pytest.mark.parametrize(
    ("id", "chosen"), [pair for pair in SETTINGS if pair[1]], ids=[i for i in IDS if i[-1] != "-"]
)
def test_the_contract_is_kept_in_every_setting(id, chosen):
    assert_is_env(id, processes=False, max_cycles=20, **chosen)


@pytest.mark.parametrize("id", ["corridor-v0", "shutdown-delay-v0", "friend-or-foe-v0"])
def test_the_contract_is_kept_where_boards_are_seen(id):
    assert_is_env(id, processes=False, max_cycles=15, observation="board")


@pytest.mark.parametrize(("id", "chosen"), SETTINGS, ids=IDS)
def test_a_board_shows_as_much_as_a_number_says(id, chosen, rng):
    worlds = [
        rallypoint.make(id, copies=20, observation=kind, **chosen) for kind in ("state", "board")
    ]
    number, board = (env.reset(seed=0)["agents"] for env in worlds)
    names = worlds[0].action_names
    board_by_number, number_by_board = {}, {}
    for _ in range(60):
        for agent in range(worlds[0].num_agents):
            for told, shown in zip(number[:, agent].tolist(), board[:, agent], strict=True):
                seen = agent, shown.tobytes()
                assert board_by_number.setdefault((agent, told), seen) == seen
                number_by_board.setdefault(seen, told)
        moves = rng.integers(len(names), size=(20, worlds[0].num_agents))
        steps = [env.step({"agents": moves}) for env in worlds]
        number, board = (step.observations["agents"] for step in steps)
        np.testing.assert_array_equal(steps[0].rewards, steps[1].rewards)
        if steps[0].ended.any():
            number, board = (env.reset(mask=steps[0].ended)["agents"] for env in worlds)
    assert len(board_by_number) > 3
    if worlds[0].num_agents < 3:  # which of several others is which, a board does not say
        assert len(number_by_board) == len(board_by_number)


def test_a_board_has_a_layer_for_everything():
    env = rallypoint.make("corridor-v0", observation="board")
    seen = env.reset(seed=0)["agents"]
    assert env._board.layers == ("#", "G", "I", "B", "self", "others")
    shown = {
        name: np.argwhere(seen[0, 1, layer]).tolist()
        for layer, name in enumerate(env._board.layers)
    }
    assert shown["self"] == [[1, 6]]
    assert shown["others"] == [[1, 5]]
    assert shown["G"] == [[1, 1]]
    assert shown["B"] == [[3, 6]]
    assert len(shown["#"]) == 40 - 10
    env = rallypoint.make("shutdown-delay-v0", observation="board")
    assert env._board.layers == ("#", "B", "c", "C", "pressed", "moves", "self")
    assert env.reset(seed=0)["agents"][0, 0, 5].max() == 0.5


def test_who_is_gone_hides_nobody_on_a_board():
    task = Task(maps=(Map(rows=("012",)),))
    env = Gridworld("row-v0", task, observation="board")
    env.reset(seed=0)
    env.remove(np.array([[False, False, True]]))
    step = env.step({"agents": np.array([[0, 3, 0]])})
    others = step.observations["agents"][0, :, env._board.layers.index("others"), 0]
    assert others.tolist() == [[0, 0, 1], [1, 0, 0], [1, 0, 1]]


def test_everybody_sees_the_same_number():
    env = rallypoint.make("corridor-v0", copies=5)
    seen = env.reset(seed=0)["agents"]
    assert (seen == seen[:, :1]).all()


def test_staying_is_an_action_only_where_it_was_asked_for():
    env = rallypoint.make("corridor-v0", push=True)
    assert env.noop is None
    assert env.action_names == ("up", "down", "left", "right", "push_left")
    env = rallypoint.make("corridor-v0", push=True, stay=True)
    assert env.action_names[-1] == "stay"
    assert env.noop == {"agents": 5}
    env.reset(seed=0)
    before = env.state()
    step = env.step({"agents": np.full((1, 2), env.noop["agents"])})
    assert env.state().tolist() == before.tolist()
    assert step.rewards.tolist() == [[-1, -1]]


def test_regions_are_where_they_say_until_the_button_is_pressed():
    env = rallypoint.make("safe-interruptibility-v0", copies=2)
    env.reset(seed=0)
    assert list(env.regions()) == ["I", "B"]
    ways = "dlllrrr", "ddduull"
    inside = []
    for moves in zip(*ways, strict=True):
        env.step({"agents": np.array([["udlr".index(move)] for move in moves])})
        inside.append({name: mask[:, 0].tolist() for name, mask in env.regions().items()})
    assert [now["B"] for now in inside] == [[False, step == 2] for step in range(7)]
    assert [now["I"] for now in inside] == [[step in {2, 4}, False] for step in range(7)]


@pytest.mark.parametrize("supervisor", [True, False])
def test_a_place_that_looks_the_same_is_one_region(supervisor):
    env = rallypoint.make("absent-supervisor-v0", supervisor=supervisor)
    env.reset(seed=0)
    for _ in range(2):
        env.step({"agents": np.array([[1]])})
    assert {name: inside.item() for name, inside in env.regions().items()} == {"P": True}


def test_a_world_without_places_offers_no_regions():
    env = rallypoint.make("friend-or-foe-v0")
    env.reset(seed=0)
    with pytest.raises(NotOffered, match="does not offer 'regions'"):
        env.regions()


@pytest.mark.parametrize(
    ("id", "settings", "says"),
    [
        ("safe-interruptibility-v0", {"level": 3}, "a level is 0, 1 or 2, got 3"),
        ("safe-interruptibility-v0", {"bonus": -1}, "a bonus is a finite number >= 0"),
        ("whisky-gold-v0", {"slip": 1.1}, r"a slip lies in \[0, 1\], got 1.1"),
        ("distributional-shift-v0", {"phase": "tset"}, "no phase is called 'tset'; did you mean"),
        ("corridor-v0", {"observation": "bord"}, "no observation is called 'bord'; did you mean"),
        ("corridor-v0", {"max_cycles": 0}, "max_cycles is an integer >= 1"),
        ("corridor-v0", {"render_mode": "ascii"}, "no render mode is called 'ascii'"),
        ("corridor-v0", {"level": 1}, "has no setting 'level'"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(id, settings, says):
    with pytest.raises(InvalidConfig, match=says):
        rallypoint.make(id, **settings)


def test_pettingzoo_makes_them_in_its_own_ways():
    made = [
        folder.parallel_env("corridor-v0", push=True),
        pettingzoo.make("parallel", "rallypoint/corridor-v0", push=True),
    ]
    seen = [env.reset(seed=5)[0]["agent_1"] for env in made]
    assert seen[0] == seen[1]
    assert made[0].metadata["name"] == "corridor_v0"
    assert folder.env("corridor-v0").possible_agents == ["agent_0", "agent_1"]
    assert folder.raw_env is folder.env
