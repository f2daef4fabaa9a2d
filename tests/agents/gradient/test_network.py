"""Networks and distributions: beside torch's own derivatives and SB3's own policies."""

import gymnasium
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from stable_baselines3.common.policies import ActorCriticPolicy

from rallypoint.agents.gradient.architecture import Architecture, architecture_for
from rallypoint.agents.gradient.distributions import Categorical, Normal, distribution
from rallypoint.agents.gradient.perceptron import TOGETHER, Perceptron
from rallypoint.batch_env import Group
from rallypoint.errors import InvalidConfig

KINDS = {
    "categorical": gymnasium.spaces.Discrete(5),
    "normal": gymnasium.spaces.Box(-1, 1, (3,)),
}
SEEN = gymnasium.spaces.Box(-np.inf, np.inf, (7,))


def sb3_policy(kind, activation):
    torch.manual_seed(0)
    return ActorCriticPolicy(
        SEEN,
        KINDS[kind],
        lambda _: 1e-3,
        net_arch={"pi": [16, 8], "vf": [12]},
        activation_fn={"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[activation],
    )


def fitting(kind, activation):
    return architecture_for(
        Group("agents", ("a",), SEEN, KINDS[kind]),
        policy=(16, 8),
        value=(12,),
        activation=activation,
    )


def flat(policy):
    return np.concatenate([part.detach().numpy().ravel() for part in policy.state_dict().values()])


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_vector_is_the_state_dict_of_sb3(kind, activation):
    policy, made = sb3_policy(kind, activation), fitting(kind, activation)
    told = {name: tuple(part.shape) for name, part in policy.state_dict().items()}
    assert {piece.name: piece.shape for piece in made.pieces} == told
    assert [piece.name for piece in made.pieces] == list(told)
    assert made.size == len(flat(policy))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [TOGETHER, 20])
def test_gradients_are_those_of_torch_for_every_contributor(kind, activation, rows, rng):
    policy, made = sb3_policy(kind, activation), fitting(kind, activation)
    parameters = flat(policy)
    seen = rng.standard_normal((3, rows, 7)).astype(np.float32)
    actions = (
        rng.integers(5, size=(3, rows))
        if kind == "categorical"
        else rng.standard_normal((3, rows, 3)).astype(np.float32)
    )
    by_log, by_entropy, by_value = rng.standard_normal((3, 3, rows)).astype(np.float32)
    actor = Perceptron(made.actor, activation)
    critic = Perceptron(made.critic, activation)
    outputs, values = actor.forward(parameters, seen), critic.forward(parameters, seen)[..., 0]
    choice = distribution(made, parameters)
    outputs = choice.settled(outputs)
    found = np.zeros((3, made.size), dtype=np.float32)
    slopes = choice.slopes(outputs, actions, by_log, by_entropy)
    logs, entropies = choice.log_probabilities(outputs, actions), choice.entropies(outputs)
    actor.backward(slopes.outputs, found)
    critic.backward(by_value[..., None].copy(), found)
    if made.log_std is not None:
        found[:, made.log_std.at] = slopes.log_std
    for i in range(3):
        policy.zero_grad()
        told = policy.evaluate_actions(torch.from_numpy(seen[i]), torch.from_numpy(actions[i]))
        weights = (by_value[i], by_log[i], by_entropy[i])
        ours = (values[i], logs[i], entropies[i])
        for mine, his in zip(ours, told, strict=True):
            np.testing.assert_allclose(mine, his.detach().numpy().ravel(), atol=1e-5)
        total = sum(
            (torch.from_numpy(w) * t.ravel()).sum() for w, t in zip(weights, told, strict=True)
        )
        total.backward()
        wanted = np.concatenate([part.grad.numpy().ravel() for part in policy.parameters()])
        np.testing.assert_allclose(found[i], wanted, atol=2e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.integers(1, 40), st.integers(0, 2**31))
def test_a_contributor_has_the_same_bits_whoever_is_beside_it(contributors, rows, seed):
    rng = np.random.default_rng(seed)
    made = Architecture(inputs=4, outputs=2, kind="categorical", policy=(16, 16), value=None)
    parameters = made.initial(rng)
    seen = rng.standard_normal((contributors, rows, 4)).astype(np.float32)
    slopes = rng.standard_normal((contributors, rows, 2)).astype(np.float32)

    def gradients(of):
        network = Perceptron(made.actor, "tanh")
        outputs = network.forward(parameters, seen[of]).copy()
        found = np.zeros((len(seen[of]), made.size), dtype=np.float32)
        network.backward(slopes[of].copy(), found)
        return outputs, found

    together = gradients(slice(None))
    for i in range(contributors):
        for whole, alone in zip(together, gradients(slice(i, i + 1)), strict=True):
            assert whole[i].tobytes() == alone[0].tobytes()


