"""The attack on federated policy gradients."""

import numpy as np
import pytest

from rallypoint.safety.updates import attack


def test_they_stand_outside_their_own_by_half_again_their_spread(honest, rng):
    own = honest[:4] * 2
    lies = attack("fedpg", honest, 4, rng=rng, own=own)
    spread = np.linalg.norm(own[:, None] - own[None], axis=2).max()
    assert (lies == lies[0]).all()
    assert np.linalg.norm(lies[0] - own.mean(axis=0)) == pytest.approx(1.5 * spread, rel=1e-4)


def test_the_direction_is_drawn_anew(honest):
    one, other = (
        attack("fedpg", honest, 2, rng=np.random.default_rng(seed), own=honest[:2])
        for seed in (1, 2)
    )
    assert not np.allclose(one, other)


def test_one_alone_has_no_spread_and_sends_the_truth(honest, rng):
    lies = attack("fedpg", honest, 1, rng=rng, own=honest[3:4])
    assert np.allclose(lies, honest[3])
