"""Agents as rows: who acts, who is filler, and where returns may not reach across."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rallypoint
from rallypoint.envs.batch import autoreset
from rallypoint.envs.views.slots import Slots
from rallypoint.errors import InvalidAction, InvalidConfig, NotReset
from tests.envs.views.worlds import NEVER, Schedule, Teams


def played(slots, steps, action=0):
    """Play and return what came of each step, with the observations before it."""
    seen, moments = slots.reset(0), []
    for _ in range(steps):
        rows = slots.step(np.full(slots.num_rows, action))
        moments.append((seen, rows))
        seen = rows.observations
    return moments


def told(moments, name, row):
    return [getattr(rows, name)[row].tolist() for _, rows in moments]


class Always:
    """Plays one action for each group, and counts how often it was asked."""

    def __init__(self, **actions):
        self.actions = actions
        self.numbers = []

    def act(self, observations, draws):
        self.numbers.append(draws.random(()))
        return {
            name: np.full(observations[name].shape[:2], action)
            for name, action in self.actions.items()
        }


def test_rows_are_ordered_copy_by_copy():
    slots = Slots(Schedule(copies=3, dies=(NEVER, NEVER)))
    seen = slots.reset(0)
    assert seen[:, 1].tolist() == [0, 1, 0, 1, 0, 1]
    rows = slots.step(np.array([0, 1, 0, 0, 1, 1]))
    assert rows.rewards.tolist() == [1, 2, 1, 1, 2, 2]
    assert slots.env.taken[0].tolist() == [[0, 1], [0, 0], [1, 1]]


def test_a_death_is_told_in_its_step_with_the_last_observation_and_filler_follows():
    moments = played(Slots(Schedule(dies=(3, NEVER), max_cycles=6)), 6)
    assert told(moments, "terminated", 0) == [False, False, True, False, False, True]
    assert told(moments, "truncated", 0) == [False] * 6
    assert told(moments, "filler", 0) == [False, False, False, True, True, True]
    assert told(moments, "rewards", 0) == [1, 1, 1, 0, 0, 0]
    assert told(moments, "truncated", 1) == [False] * 5 + [True]
    assert not any(told(moments, "filler", 1))
    last = moments[2][1].last[0]
    assert last.tolist() == [-1, -1, -1]  # what this world shows the dead


def test_the_rows_of_an_ended_copy_start_anew_within_the_step():
    moments = played(Slots(Schedule(dies=(3, NEVER), max_cycles=6)), 8)
    _, end = moments[5]
    assert end.last[1].tolist() == [6, 1, 1]
    assert end.observations[1].tolist() == [0, 1, 1]
    assert end.observations[0].tolist() == [0, 0, 1]
    assert told(moments, "filler", 0)[6:] == [False, False]


def test_a_late_arrival_is_filler_until_it_is_there_and_a_stretch_of_filler_ends_with_it():
    slots = Slots(Schedule(dies=(NEVER, NEVER), arrives=(0, 2), max_cycles=5))
    moments = played(slots, 5)
    assert told(moments, "filler", 1) == [True, True, False, False, False]
    assert told(moments, "terminated", 1) == [False, True, False, False, False]
    assert told(moments, "rewards", 1) == [0, 0, 1, 1, 1]
    assert told(moments, "truncated", 1) == [False] * 4 + [True]


def test_an_agent_cut_short_alone_is_truncated_then_and_filler_for_the_rest():
    slots = Slots(Schedule(dies=(NEVER, NEVER), cut=(2, NEVER), max_cycles=4))
    moments = played(slots, 4)
    assert told(moments, "truncated", 0) == [False, True, False, False]
    assert told(moments, "filler", 0) == [False, False, True, True]
    assert told(moments, "terminated", 0) == [False, False, False, True]


def test_a_death_at_the_time_limit_is_a_death():
    moments = played(Slots(Schedule(dies=(4, NEVER), max_cycles=4)), 4)
    assert told(moments, "terminated", 0)[-1]
    assert not told(moments, "truncated", 0)[-1]


def test_a_world_that_says_both_is_taken_to_say_that_the_agent_is_gone():
    world = Schedule(dies=(NEVER, NEVER))
    step = world.step
    both = np.array([[True, False]])
    world.step = lambda actions: step(actions)._replace(
        terminated=both, truncated=both, alive=~both
    )
    slots = Slots(world)
    slots.reset(0)
    rows = slots.step(np.zeros(2, int))
    assert rows.terminated.tolist() == [True, False]
    assert not rows.truncated.any()


def test_an_agent_that_is_removed_ends_for_good():
    env = rallypoint.make("gathering-v0", copies=2, num_agents=3, max_cycles=5)
    slots = Slots(env)
    slots.reset(0)
    gone = np.zeros((2, 3), bool)
    gone[1, 2] = True
    env.remove(gone)
    rows = slots.step(np.zeros(6, int))
    assert rows.terminated.tolist() == [False] * 5 + [True]
    assert not rows.filler.any()
    assert slots.step(np.zeros(6, int)).filler.tolist() == [False] * 5 + [True]


def test_copies_that_end_apart_start_apart():
    env = rallypoint.make("gathering-v0", copies=2, num_agents=2, max_cycles=4)
    slots = Slots(env)
    slots.reset(0)
    slots.step(np.zeros(4, int))
    env.remove(np.array([[True, True], [False, False]]))
    env.reset(mask=np.array([True, False]))
    with pytest.raises(InvalidConfig, match="start every copy"):
        slots.reset(1, np.array([True, False]))
    slots.reset(copies=np.array([True, False]))
    ends = [slots.step(np.zeros(4, int)).truncated.tolist() for _ in range(4)]
    assert ends == [
        [False] * 4,
        [False] * 4,
        [False, False, True, True],
        [True, True, False, False],
    ]


some_steps = st.lists(st.integers(1, 9), min_size=3, max_size=3)


@given(dies=some_steps, arrives=some_steps, cut=some_steps)
def test_rows_keep_their_promises_whoever_comes_and_goes(dies, arrives, cut):
    arrives = [0, *(a if a < d else 0 for a, d in zip(arrives[1:], dies[1:], strict=True))]
    world = Schedule(dies=dies, arrives=arrives, cut=cut, max_cycles=7)
    slots = Slots(world)
    acting, moments = [], []
    slots.reset(0)
    for _ in range(30):
        acting.append(slots.acting)
        moments.append(slots.step(np.zeros(3, int)))
    filler = np.array([rows.filler for rows in moments])
    terminated = np.array([rows.terminated for rows in moments])
    truncated = np.array([rows.truncated for rows in moments])
    np.testing.assert_array_equal(~np.array(acting), filler)
    assert not (terminated & truncated).any()
    assert not (truncated & filler).any()
    assert all((rows.rewards[rows.filler] == 0).all() for rows in moments)
    # Where one stretch follows another, the first is done.
    turns = filler[1:] != filler[:-1]
    assert (terminated | truncated)[:-1][turns].all()


def test_the_share_of_filler_is_counted():
    slots = Slots(Schedule(dies=(2, NEVER), max_cycles=4))
    assert slots.filler_share == 0
    played(slots, 4)
    assert slots.filler_share == 2 / 8
    played(slots, 2)  # a seed starts the count anew
    assert slots.filler_share == 0


def test_infos_are_spread_over_rows():
    _, rows = played(Slots(Schedule(copies=2, dies=(NEVER, NEVER))), 2)[1]
    assert rows.infos["doubled"].tolist() == [2, 2, 2, 2]
    assert rows.infos["number"].tolist() == [2, 3, 2, 3]


def test_rewards_of_the_world_are_not_written_to():
    slots = Slots(Schedule(dies=(2, NEVER)))
    slots.reset(0)
    before = slots.step(np.zeros(2, int)).rewards
    slots.step(np.ones(2, int))
    assert before.tolist() == [1, 1]


def test_several_groups_need_a_choice_and_somebody_to_play_the_rest():
    for choice in ({}, {"group": "runners"}, {"others": Always()}):
        with pytest.raises(InvalidConfig, match=r"'chasers', 'runners'.*group=.*others="):
            Slots(Teams(), **choice)
    with pytest.raises(InvalidConfig, match="did you mean 'runners'"):
        Slots(Teams(), group="runner")


def test_one_group_is_shown_while_a_policy_plays_the_others():
    env = Teams(copies=2)
    others = Always(chasers=2)
    moments = played(Slots(env, group="runners", others=others), 6, action=1)
    assert env.taken[0]["chasers"].tolist() == [[2], [2]]
    assert env.taken[0]["runners"].tolist() == [[1, 1], [1, 1]]
    assert told(moments, "rewards", 3) == [2, 2, 2, 0, 0, 0]
    assert {name: values.tolist() for name, values in moments[0][1].infos.items()} == {
        "done/runners": [1, 1, 1, 1]
    }
    # The runners are gone, but the copy goes on until the chaser's time is up.
    assert told(moments, "terminated", 3) == [False, False, True, False, False, True]
    assert told(moments, "filler", 3) == [False, False, False, True, True, True]


def test_a_group_may_be_shown_that_lives_longer_than_the_others():
    moments = played(Slots(Teams(), group="chasers", others=Always(runners=0)), 7)
    assert told(moments, "truncated", 0) == [False] * 5 + [True, False]
    assert told(moments, "rewards", 0) == [4] * 7


def test_the_others_draw_from_streams_that_start_anew_with_each_episode():
    others = Always(chasers=0)
    slots = Slots(Teams(copies=2), group="runners", others=others)
    played(slots, 12)
    first = np.array(others.numbers)
    others.numbers.clear()
    played(slots, 6)
    np.testing.assert_array_equal(np.array(others.numbers), first[:6])
    assert (first[6:] != first[:6]).all()


def test_a_world_that_resets_itself_is_refused():
    slots = Slots(autoreset(Schedule()))
    slots.reset(0)
    with pytest.raises(InvalidConfig, match=r"without autoreset\(\)"):
        slots.step(np.zeros(2, int))


def test_actions_of_another_shape_and_early_ones_are_refused():
    slots = Slots(Schedule(copies=2))
    with pytest.raises(NotReset):
        slots.step(np.zeros(4, int))
    slots.reset(0)
    for wrong in (np.zeros(3, int), [[0], [0, 0], 0, 0]):
        with pytest.raises(InvalidAction, match=r"\(4,\), a row for each agent of each copy, got"):
            slots.step(wrong)


def test_spaces_that_are_no_arrays_are_refused():
    from gymnasium.spaces import Text

    env = Schedule()
    env.groups = (env.groups[0]._replace(observation_space=Text(3)),)
    with pytest.raises(InvalidConfig, match="no array"):
        Slots(env)
