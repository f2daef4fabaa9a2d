import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, Graph, OneOf, Sequence, Text, Tuple, flatten

from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import InvalidConfig, NotConformant
from tests.envs.adapter.toys import DIES, LIMIT, Comings, Levers, Nested, Toy


def nested(*, copies=1, **settings):
    return adapt(Nested, copies=copies, **settings)


def levers(*, copies=1, **settings):
    return adapt(Levers, copies=copies, **settings)


@pytest.mark.parametrize("make", [nested, levers])
def test_nested_observations_and_several_actions_at_once_keep_the_whole_contract(make):
    assert_is_env(make, processes=False, max_steps=2 * LIMIT)


def test_a_dict_becomes_the_array_that_gymnasium_flattens_it_to():
    env = nested(copies=3)
    seen = env.reset(seed=0)["agents"]
    space = Dict({k: v for k, v in Nested.observation_space.items() if k != "action_mask"})
    for row, play in enumerate(env._plays):
        told = {key: part for key, part in play.env.env.seen.items() if key != "action_mask"}
        np.testing.assert_array_equal(seen[row, 0], flatten(space, told))
    assert env.groups[0].observation_space == gymnasium.spaces.flatten_space(space)


def test_a_mask_in_the_observation_is_offered_and_not_seen_twice():
    env = nested(copies=2)
    env.reset(seed=0)
    told = [play.env.env.seen["action_mask"] for play in env._plays]
    np.testing.assert_array_equal(env.action_mask()["agents"][:, 0], np.array(told, dtype=bool))


def test_a_dict_of_one_part_beside_the_mask_is_that_part():
    class One(Nested):
        observation_space = Dict(
            {
                "observation": Box(0, 255, (4, 4, 3), np.uint8),
                "action_mask": Box(0, 1, (4,), np.int8),
            }
        )

    env = adapt(One)
    assert env.groups[0].observation_space == Box(0, 255, (4, 4, 3), np.uint8)
    assert env.reset(seed=0)["agents"].shape == (1, 1, 4, 4, 3)


def test_masks_in_infos_are_offered_to_all_groups_of_discrete_actions():
    def allow(time, told, env):
        masks = {a: {"action_mask": np.array([1, 0, time % 2], np.int8)} for a in env.agents[:1]}
        return *told[:-1], {a: masks.get(a, {}) for a in env.names}

    class Alone(Toy):
        names = ("wolf_0", "sheep_0")

    env = adapt(lambda: Alone(allow), copies=2)
    env.reset(seed=0)
    assert env.offers == {"action_mask"}
    assert list(env.action_mask()) == ["wolf"]  # the sheep chooses two things at once
    assert env.action_mask()["wolf"].tolist() == [[[True, False, False]]] * 2
    env.step({"wolf": np.zeros((2, 1), int) - 1, "sheep": np.zeros((2, 1, 2), int)})
    assert env.action_mask()["wolf"].tolist() == [[[True, False, True]]] * 2


class Masked(Comings):
    """Wolves see a number one-hot beside others, and may do but one thing."""

    def __init__(self, render_mode=None):
        def allow(time, told, env):
            return *told[:-1], {a: {"action_mask": np.array([0, 1, 0])} for a in told[0]}

        super().__init__(allow, render_mode)
        seen = Tuple([Discrete(3), Box(0, 1, (2,), np.float32)])
        self._spaces = {name: (seen, Discrete(3)) for name in self.names}

    def observe(self, agents):
        return {a: (1, self._rng.random(2, np.float32)) for a in agents}


def masked(*, copies=1, **settings):
    return adapt(Masked, copies=copies, **settings)


def test_nested_observations_of_agents_that_come_and_go_keep_the_whole_contract():
    assert_is_env(masked, processes=False, max_steps=2 * LIMIT)


def test_the_absent_see_zeros_and_everything_is_allowed_to_them():
    env = masked()
    seen = env.reset(seed=0)["agents"]
    late, dies = env.agents.index("wolf_1"), env.agents.index("wolf_0")
    for _ in range(DIES + 1):
        assert not seen[0, late].any() or env.alive[0, late]
        told = env.step({"agents": np.ones((1, 3), int)})
        seen = told.observations["agents"]
    assert not seen[0, dies].any()
    assert seen[0, late, 1] == 1
    assert env.action_mask()["agents"][0, dies].all()
    assert env.action_mask()["agents"][0, late].tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("space", "why"),
    [
        (Sequence(Discrete(2)), "a sequence has no fixed length"),
        (Graph(Box(0, 1, (2,)), None), "a graph has no fixed number of nodes"),
        (Text(5), "a text has no fixed length"),
        (OneOf([Discrete(2), Discrete(3)]), "may be of another shape"),
        (Dict({"near": Tuple([Discrete(2), Sequence(Discrete(2))])}), r"\(at near/1\)"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_observations_that_are_no_arrays_are_refused_with_the_reason(space, why):
    class Other(Levers):
        observation_space = space

    with pytest.raises(InvalidConfig, match=why):
        adapt(Other)


@pytest.mark.parametrize("space", [Dict({}), Tuple([]), Dict({"near": Tuple([])})], ids=str)
def test_observations_without_any_part_are_refused(space):
    class Other(Levers):
        observation_space = space

    with pytest.raises(InvalidConfig, match=r"must observe an array at least, and .* has no parts"):
        adapt(Other)


def test_a_number_too_large_for_its_space_is_told_as_one():
    class Other(Levers):
        observation_space = Discrete(3)

        def reset(self, seed=None, options=None):
            return 10**30, {}

    env = adapt(Other)
    with pytest.raises(NotConformant, match=r"the int 1000.*, and declares an array .. of int64"):
        env.reset(seed=0)


def test_actions_that_are_no_array_are_refused_with_the_reason():
    class Other(Levers):
        action_space = Tuple([Discrete(2), Box(0, 1, (2,))])

    with pytest.raises(InvalidConfig, match="an action must be one array"):
        adapt(Other)


def test_sampling_from_a_groups_space_leaves_the_environments_alone():
    env = levers()
    inside = env._plays[0].env.action_space("agent_0")
    inside.seed(0)
    expected = inside.sample()
    inside.seed(0)
    env.groups[0].action_space.sample()
    np.testing.assert_array_equal(inside.sample(), expected)
