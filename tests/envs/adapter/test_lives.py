import numpy as np
import pytest
from pettingzoo.test import parallel_api_test

from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.conformance.actor import Actor
from rallypoint.envs.views.adapter import adapt
from rallypoint.envs.views.parallel import ParallelView
from rallypoint.errors import EpisodeEnded
from tests.envs.adapter.side_by_side import assert_same_as_raw
from tests.envs.adapter.toys import COMES, DIES, LEAVES, LIMIT, Comings, Toy

AGENTS = ("wolf_0", "wolf_1", "sheep_0")  # in the order of the groups


def toys(*, copies=1, **settings):
    return adapt(Toy, copies=copies, **settings)


def comings(*, copies=1, **settings):
    return adapt(Comings, copies=copies, **settings)


@pytest.fixture
def episode():
    """Play one episode of comings and goings; return the world, and what was told at each step."""
    env = comings(copies=2)
    env.reset(seed=0)
    actor = Actor(env)
    return env, [env.step(actor.choose()) for _ in range(LIMIT)]


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (("wolf_0", "wolfhound_0", "group_0_1"), ["group_0", "group_1"]),
        (("wolf_0", "herd/sheep_0"), ["wolf", "group_1"]),  # infos are called "what/group"
    ],
)
def test_groups_are_told_apart_by_their_names(names, groups):
    env = adapt(type("Named", (Toy,), {"names": names}))
    assert [group.name for group in env.groups] == groups


def test_agents_stand_in_the_order_of_their_groups():
    env = toys()
    assert env.agents == AGENTS
    assert [(g.name, g.agents) for g in env.groups] == [
        ("wolf", ("wolf_0", "wolf_1")),
        ("sheep", ("sheep_0",)),
    ]


@pytest.mark.parametrize("make", [toys, comings])
def test_the_toys_keep_the_whole_contract(make):
    assert_is_env(make, processes=False, max_steps=2 * LIMIT)


@pytest.mark.parametrize("make", [Toy, Comings])
def test_comings_and_goings_are_those_of_the_environment(make):
    assert_same_as_raw(adapt(make, copies=3), make, steps=4 * LIMIT)


def test_a_late_arrival_is_not_alive_before_it_comes(episode):
    _, steps = episode
    place = AGENTS.index("wolf_1")
    assert [bool(step.alive[0, place]) for step in steps[:COMES]] == [False, True]
    assert not steps[0].observations["wolf"][:, 1].any()
    assert steps[COMES - 1].observations["wolf"][:, 1].all()
    assert [step.rewards[0, place] for step in steps[: COMES + 1]] == [0, 0, COMES + 1]


def test_the_dead_see_their_last_and_then_nothing(episode):
    _, steps = episode
    place = AGENTS.index("wolf_0")
    assert [bool(s.terminated[0, place]) for s in steps] == [t + 1 == DIES for t in range(LIMIT)]
    assert not any(s.alive[0, place] for s in steps[DIES - 1 :])
    assert steps[DIES - 1].observations["wolf"][:, 0].all()
    assert not any(s.observations["wolf"][:, 0].any() for s in steps[DIES:])
    assert [s.rewards[0, place] for s in steps] == [1, 2, 3, 0, 0, 0]


def test_an_agent_truncated_alone_is_gone_and_the_others_go_on(episode):
    _, steps = episode
    place = AGENTS.index("sheep_0")
    assert [bool(s.truncated[0, place]) for s in steps] == [t + 1 == LEAVES for t in range(LIMIT)]
    assert not any(s.alive[0, place] for s in steps[LEAVES - 1 :])
    assert not steps[LEAVES - 1].ended.any()
    assert steps[LEAVES - 1].observations["sheep"].all()
    assert not steps[LEAVES].observations["sheep"].any()


def test_whoever_is_truncated_with_the_whole_copy_is_still_alive(episode):
    _, steps = episode
    place = AGENTS.index("wolf_1")
    last = steps[-1]
    assert last.ended.all()
    assert last.truncated[:, place].all()
    assert last.alive[:, place].all()


