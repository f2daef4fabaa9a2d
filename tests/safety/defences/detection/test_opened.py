"""What detectors look at is opened, and what cannot be opened is refused."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.rules.uniform_random import UniformRandom
from rallypoint.errors import NotOffered
from rallypoint.safety.defences.detection import last_features


def policy_of(world, units):
    (group,) = world.groups
    made = architecture_for(group, policy=units, value=None)
    return GradientPolicy(made, made.initial(np.random.default_rng(0)), group)


def test_features_are_what_the_outputs_follow_from_agent_by_agent():
    world = rallypoint.make("gathering-v0", copies=3, num_agents=4)
    policy = policy_of(world, (8, 5))
    seen = world.reset(0)
    made = last_features(policy, seen)
    assert made.shape == (12, 5)
    layers = policy.layers()
    outputs = made @ layers[-1].weights.T + layers[-1].biases
    np.testing.assert_allclose(outputs.reshape(3, 4, -1), policy.outputs(seen), atol=1e-5)


def test_policies_without_features_are_refused_with_the_reason():
    world = rallypoint.make("cartpole-v1", copies=2)
    seen = world.reset(0)
    with pytest.raises(NotOffered, match="a UniformRandom is none that can be opened"):
        last_features(UniformRandom(world.groups), seen)
    with pytest.raises(NotOffered, match="no hidden layer"):
        last_features(policy_of(world, ()), seen)