def test_runs_side_by_side_have_the_bits_that_they_have_alone(rng):
    made = Architecture(inputs=4, outputs=2, kind="categorical", policy=(16, 16), value=None)
    parameters = np.stack([made.initial(rng), made.initial(rng)])
    seen = rng.standard_normal((2, 3, 20, 4)).astype(np.float32)
    slopes = rng.standard_normal((2, 3, 20, 2)).astype(np.float32)
    network = Perceptron(made.actor, "tanh")
    outputs = network.forward(parameters, seen).copy()
    found = np.zeros((2, 3, made.size), dtype=np.float32)
    network.backward(slopes, found)
    for run in range(2):
        alone = np.zeros((3, made.size), dtype=np.float32)
        assert network.forward(parameters[run], seen[run]).tobytes() == outputs[run].tobytes()
        network.backward(slopes[run], alone)
        assert alone.tobytes() == found[run].tobytes()


@pytest.mark.parametrize("scheme", ["orthogonal", "uniform"])
def test_networks_start_as_said(scheme):
    made = fitting("normal", "tanh")
    parameters = made.initial(np.random.default_rng(0), scheme=scheme)
    assert parameters.dtype == np.float32
    assert (parameters[made.log_std.at] == 0).all()
    weights, biases = (parameters[piece.at].reshape(piece.shape) for piece in made.actor[0])
    if scheme == "uniform":
        assert np.abs(weights).max() <= 7**-0.5
        assert biases.any()
    else:
        np.testing.assert_allclose(weights.T @ weights, 2 * np.eye(7), atol=1e-5)
        assert not biases.any()


def test_choices_follow_their_probabilities(rng):
    logits = np.log(np.array([0.1, 0.2, 0.7], dtype=np.float32))
    outputs = np.broadcast_to(logits, (100_000, 3)).astype(np.float32)
    chosen = Categorical().choose(outputs, rng.random((100_000, 1)))
    shares = np.bincount(chosen, minlength=3) / len(chosen)
    np.testing.assert_allclose(shares, [0.1, 0.2, 0.7], atol=4 * 0.5 / np.sqrt(100_000))
    assert (Categorical().choose(outputs, None) == 2).all()
    spread = Normal(np.log(np.array([0.5, 2.0], dtype=np.float32)))
    drawn = spread.choose(np.zeros((100_000, 2), dtype=np.float32), rng.random((100_000, 4)))
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=4 * 2 / np.sqrt(100_000))
    np.testing.assert_allclose(drawn.std(axis=0), [0.5, 2.0], rtol=0.02)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.02


def test_an_action_of_no_probability_is_never_chosen():
    outputs = np.array([[-np.inf, 0.0, -np.inf]], dtype=np.float32)
    for number in (0.0, 0.5, np.nextafter(1, 0)):
        assert Categorical().choose(outputs, np.array([[number]])) == [1]


@pytest.mark.parametrize(
    ("seen", "done"),
    [
        (gymnasium.spaces.Dict({"a": SEEN}), KINDS["normal"]),
        (SEEN, gymnasium.spaces.MultiBinary(3)),
    ],
)
def test_spaces_that_cannot_be_learned_are_named(seen, done):
    with pytest.raises(InvalidConfig, match="group 'agents'"):
        architecture_for(Group("agents", ("a",), seen, done))


def test_layers_that_cannot_be_are_refused():
    with pytest.raises(InvalidConfig, match="at least one unit"):
        Architecture(inputs=4, outputs=2, kind="categorical", policy=(0,))
    with pytest.raises(InvalidConfig, match="activation"):
        Architecture(inputs=4, outputs=2, kind="categorical", activation="selu")


@pytest.mark.parametrize("units", [(10**9,), (10**12, 10**12), (40_000, 40_000)])
def test_networks_that_fill_memory_are_refused_before_they_are_made(units):
    group = Group("agents", ("a",), SEEN, KINDS["categorical"])
    for sizes in ({"policy": units, "value": (8,)}, {"policy": (8,), "value": units}):
        with pytest.raises(InvalidConfig, match="at most 1,000,000,000 weights"):
            architecture_for(group, **sizes)
