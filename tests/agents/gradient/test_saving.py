"""Saved policies: what SB3 does with them."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.following import flattened
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.saving import save_policy
from rallypoint.agents.sb3.saved import load_policy
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"value": None},
        {"policy": (16,), "value": (8, 8), "activation": "relu"},
        {"value_inputs": 9},
    ],
)
@pytest.mark.parametrize("env", ["cartpole-v1", "gymnasium:Pendulum-v1"])
def test_sb3_acts_as_we_do(tmp_path, settings, env, rng):
    world = rallypoint.make(env, copies=4)
    group = world.groups[0]
    made = architecture_for(group, **settings)
    parameters = made.initial(rng)
    parameters += rng.normal(0, 0.1, parameters.shape).astype(np.float32)
    save_policy(tmp_path, made, parameters, group, env=env)
    theirs = load_policy(tmp_path, world).greedily()
    ours = GradientPolicy(made, parameters, group, greedy=True)
    observations = world.reset(seed=0)
    draws = Draws(0, "test/gradient", world.copies)
    outputs = theirs.outputs(observations)[..., : made.outputs]
    mine = ours.computed(flattened(group, observations[group.name]))
    if made.kind == "categorical":  # SB3 takes the mean of the exponentials off
        mine = mine - np.log(np.exp(mine).sum(axis=-1, keepdims=True))
    np.testing.assert_allclose(mine, outputs, atol=1e-5)
    one, other = (policy.act(observations, draws)[group.name] for policy in (ours, theirs))
    np.testing.assert_allclose(one, other, atol=1e-5)
    world.close()


def test_parameters_of_another_architecture_are_refused(tmp_path):
    group = rallypoint.make("cartpole-v1").groups[0]
    made = architecture_for(group)
    with pytest.raises(InvalidConfig, match="parameters are"):
        save_policy(tmp_path, made, np.zeros(3, dtype=np.float32), group, env="cartpole-v1")
    assert not list(tmp_path.iterdir())
