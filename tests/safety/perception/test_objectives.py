"""Objectives: what they are worth, and slopes that agree with small differences."""

import numpy as np
import pytest
from scipy.special import log_softmax as scipys_log_softmax
from scipy.special import softmax

from rallypoint.errors import InvalidConfig
from rallypoint.safety.perception.objectives import (
    apart,
    costly,
    log_softmax,
    towards,
    unlikely,
    worthless,
)
from rallypoint.safety.perception.smoothing import Smoothed, smoothed_unlikely

RNG = np.random.default_rng(0)
TRUE = RNG.normal(size=(2, 3, 4))
SPREAD = np.concatenate([RNG.normal(size=(2, 3, 2)), 0.1 + RNG.random((2, 3, 2))], axis=-1)
OBJECTIVES = {
    "unlikely": (unlikely("logits", TRUE), 4),
    "unlikely_values": (unlikely("values", TRUE), 4),
    "unlikely_normal": (unlikely("normal", SPREAD), 4),
    "apart": (apart("logits", TRUE), 4),
    "apart_normal": (apart("normal", SPREAD), 4),
    "apart_clipped": (apart("clipped", TRUE), 4),
    "worthless": (worthless, 1),
    "costly": (costly(RNG.normal(size=(2, 3, 4))), 4),
    "towards": (towards("logits", RNG.normal(size=(2, 3, 4))), 4),
    "towards_normal": (towards("normal", RNG.normal(size=(2, 3, 2))), 4),
    "smoothed": (smoothed_unlikely(RNG.normal(size=(2, 3, 8)), 2), 8),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_slopes_agree_with_small_differences(name):
    objective, size = OBJECTIVES[name]
    outputs = RNG.normal(size=(2, 3, size))
    values, slopes = objective(outputs)
    assert values.shape == (2, 3)
    for entry in range(size):
        near = [outputs.copy(), outputs.copy()]
        near[0][..., entry] -= 1e-5
        near[1][..., entry] += 1e-5
        difference = (objective(near[1])[0] - objective(near[0])[0]) / 2e-5
        np.testing.assert_allclose(slopes[..., entry], difference, rtol=1e-5, atol=1e-7)


def test_logarithms_of_probabilities_are_scipys():
    outputs = 50 * RNG.normal(size=(3, 2, 5))
    np.testing.assert_allclose(log_softmax(outputs), scipys_log_softmax(outputs, axis=-1))


def test_unlikely_is_the_likeliest_actions_surprise():
    outputs = RNG.normal(size=(2, 3, 4))
    values, _ = unlikely("logits", TRUE)(outputs)
    own = np.take_along_axis(softmax(outputs, axis=-1), TRUE.argmax(axis=-1)[..., None], axis=-1)
    np.testing.assert_allclose(values, -np.log(own[..., 0]))


def test_what_is_apart_is_zero_at_the_truth_and_has_no_slope_there():
    for reads, true in (("logits", TRUE), ("normal", SPREAD), ("clipped", TRUE)):
        values, slopes = apart(reads, true)(true)
        np.testing.assert_allclose(values, 0, atol=1e-12)
        np.testing.assert_allclose(slopes, 0, atol=1e-12)


def test_the_logarithm_is_of_the_mean():
    true = np.array([[[5.0, 0.0, 5.0, 0.0]]])  # two draws of two logits
    outputs = np.array([[[3.0, 0.0, -3.0, 0.0]]])
    value, _ = smoothed_unlikely(true, 2)(outputs)
    law = softmax(outputs.reshape(2, 2), axis=-1)[:, 0]
    assert value[0, 0] == pytest.approx(-np.log(law.mean()))
    assert value[0, 0] < -np.log(law).mean()  # by Jensen


class Square:
    """A network with one logit that is the square of what is seen, and one that is 0."""

    reads = "logits"

    def outputs(self, observations):
        seen = observations["agents"]
        return np.concatenate([seen**2, np.zeros_like(seen)], axis=-1)

    def value_and_gradient(self, observations, objective):
        values, slopes = objective(self.outputs(observations))
        return values, {"agents": slopes[..., :1] * 2 * observations["agents"]}


def test_a_smoothed_network_is_followed_back_through_all_its_draws():
    noise = RNG.normal(size=(2, 3, 5, 1))
    network = Smoothed(Square(), noise)
    seen = RNG.normal(size=(2, 3, 1))
    objective = smoothed_unlikely(network.outputs({"agents": seen}), 5)
    values, gradient = network.value_and_gradient({"agents": seen}, objective)
    near = [objective(network.outputs({"agents": seen + off}))[0] for off in (-1e-5, 1e-5)]
    np.testing.assert_allclose(
        gradient["agents"][..., 0], (near[1] - near[0]) / 2e-5, rtol=1e-4, atol=1e-7
    )
    np.testing.assert_allclose(values, objective(network.outputs({"agents": seen}))[0])


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(InvalidConfig, match=r"no distance between actions .* 'binary'"):
        apart("binary", TRUE)
