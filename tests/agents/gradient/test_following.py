"""Networks are followed back to what was seen: right slopes, and the same bits in any batch."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import Group
from rallypoint.errors import InvalidConfig, NotOffered

SEES = Box(-9, 9, (2, 3), np.float32)
GROUPS = {
    "categorical": Group("agents", ("a", "b"), SEES, Discrete(4)),
    "normal": Group("agents", ("a", "b"), SEES, Box(-1, 1, (2,), np.float32)),
}
RNG = np.random.default_rng(0)


def policy_of(kind, runs=None, **settings):
    made = architecture_for(GROUPS[kind], policy=(8, 5), value=(7,), **settings)
    parameters = RNG.normal(0, 0.5, made.size if runs is None else (runs, made.size))
    return GradientPolicy(made, parameters.astype(np.float32), GROUPS[kind])


def weighed(weights):
    return lambda outputs: ((weights * outputs).sum(axis=-1), weights)


@pytest.mark.parametrize("kind", GROUPS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("of", ["actor", "critic"])
def test_gradients_agree_with_small_differences(kind, activation, of):
    policy = policy_of(kind, activation=activation)
    network = policy if of == "actor" else policy.critic()
    seen = RNG.normal(size=(3, 2, 2, 3)).astype(np.float32)
    objective = weighed(RNG.normal(size=network.outputs({"agents": seen}).shape))
    values, gradient = network.value_and_gradient({"agents": seen}, objective)
    assert values.shape == (3, 2)
    for entry in np.ndindex(2, 3):
        near = [seen.copy(), seen.copy()]
        near[0][(..., *entry)] -= 2e-3
        near[1][(..., *entry)] += 2e-3
        low, high = (objective(network.outputs({"agents": part}))[0] for part in near)
        found = gradient["agents"][(..., *entry)]
        np.testing.assert_allclose(found, (high - low) / 4e-3, rtol=0.05, atol=0.02)


def test_bits_do_not_depend_on_who_else_is_asked():
    policy = policy_of("categorical")
    seen = RNG.normal(size=(300, 2, 2, 3)).astype(np.float32)
    weights = RNG.normal(size=(300, 2, 4)).astype(np.float32)
    _, whole = policy.value_and_gradient({"agents": seen}, weighed(weights))
    for rows in (slice(0, 1), slice(7, 150), slice(299, 300)):
        _, part = policy.value_and_gradient({"agents": seen[rows]}, weighed(weights[rows]))
        np.testing.assert_array_equal(part["agents"], whole["agents"][rows])


def test_runs_side_by_side_are_followed_each_by_its_own_parameters():
    many = policy_of("normal", runs=3)
    seen = RNG.normal(size=(6, 2, 2, 3)).astype(np.float32)
    weights = RNG.normal(size=(6, 2, 4)).astype(np.float32)
    outputs = many.outputs({"agents": seen})
    _, gradient = many.value_and_gradient({"agents": seen}, weighed(weights))
    for run in range(3):
        rows = slice(2 * run, 2 * run + 2)
        alone = GradientPolicy(many._architecture, many.parameters[run], GROUPS["normal"])
        np.testing.assert_array_equal(alone.outputs({"agents": seen[rows]}), outputs[rows])
        _, own = alone.value_and_gradient({"agents": seen[rows]}, weighed(weights[rows]))
        np.testing.assert_array_equal(own["agents"], gradient["agents"][rows])


def test_spreads_are_told_beside_means():
    policy = policy_of("normal")
    outputs = policy.outputs({"agents": np.zeros((1, 2, 2, 3), np.float32)})
    logs = policy.parameters[policy._architecture.log_std.at]
    np.testing.assert_allclose(outputs[..., 2:], np.exp(np.broadcast_to(logs, (1, 2, 2))))


def test_what_has_no_gradient_is_refused():
    counted = Group("agents", ("a",), Discrete(5), Discrete(2))
    made = architecture_for(counted, value=None)
    policy = GradientPolicy(made, np.zeros(made.size, np.float32), counted)
    with pytest.raises(InvalidConfig, match="with respect to real numbers only"):
        policy.value_and_gradient({"agents": np.zeros((1, 1), int)}, weighed(np.ones((1, 1, 2))))
    with pytest.raises(NotOffered, match="mad and pgd"):
        policy.critic()
