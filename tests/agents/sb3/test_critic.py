"""Critics of SB3: what they say is SB3's, it can be followed back, and white-box attacks use it."""

import numpy as np
import pytest
import torch

import rallypoint
from rallypoint.agents.sb3.policy import Sb3Policy
from rallypoint.agents.sb3.training import train_sb3
from rallypoint.draws import Draws
from rallypoint.errors import NotOffered
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threats import threats

RNG = np.random.default_rng(0)


def policy_of(trained):
    return Sb3Policy(trained.policy.network, trained.policy.group)


def said(outputs):
    return outputs[..., 0], np.ones_like(outputs)


@pytest.mark.parametrize("name", ["PPO", "A2C", "DQN"], indirect=True)
def test_a_critic_says_what_sb3_says_and_has_its_slope(name, trained):
    critic = policy_of(trained).critic()
    seen = RNG.random((3, 2, 3))
    values, gradient = critic.value_and_gradient({"agents": seen}, said)
    network = trained.policy.network
    with torch.no_grad():
        rows, _ = network.obs_to_tensor(seen.reshape(6, 3))
        theirs = (
            network.q_net(rows).max(1).values if name == "DQN" else network.predict_values(rows)
        )
    np.testing.assert_allclose(values.reshape(6), theirs.reshape(6), rtol=1e-5)
    for entry in range(3):
        near = [seen.copy(), seen.copy()]
        near[0][..., entry] -= 0.005
        near[1][..., entry] += 0.005
        low, high = (critic.outputs({"agents": part})[..., 0] for part in near)
        slope = (high - low) / 0.01
        np.testing.assert_allclose(gradient["agents"][..., entry], slope, rtol=0.05, atol=0.02)


@pytest.mark.parametrize("name", ["SAC", "TD3"], indirect=True)
def test_a_critic_that_sees_actions_too_is_none_of_observations(name, trained):
    with pytest.raises(NotOffered, match="mad and pgd, need none"):
        policy_of(trained).critic()


@pytest.mark.parametrize("name", ["PPO"], indirect=True)
def test_a_critic_does_not_act(name, trained):
    with pytest.raises(NotOffered, match="its policy acts"):
        policy_of(trained).critic().act({}, Draws(0, "test/critic", [0]))


@pytest.mark.parametrize("kind", ["fgsm", "pgd", "mad", "critic"])
@pytest.mark.parametrize("agent", ["PPO", "DQN"])
def test_white_box_attacks_climb_networks_of_sb3(agent, kind):
    policy = train_sb3("cartpole-v1", f"sb3:{agent}", steps=64, copies=2, seed=0).policy
    world = rallypoint.make("cartpole-v1", copies=6)
    attacked = Threatened(world, threats[kind](budget={"reach": {"step": 0.3}}), policy=policy)
    seen, true = attacked.reset(1)["agents"], attacked.true_observations["agents"]
    assert 0.2 < np.abs(seen.astype(np.float64) - true).max() <= 0.3
    before, after = (policy.outputs({"agents": part}) for part in (true, seen))
    best = before.argmax(axis=-1)[..., None]
    gaps = [np.take_along_axis(o, best, -1)[..., 0] * 2 - o.sum(-1) for o in (before, after)]
    if kind == "pgd":  # one step may go too far
        assert (gaps[1] < gaps[0]).all()  # the likeliest of two actions is so no more, or less so
    assert (before != after).all()
    assert disagreements(attacked.model, attacked.receipts()) == []
