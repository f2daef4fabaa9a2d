"""A row brings the same bits wherever it stands, whoever stands beside it."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.policy import GradientPolicy


def networks(units=(64, 64), activation="tanh"):
    group = rallypoint.make("cartpole-v1", copies=1).groups[0]
    made = architecture_for(group, policy=units, value=units, activation=activation)
    rng = np.random.default_rng(0)
    return group, made, made.initial(rng, scheme="orthogonal")[None]


@pytest.mark.parametrize("units", [(64, 64), (16, 16), (33, 100)])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_an_actor_and_a_critic_say_the_same_of_a_row_wherever_it_stands(units, activation, rng):
    group, made, parameters = networks(units, activation)
    actor = GradientPolicy(made, parameters[0], group)
    critic = ActorCritic(made)
    seen = rng.standard_normal((150, 1, 4)).astype(np.float32)
    outputs, values = actor.computed(seen), critic.values(parameters, seen[:, 0][None])
    for order in (rng.permutation(150), np.arange(7, 60), np.array([149]), np.arange(150)[::-1]):
        assert actor.computed(seen[order]).tobytes() == outputs[order].tobytes()
        assert critic.values(parameters, seen[order, 0][None]).tobytes() == (
            values[:, order].tobytes()
        )
