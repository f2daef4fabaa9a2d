"""Sign flip."""

import numpy as np
import pytest

from rallypoint.safety.updates import attack


def test_each_reverses_what_it_found(honest, rng):
    own = honest[:2] * 3
    lies = attack("sign_flip", honest, 2, rng=rng, own=own, factor=2.5)
    assert np.allclose(lies, -2.5 * own)


def test_three_of_ten_at_two_and_a_half_turn_the_mean_around(rng):
    honest = np.ones((7, 4))
    lies = attack("sign_flip", honest, 3, rng=rng, factor=2.5)
    assert np.vstack([honest, lies]).mean(axis=0) == pytest.approx(-0.05)
