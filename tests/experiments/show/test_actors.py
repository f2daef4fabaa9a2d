"""Who acts: by chance as allowed, by rule, or as trained."""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete

import rallypoint
from rallypoint.agents.train import Training, train
from rallypoint.batch_env import Group, check_actions
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, RallypointError, UnknownName
from rallypoint.experiments.show.actors import actor, settings_for
from rallypoint.experiments.show.at_random import AtRandom


class Somewhere:
    """As much of a world as acting at random needs."""

    def __init__(self, space, allowed=None):
        self.groups = (Group("agents", ("a", "b"), Discrete(2), space),)
        self.offers = frozenset() if allowed is None else frozenset({"action_mask"})
        self._allowed = allowed

    def action_mask(self):
        return {"agents": self._allowed}


def draws():
    return Draws(0, "tests/at-random", np.arange(1))


@pytest.mark.parametrize(
    "space",
    [
        Discrete(3, start=-2),
        MultiDiscrete([2, 5]),
        MultiBinary(4),
        Box(-1, 1, (3,), np.float32),
        Box(-np.inf, np.inf, (2,)),
        Box(0, 255, (2, 2), np.uint8),
    ],
    ids=str,
)
def test_chance_keeps_to_any_space_is_repeatable_and_tries_everything(space):
    world = Somewhere(space)
    stream, again = draws(), draws()
    chosen = [AtRandom(world).act({}, stream) for _ in range(40)]
    for actions in chosen:
        check_actions(world.groups, 1, actions)
        np.testing.assert_array_equal(actions["agents"], AtRandom(world).act({}, again)["agents"])
    found = np.unique(np.array([actions["agents"] for actions in chosen]).reshape(-1))
    assert len(found) >= min(3, getattr(space, "n", 3)) - (space == MultiBinary(4))
    assert any((actions["agents"][0, 0] != actions["agents"][0, 1]).any() for actions in chosen)


def test_chance_takes_each_allowed_action_and_no_other():
    allowed = np.array([[[True, False, True, False], [False, False, False, True]]])
    world, stream = Somewhere(Discrete(4), allowed), draws()
    acting = AtRandom(world)
    chosen = np.array([acting.act({}, stream)["agents"][0] for _ in range(100)])
    assert set(chosen[:, 0]) == {0, 2}
    assert set(chosen[:, 1]) == {3}
    assert 25 <= (chosen[:, 0] == 0).sum() <= 75


def test_rules_act_for_their_groups_and_chance_for_the_others():
    world = rallypoint.make("principal-agent-v0")
    policy = actor(["best_response"], world, {}, greedy=False, seed=0)
    seen = world.reset(0)
    stream = draws()
    for _ in range(5):
        actions = policy.act(seen, stream)
        offers = actions["principal"]
        assert (offers > 0).all()  # by chance, never just nothing
        seen = world.step(actions).observations


def test_what_remembers_does_not_remember_the_step_that_was_tried():
    world = rallypoint.make("principal-agent-v0")
    tried = actor(["ipa"], world, {}, greedy=False, seed=0).members[-1]
    fresh = type(tried)()
    for policy in (tried, fresh):
        policy.begin_episode(None)
    seen = world.reset(5)
    np.testing.assert_array_equal(
        tried.act(seen, draws())["principal"], fresh.act(seen, draws())["principal"]
    )


def test_what_was_trained_acts_in_the_world_it_was_trained_in(tmp_path):
    training = Training(
        env="gathering-v0",
        agent="q_learning",
        steps=500,
        env_settings={"num_agents": 4, "cells": 5, "max_cycles": 10},
    )
    train(training, tmp_path)
    settings = settings_for([str(tmp_path), "circular_mean"])
    assert settings == training.env_settings
    world = rallypoint.make("gathering-v0", **settings)
    policies = [actor([str(tmp_path)], world, {}, greedy=greedy, seed=0) for greedy in (0, 1)]
    assert [policy.epsilon > 0 for policy in policies] == [True, False]


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("circular_men", {}, "did you mean 'circular_mean'"),
        ("ppo", {}, "must be trained before it can be shown"),
        ("sb3:PPO", {}, "must be trained before it can be shown"),
        ("encounter_rate", {}, "cannot act in gathering-v0"),
        ("ipa", {}, "acts for a group 'principal', and gathering-v0 has agents"),
        ("learning_platform", {}, "learning_platform"),
        ("trimmed_mean", {"ff": 2}, "no setting 'ff'; did you mean 'f'"),
        ("trimmed_mean", {"env": 2}, "no setting 'env'"),
    ],
)
def test_who_cannot_act_is_refused_in_one_sentence(name, settings, says):
    world = rallypoint.make("gathering-v0")
    with pytest.raises((InvalidConfig, UnknownName), match=says) as refused:
        actor([name], world, settings, greedy=False, seed=0)
    assert "\n" not in str(refused.value)


def test_settings_without_a_rule_are_refused(tmp_path):
    world = rallypoint.make("gathering-v0")
    with pytest.raises(RallypointError, match="name one with --agent"):
        actor([], world, {"f": 2}, greedy=False, seed=0)
    with pytest.raises(RallypointError, match="nothing was trained into it"):
        settings_for([str(tmp_path)])


def test_gymnasium_is_acted_in_as_well():
    world = rallypoint.make("gymnasium:Pendulum-v1")
    space = gymnasium.spec("Pendulum-v1") and world.groups[0].action_space
    actions = AtRandom(world).act(world.reset(0), draws())
    assert space.contains(actions["agents"][0, 0])
