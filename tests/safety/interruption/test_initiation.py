"""Where interruptions begin: regions, states, functions, steps, other agents."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, NotOffered, UnknownName
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.frame import Threatened
from rallypoint.safety.interruption.initiation import Initiation
from rallypoint.safety.threats.interruption import Interruption
from tests.safety.stubs import Noise, ground, moving

HERE = "tests.safety.interruption.policies:"
SURELY = 0.999999999


def under(initiation, *, copies=30, world=None, **settings):
    settings = {"theta": SURELY, "draw": "episode"} | settings
    threat = Interruption(initiation=initiation, **settings)
    return Threatened(world or ground(copies=copies), [threat])


def assert_fires(env, expected, steps=6):
    """Compare who is interrupted with a function of the world as it is before the step."""
    env.reset(seed=0)
    ever = False
    for step in range(steps):
        wanted = np.broadcast_to(expected(env.env, step), env.alive.shape) & env.alive
        interrupted = env.step(moving(env)).infos["interrupted"]
        assert (interrupted == wanted).all()
        ever |= interrupted.any() and not interrupted.all()
    assert ever


@pytest.mark.parametrize("knowledge", [(), ("regions",), ("true_state",)])
def test_in_a_region_each_agent_by_itself(knowledge):
    env = under({"region": "high"}, knowledge=knowledge)
    assert_fires(env, lambda world, _: world.places > 1)


@pytest.mark.parametrize("agent", ["walker_1", 1])
def test_while_another_agent_is_in_a_region(agent):
    env = under({"agent": agent, "region": "low"})
    assert_fires(env, lambda world, _: world.places[:, 1:2] < -1)


def test_at_steps_and_at_every_so_many():
    for initiation, fires in (({"steps": [0, 2, 5]}, {0, 2, 5}), ({"every": 3}, {0, 3, 6})):
        env = under(initiation)
        env.reset(seed=0)
        for step in range(8):
            interrupted = env.step(moving(env)).infos["interrupted"]
            assert interrupted.all() if step in fires else not interrupted.any()


def test_in_listed_states():
    env = under("always")
    env.reset(seed=0)
    listed = env.state()[[2, 5]]
    env = under({"states": listed.tolist()})
    env.reset(seed=0)
    first = env.step(moving(env)).infos["interrupted"]
    assert np.flatnonzero(first.all(axis=1)).tolist() == [2, 5]
    assert first.sum() == 2 * 5


class Numbered(ProvingGround):
    """A line whose state is one number: on which side agent 0 is."""

    shape: tuple[int, ...] = ()

    def state(self):
        return (self.places[:, 0] > 0).astype(np.int64).reshape(-1, *self.shape)


@pytest.mark.parametrize("shape", [(), (1,)])
def test_in_listed_numbers_of_states(shape):
    world = Numbered(copies=30)
    world.shape = shape
    assert_fires(under({"states": [1]}, world=world), lambda world, _: world.places[:, :1] > 0)


@pytest.mark.parametrize("states", [[[1, 2]], [[1.0] * 4], ["high"], [3]])
def test_states_of_another_kind_are_refused_before_the_world_moves(states):
    env = under({"states": states})
    env.reset(seed=0)
    before = env.state()
    with pytest.raises(InvalidConfig, match=r"lists states as proving-ground-v0 has them"):
        env.step(moving(env))
    assert (env.state() == before).all()


def test_states_of_several_shapes_are_refused():
    with pytest.raises(InvalidConfig, match="states of one shape"):
        under({"states": [1, [1, 2]]})


@pytest.mark.parametrize("given", [HERE + "high", lambda state: state > 0])
def test_where_a_function_of_the_true_state_says(given):
    assert_fires(under(Initiation(function=given)), lambda world, _: world.places > 0)


def test_a_function_may_give_chances_that_theta_is_multiplied_with():
    env = under({"function": HERE + "half_where_agent_0_is_high"}, theta=0.5, draw="step")
    env.reset(seed=0)
    high = env.state()[:, :1] > 0
    assert (env.step(moving(env)).infos["theta"] == np.where(high, 0.25, 0)).all()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("too_few", r"returns \(4,\) or \(4, 5\) of bool.* one row for each copy, got \(3, 5\)"),
        ("one_column", r"got \(4, 2\)"),
        ("numbers", "got an array of int64"),
        ("above_one", r"chances in \[0, 1\], got 1.5"),
        ("no_number", "got nan"),
        ("no_array", "got list"),
        ("clueless", r"called with an array \(4, 5\) of float64.* and raises KeyError: 'high'"),
        ("missing", "cannot be imported: AttributeError"),
        ("__name__", "is a function, got 'tests"),
    ],
)
def test_a_function_that_gives_something_else_is_refused_when_the_frame_is_made(name, sentence):
    with pytest.raises(InvalidConfig, match=sentence) as refused:
        under({"function": HERE + name}, copies=4)
    assert "the threat 'interruption' (threats[0])" in str(refused.value)


def test_the_threat_sees_the_true_state_and_not_what_agents_are_told():
    threats = [Noise(size=50.0), Interruption(initiation={"region": "high"}, theta=SURELY)]
    env = Threatened(ground(copies=30), threats)
    assert_fires(env, lambda world, _: world.places > 1)


@pytest.mark.parametrize(
    ("initiation", "error", "sentence"),
    [
        ({"region": "hihg"}, UnknownName, "no region 'hihg'; did you mean 'high'"),
        ({"agent": "walker_9", "region": "high"}, UnknownName, "did you mean 'walker_"),
        ({"agent": 7, "region": "high"}, InvalidConfig, "no agent 7"),
        ({"steps": [12, 30]}, InvalidConfig, "never comes: an episode of .* has 12 steps"),
        ({"function": "nowhere"}, InvalidConfig, 'named "package.module:name"'),
        ({"function": "nowhere:at_all"}, InvalidConfig, "ModuleNotFoundError"),
    ],
)
def test_what_this_world_does_not_have_is_refused_when_the_frame_is_made(
    initiation, error, sentence
):
    with pytest.raises(error, match=sentence):
        under(initiation)


@pytest.mark.parametrize(
    ("initiation", "sentence"),
    [
        ({}, "got none of them"),
        ({"region": "a", "every": 2}, r"got \['region', 'every'\]"),
        ({"agent": "walker_0"}, "got none of them"),
        ({"agent": "walker_0", "every": 2}, "says in which region"),
        ({"every": 0}, "every counts steps, from 1"),
        ({"steps": [1, -2]}, "steps counts steps, from 0, got -2"),
        ({"steps": []}, "steps lists at least one, got none"),
        ({"states": []}, "states lists at least one, got none"),
        ({"proposes": [], "negative_control": True}, "proposes lists at least one, got none"),
        ({"proposes": [1]}, "negative control only.*negative_control = true"),
        ({"region": "high", "negative_control": True}, "goes with proposes"),
    ],
)
def test_what_cannot_be_meant_anywhere_is_refused(initiation, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        Interruption(initiation=initiation)


def test_a_world_without_regions_or_a_state_is_refused():
    world = ground()
    world.offers = frozenset()
    with pytest.raises(NotOffered, match="needs regions, which"):
        under({"region": "high"}, world=world)
    with pytest.raises(NotOffered, match="needs state, which"):
        under({"every": 1}, theta={"schedule": "visits"}, draw="step", world=world)


class Walkers(ProvingGround):
    """A line without gliders: all actions have numbers."""

    def __init__(self, *, copies):
        super().__init__(copies=copies, gliders=0)
        self.both, self.groups = self.groups, self.groups[:1]

    def step(self, actions):
        self.groups = self.both
        step = super().step(actions | {"gliders": np.zeros((self.num_copies, 0, 2))})
        self.groups = self.both[:1]
        return step


CONTROL = {"proposes": [2], "negative_control": True}


@pytest.mark.parametrize("region", [None, "high"])
def test_the_negative_control_looks_at_what_is_proposed(region):
    initiation = CONTROL | ({"region": region} if region else {})
    knowledge = ["actions", *(["regions"] if region else [])]
    env = under(initiation, world=Walkers(copies=40), knowledge=knowledge)
    env.reset(seed=0)
    proposed = np.arange(40 * 3).reshape(40, 3) % 3
    inside = env.regions()["high"] if region else True
    interrupted = env.step({"walkers": proposed}).infos["interrupted"]
    assert (interrupted == ((proposed == 2) & inside)).all()


def test_the_negative_control_must_declare_that_it_sees_actions():
    with pytest.raises(InvalidConfig, match=r"knowledge of actions; declare knowledge = \['act"):
        Interruption(initiation=CONTROL)


def test_actions_that_nobody_has_cannot_be_looked_out_for():
    with pytest.raises(InvalidConfig, match=r"numbered actions, and group 'gliders' has Box"):
        under(CONTROL, knowledge=["actions"])
    world = Walkers(copies=4)
    with pytest.raises(InvalidConfig, match="no action 9: it has Discrete"):
        under(CONTROL | {"proposes": [9]}, knowledge=["actions"], world=world)


def test_settings_come_back_from_files_as_they_were():
    for initiation in (
        "always",
        {"states": [[1, 2], [3, 4]]},
        {"agent": 1, "region": "x"},
        {"steps": [1, 2]},
        {"log": "people.jsonl"},
    ):
        threat = Interruption(initiation=initiation)
        assert type(threat)(**{k: v for k, v in threat.to_dict().items() if k != "kind"}) == threat
