"""Policies that can be opened, ours and SB3's: their layers, and themselves with neurons broken."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.saving import save_policy
from rallypoint.agents.sb3.policy import Sb3Policy
from rallypoint.agents.sb3.recurrent import RecurrentSb3Policy
from rallypoint.agents.sb3.saved import load_policy
from rallypoint.batch_env import Group
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.networks import Broken
from rallypoint.safety.neurons.damage import signals_of
from rallypoint.safety.neurons.plans import cutting, failing, lowest, rounding
from tests.agents.sb3.every_algorithm import trained_once, world

SEES = Box(-9, 9, (2, 3), np.float32)
CAN = {"logits": Discrete(4), "normal": Box(-1, 1, (2,), np.float32)}
OURS = [(kind, activation) for kind in CAN for activation in ("tanh", "relu")]
THEIRS = ["A2C", "DDPG", "DQN", "MaskablePPO", "PPO", "TD3", "TRPO"]
EVERY = [*OURS, *THEIRS]


def opened(which):
    """Return a policy, and observations (90, 2, …) of its group."""
    rng = np.random.default_rng(0)
    if which in OURS:
        kind, activation = which
        group = Group("agents", ("a", "b"), SEES, CAN[kind])
        made = architecture_for(group, policy=(8, 5), value=(7,), activation=activation)
        parameters = rng.normal(0, 0.5, made.size).astype(np.float32)
        policy = GradientPolicy(made, parameters, group)
    else:
        trained = trained_once(which)
        kind = RecurrentSb3Policy if which == "RecurrentPPO" else Sb3Policy
        policy = kind(trained.model.policy, trained.policy.group)
    shape = (90, 2, *policy.group.observation_space.shape)
    return policy, {"agents": rng.normal(size=shape).astype(np.float32)}


def some_failed(layers, rows=None):
    """Draw which hidden neurons fail: a third of each layer, the same or row by row."""
    rng = np.random.default_rng(1)
    sizes = [len(layer.weights) for layer in layers[:-1]]
    shape = () if rows is None else rows
    return [lowest(rng.random((*shape, size)), size // 3) for size in sizes]


def plans(layers):
    """Return one plan of each kind, of all rows and row by row."""
    rng = np.random.default_rng(2)
    rows = (90, 2)
    ids = [rng.permutation(layer.weights.size)[:3] for layer in layers]
    return {
        "crash": failing(some_failed(layers), 0.0),
        "crash row by row": failing(some_failed(layers, rows), 0.0),
        "stuck row by row": failing(some_failed(layers, rows), 0.7),
        "beside": failing(some_failed(layers), 0.7, beside=True),
        "beside row by row": failing(some_failed(layers, rows), 0.7, beside=True),
        "cut": cutting(layers, ids),
        "lie row by row": cutting(layers, [np.tile(part, (*rows, 1)) for part in ids], 0.4),
        "round": rounding(layers, 0.25),
    }


KINDS = list(plans(opened(OURS[0])[0].layers()))
every_policy = pytest.mark.parametrize("which", EVERY, ids=str)


def inputs_of(observations):
    return observations["agents"].reshape(180, -1)


@every_policy
def test_the_layers_compute_what_the_policy_puts_out(which):
    policy, seen = opened(which)
    layers, features = policy.layers(), policy.features(seen)
    signals = signals_of(layers, inputs_of(seen))
    assert list(features) == [layer.name for layer in layers]
    for layer, expected in zip(layers, signals, strict=True):
        found = features[layer.name]
        assert found.shape == (90, 2, len(layer.weights))
        assert np.allclose(found.reshape(180, -1), expected, rtol=1e-4, atol=1e-5)
    assert policy.act(seen, Draws(0, "test/a", range(90)))["agents"].shape[:2] == (90, 2)


@every_policy
def test_with_nothing_broken_every_bit_is_the_same(which):
    policy, seen = opened(which)
    same = policy.with_faults(tuple(Broken() for _ in policy.layers()))
    assert (same.outputs(seen) == policy.outputs(seen)).all()
    nobody = failing([np.zeros(len(x.weights), bool) for x in policy.layers()[:-1]], 9.0)
    assert (policy.with_faults(nobody).outputs(seen) == policy.outputs(seen)).all()
    drawn = [p.act(seen, Draws(0, "test/b", range(90)))["agents"] for p in (policy, same)]
    assert (drawn[0] == drawn[1]).all()


@pytest.mark.parametrize("kind", KINDS)
@every_policy
def test_a_broken_policy_computes_what_the_broken_network_does(which, kind):
    policy, seen = opened(which)
    layers = policy.layers()
    plan = plans(layers)[kind]
    broken = policy.with_faults(plan)
    *_, found = broken.features(seen).values()
    expected = signals_of(layers, inputs_of(seen), plan)[-1]
    if kind == "round":  # where a signal lies between two multiples, precision decides
        assert np.isclose(found.reshape(180, -1), expected, atol=1e-4).mean() > 0.97
    else:
        assert np.allclose(found.reshape(180, -1), expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(broken.outputs(seen), policy.outputs(seen))


@every_policy
def test_greedy_or_not_it_is_as_broken(which):
    policy, seen = opened(which)
    plan = plans(policy.layers())["stuck row by row"]
    outputs = policy.with_faults(plan).outputs(seen)
    for broken in (policy.with_faults(plan).greedily(), policy.greedily().with_faults(plan)):
        assert broken.greedy
        assert (broken.outputs(seen) == outputs).all()
    again = policy.with_faults(rounding(policy.layers(), 0.5)).with_faults(plan)
    assert (again.outputs(seen) == outputs).all()  # these faults, and no others


@every_policy
@pytest.mark.parametrize("beside", [False, True])
def test_a_row_computes_the_same_bits_in_any_batch(which, beside):
    policy, seen = opened(which)
    masks = some_failed(policy.layers(), (90, 2))
    together = policy.with_faults(failing(masks, 0.3, beside=beside)).outputs(seen)
    some = slice(37, 41)
    alone = policy.with_faults(failing([mask[some] for mask in masks], 0.3, beside=beside))
    assert (alone.outputs({"agents": seen["agents"][some]}) == together[some]).all()


def test_it_stays_the_network_that_was_broken():
    policy, seen = opened(OURS[0])
    broken = policy.with_faults(plans(policy.layers())["beside row by row"])
    before = broken.outputs(seen)
    policy.parameters[:] = 0
    assert (broken.outputs(seen) == before).all()


@every_policy
def test_a_broken_policy_has_no_gradient(which):
    policy, seen = opened(which)
    broken = policy.with_faults(plans(policy.layers())["crash"])
    with pytest.raises(NotOffered, match="attack the undamaged policy"):
        broken.value_and_gradient(seen, lambda outputs: (outputs[..., 0], outputs))


@every_policy
def test_a_plan_for_another_network_is_refused(which):
    policy, _ = opened(which)
    with pytest.raises(InvalidConfig, match="a plan says of each of"):
        policy.with_faults(())


@pytest.mark.parametrize("name", ["ARS", "QRDQN", "RecurrentPPO", "SAC"])
def test_what_is_no_chain_of_layers_says_so(name):
    policy, _ = opened(name)
    with pytest.raises(
        NotOffered, match=r"no chain of fully .* TD3 and DDPG with an MlpPolicy are"
    ):
        policy.layers()


def test_pictures_seen_through_convolutions_are_refused():
    from stable_baselines3.common.policies import ActorCriticCnnPolicy

    seen = Box(0, 255, (3, 36, 36), np.uint8)
    network = ActorCriticCnnPolicy(seen, Discrete(2), lambda _: 1e-3)
    policy = Sb3Policy(network, Group("agents", ("a",), seen, Discrete(2)))
    with pytest.raises(NotOffered, match="goes through a NatureCNN first"):
        policy.layers()


def test_several_runs_are_several_networks():
    policy, _ = opened(OURS[0])
    runs = GradientPolicy(policy._architecture, np.stack([policy.parameters] * 3), policy.group)
    with pytest.raises(NotOffered, match="3 runs side by side"):
        runs.layers()


def test_ours_has_the_same_layers_when_it_is_read_back_as_one_of_sb3s(tmp_path):
    env = world("PPO", copies=2)
    group = env.groups[0]
    made = architecture_for(group, policy=(8, 5), value=(7,), activation="relu")
    parameters = np.random.default_rng(3).normal(size=made.size).astype(np.float32)
    save_policy(tmp_path, made, parameters, group, env=env.id)
    ours = GradientPolicy(made, parameters, group).layers()
    for one, other in zip(ours, load_policy(tmp_path, env).layers(), strict=True):
        assert (one.name, one.activation) == (other.name, other.activation)
        assert (one.weights == other.weights).all()
        assert (one.biases == other.biases).all()
