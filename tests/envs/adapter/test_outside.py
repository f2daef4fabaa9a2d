"""Observations outside of their declared Box: refused, cut off, or shown in an open space."""

import re
from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, Tuple, flatten, flatten_space
from pettingzoo.test import parallel_api_test

import rallypoint
from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.views.adapter import adapt
from rallypoint.envs.views.adapter.alone import Alone
from rallypoint.envs.views.parallel import ParallelView
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.errors import InvalidConfig, NotConformant
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threat_model import ThreatModel
from tests.envs.adapter.side_by_side import assert_same_as_raw
from tests.envs.adapter.toys import Comings

LANDER = "gymnasium:LunarLander-v3"
UP = 1


class Kite(gymnasium.Env):
    """Rises or falls by one, and declares that it never gets higher than 2.5."""

    observation_space = Box(np.float32([-2.5, 0]), np.float32([2.5, 1]))
    action_space = Discrete(2)

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self._height = self.np_random.random()
        return self._seen(), {}

    def step(self, action):
        self._height += 1 if action == UP else -1
        return self._seen(), self._height, abs(self._height) > 8, False, {}

    def _seen(self):
        return np.array([self._height, 0.5], dtype=np.float32)


class Hangar(Kite):
    """The same, seen as a Dict whose parts are declared in an order of their own."""

    observation_space = Dict(
        [
            ("wind", Tuple((Discrete(3), Box(-1, 1, (2,), np.int16)))),
            ("kite", Kite.observation_space),
        ]
    )
    wind = 2

    def _seen(self):
        gusts = np.full(2, round(self._height), dtype=np.int16)
        return {"wind": (self.wind, gusts), "kite": super()._seen()}


def flown(env, steps):
    """Rise for some steps; return all that was seen, (steps + 1, E, …)."""
    first = env.reset(seed=3)["agents"]
    actions = {"agents": np.full((env.num_copies, 1), UP)}
    then = [env.step(actions).observations["agents"] for _ in range(steps)]
    return np.array([first, *then])[:, :, 0]


def test_other_peoples_worlds_are_held_to_their_bounds_and_the_refusal_says_how_to_go_on():
    hint = "outside='clip' cuts it off, and 'allow' declares no bounds"
    with pytest.raises(NotConformant, match=re.escape(hint)):
        flown(adapt(Kite), 4)


def test_what_is_allowed_is_seen_as_it_is_in_a_space_that_holds_it():
    env = adapt(Kite, copies=2, outside="allow")
    assert env.groups[0].observation_space == Box(-np.inf, np.inf, (2,), np.float32)
    seen = flown(env, 7)
    starts = seen[0, :, 0]
    np.testing.assert_allclose(seen[:, :, 0], starts + np.arange(8)[:, None], rtol=1e-6)
    assert seen.max() > Kite.observation_space.high.max()


@pytest.mark.parametrize("make", [Kite, Hangar])
@pytest.mark.parametrize("outside", ["allow", "clip"])
def test_either_way_it_keeps_the_whole_contract_of_a_world(make, outside):
    env = partial(adapt, make, max_cycles=9, outside=outside)
    assert_is_env(env, processes=False)


def test_within_its_bounds_every_setting_shows_the_same():
    settings = (None, "refuse", "clip", "allow")
    seen = [flown(adapt(Kite, copies=3, outside=outside), 1) for outside in settings]
    for other in seen[1:]:
        np.testing.assert_array_equal(other, seen[0])


def test_what_is_cut_off_stays_in_the_space_that_was_declared():
    env = adapt(Kite, copies=2, outside="clip")
    space = env.groups[0].observation_space
    assert space == Kite.observation_space
    free = flown(adapt(Kite, copies=2, outside="allow"), 7)
    np.testing.assert_array_equal(flown(env, 7), free.clip(space.low, space.high))


def test_parts_without_bounds_are_flattened_in_their_own_order():
    env = adapt(Hangar, outside="allow")
    wide = Dict(
        [
            ("wind", Tuple((Discrete(3), Box(-(2**15), 2**15 - 1, (2,), np.int16)))),
            ("kite", Box(-np.inf, np.inf, (2,), np.float32)),
        ]
    )
    assert env.groups[0].observation_space == flatten_space(wide)
    raw = Hangar()
    env.reset(seed=1)
    raw.reset(seed=int(env.episode_seeds[0]))
    for _ in range(6):
        seen = env.step({"agents": np.array([[UP]])}).observations["agents"][0, 0]
        np.testing.assert_array_equal(seen, flatten(wide, raw.step(UP)[0]))


