"""Inner-product manipulation."""

import numpy as np
import pytest

from rallypoint.safety.updates import attack


@pytest.mark.parametrize("epsilon", [0.1, 1.1, 2.0, 10.0])
def test_all_send_minus_a_multiple_of_the_mean(honest, rng, epsilon):
    lies = attack("inner_product", honest, 3, rng=rng, epsilon=epsilon)
    assert np.allclose(lies, -epsilon * honest.mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize(("honest_ones", "f_real"), [(7, 3), (9, 2), (5, 5)])
def test_a_mean_turns_around_just_when_the_multiple_exceeds_h_over_f(honest_ones, f_real, rng):
    honest = np.random.default_rng(1).standard_normal((honest_ones, 6)) + 1
    mean = honest.mean(axis=0)
    for epsilon, turned in ((0.999, False), (1.001, True)):
        multiple = epsilon * honest_ones / f_real  # 7 and 3: 2.333
        lies = attack("inner_product", honest, f_real, rng=rng, epsilon=multiple)
        assert (np.vstack([honest, lies]).mean(axis=0) @ mean < 0) == turned


def test_colluders_who_know_nobody_else_reason_from_their_own(honest, rng):
    own = honest[:3] + 100
    lies = attack("inner_product", honest, 3, rng=rng, own=own, knowledge=["own_update"])
    assert np.allclose(lies, -0.1 * own.mean(axis=0), rtol=1e-5)