def test_an_environment_is_told_the_actions_of_its_living_agents_only(episode):
    env, _ = episode
    told = [list(actions) for actions in env._plays[0].env.acted]
    assert told[0] == ["wolf_0", "sheep_0"]
    assert told[COMES] == ["wolf_0", "sheep_0", "wolf_1"]
    assert told[-1] == ["wolf_1"]


def test_actions_are_of_the_type_that_spaces_sample():
    env = toys()
    env.reset(seed=0)
    env.step({"wolf": np.array([[-1, 1]], np.int32), "sheep": np.array([[[1, 2]]], np.int32)})
    acted = env._plays[0].env.acted[0]
    assert type(acted["wolf_0"]) is np.int64
    assert acted["wolf_1"] == 1
    assert acted["sheep_0"].dtype == np.int64


def test_a_limit_that_the_environment_does_not_know_is_kept_by_the_batch():
    env = toys(copies=2, max_cycles=3)
    assert env.time_limit == 3
    env.reset(seed=0)
    actor = Actor(env)
    steps = [env.step(actor.choose()) for _ in range(3)]
    assert [bool(s.truncated.all()) for s in steps] == [False, False, True]
    with pytest.raises(EpisodeEnded):
        env.step(actor.choose())


def test_a_limit_that_only_the_batch_keeps_may_be_refused_by_what_makes_the_environment():
    def make(**settings):
        return Toy(**settings)

    assert adapt(make, max_cycles=3).time_limit == 3


def test_whoever_dies_at_the_limit_is_terminated_and_not_truncated():
    class Both(Toy):
        def events(self, acted):
            over = dict.fromkeys(acted, self.time == LIMIT)
            return over, over, []

    env = adapt(Both)
    env.reset(seed=0)
    actor = Actor(env)
    steps = [env.step(actor.choose()) for _ in range(LIMIT)]
    assert steps[-1].terminated.all()
    assert not steps[-1].truncated.any()
    assert not steps[-1].alive.any()


def clearing_late(*, copies=1, **settings):
    def keep(time, told, env):
        env.agents = list(env.names)
        return told

    return adapt(lambda **more: Toy(keep, **more), copies=copies, **settings)


def test_a_list_of_agents_that_is_cleared_only_by_the_reset_is_an_end_all_the_same():
    assert_is_env(clearing_late, processes=False, max_steps=2 * LIMIT)


def test_environments_that_always_tell_of_everybody_are_understood():
    """Some return an entry for each possible agent; those of the absent are not looked at."""

    def tell_of_all(time, told, env):
        everybody = env.observe(env.names)
        if time == 0:
            return everybody, told[1]
        observations, rewards, terminated, truncated, infos = told
        return (
            everybody | observations,
            dict.fromkeys(env.names, 0.0) | rewards,
            dict.fromkeys(env.names, True) | terminated,
            dict.fromkeys(env.names, False) | truncated,
            infos,
        )

    told = adapt(lambda: Comings(tell_of_all), copies=2)
    told.reset(seed=0)
    actor = Actor(told)
    steps = [told.step(actor.choose()) for _ in range(LIMIT)]
    assert [step.alive[0].tolist() for step in steps] == [
        [True, False, True],
        [True, True, True],
        [False, True, True],
        [False, True, False],
        [False, True, False],
        [False, True, False],
    ]
    assert not steps[-1].observations["wolf"][:, 0].any()


def test_seen_as_a_pettingzoo_environment_again_it_passes_pettingzoos_test():
    parallel_api_test(ParallelView(comings()), num_cycles=50)


def test_closing_twice_closes_every_environment_once():
    env = toys(copies=3)
    made = [play.env for play in env._plays]
    env.close()
    env.close()
    assert [one.closed for one in made] == [1, 1, 1]


def test_pictures_are_those_of_the_copy_that_is_asked_for():
    env = toys(copies=2, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(Actor(env).choose())
    env.reset(mask=np.array([True, False]))
    assert [env.render(copy)[0, 0, 0] for copy in range(2)] == [0, 1]