@pytest.mark.parametrize("outside", ["clip", "allow"])
@pytest.mark.parametrize("height", [np.nan, np.inf, -np.inf])
def test_what_is_no_finite_number_is_refused_always(outside, height):
    class Torn(Kite):
        def _seen(self):
            seen = super()._seen()
            return seen if seen[0] < 3 else np.array([height, 4.0], dtype=np.float32)

    with pytest.raises(NotConformant, match="or not finite"):
        flown(adapt(Torn, outside=outside), 4)


@pytest.mark.parametrize("outside", ["clip", "allow"])
def test_one_of_a_few_is_never_made_another(outside):
    class Lost(Hangar):
        wind = 3

    with pytest.raises(NotConformant, match=r"observes 3 at 'wind/0', which is not in Discrete"):
        flown(adapt(Lost, outside=outside), 1)


def test_nobody_is_there_where_bounds_leave_zero_out():
    class Far(Comings):
        def __init__(self, render_mode=None):
            super().__init__(render_mode=render_mode)
            for name, (space, actions) in self._spaces.items():
                far = Box(2, 3, space.shape, space.dtype.type)
                self._spaces[name] = (far, actions)

        def observe(self, agents):  # below what is declared
            return {name: seen - 1 for name, seen in super().observe(agents).items()}

    env = adapt(Far, outside="clip")
    env.reset(seed=0)
    idle = {
        group.name: [[group.action_space.sample() for _ in group.agents]] for group in env.groups
    }
    step = env.step({name: np.array(chosen) for name, chosen in idle.items()})
    by_agent = dict(zip(env.groups[0].agents, step.observations["wolf"][0], strict=True))
    np.testing.assert_array_equal(by_agent["wolf_0"], [2, 2])
    np.testing.assert_array_equal(by_agent["wolf_1"], [0, 0])  # yet to arrive


def test_views_and_threats_go_by_the_space_of_the_world():
    lying = ThreatModel.from_dict(
        {"threats": [{"kind": "observation_noise", "victims": "all", "scale": 3.0}]}
    )
    for outside in ("allow", "clip"):
        env = Threatened(adapt(Kite, copies=4, max_cycles=7, outside=outside), lying.threats)
        space = env.groups[0].observation_space
        assert Sb3View(env).observation_space == space
        seen = flown(env, 6)
        assert ((seen >= space.low) & (seen <= space.high)).all()
        assert (seen.max() > 4) == (outside == "allow")
    parallel_api_test(ParallelView(adapt(Kite, outside="allow")), num_cycles=30)


def test_a_word_that_is_none_of_the_three_is_refused():
    with pytest.raises(InvalidConfig, match=r"got 'alow'; did you mean 'allow'\? Known: allow, cl"):
        adapt(Kite, outside="alow")


@pytest.mark.parametrize("settings", [{}, {"continuous": True}])
def test_a_lander_that_flies_off_is_shown_as_it_is_unless_one_asks_for_its_bounds(settings):
    pytest.importorskip("Box2D", reason=f"{LANDER} needs rallypoint[box2d]")
    declared = gymnasium.make("LunarLander-v3", **settings).observation_space
    upwards = [1.0, 0.0] if settings else 2

    def flight(**asked):
        env = rallypoint.make(LANDER, copies=2, **asked, **settings)
        actions = np.broadcast_to(upwards, (2, 1, *env.groups[0].action_space.shape))
        env.reset(seed=0)
        ended = np.zeros(2, dtype=bool)
        while not ended.any():
            step = env.step({"agents": actions})
            ended = step.ended
            yield step.observations["agents"][..., 1].max()

    assert max(flight()) > declared.high[1]
    assert max(flight(outside="clip")) == declared.high[1]
    with pytest.raises(NotConformant, match="which is not in Box"):
        max(flight(outside="refuse"))


def test_copies_of_the_lander_are_the_environment_itself():
    pytest.importorskip("Box2D", reason=f"{LANDER} needs rallypoint[box2d]")
    assert_same_as_raw(
        adapt(LANDER, copies=2),
        lambda: Alone(gymnasium.make("LunarLander-v3", disable_env_checker=True)),
        steps=150,
    )
