"""Zeros, infinities and NaN, and updates of which a part is lost."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats.update.partial_drop import PartialDrop
from rallypoint.safety.updates import attack


def test_zero_sends_zeros(honest, rng):
    assert not attack("zero", honest, 2, rng=rng).any()


def test_infinity_and_nan_send_nothing_else(honest, rng):
    assert (attack("infinity", honest, 2, rng=rng) == np.inf).all()
    assert np.isnan(attack("nan", honest, 2, rng=rng)).all()


def test_average_zero_makes_the_mean_vanish(honest, rng):
    for f_real in (1, 2, 8):
        lies = attack("average_zero", honest, f_real, rng=rng)
        assert len(lies) == f_real
        assert np.abs(np.vstack([honest, lies]).mean(axis=0)).max() < 1e-6


@pytest.mark.parametrize(("fill", "lost"), [("zero", lambda x: x == 0), ("nan", np.isnan)])
def test_partial_drop_loses_its_share_and_no_more(fill, lost, rng):
    own = 1 + np.random.default_rng(1).random((2, 20_000))
    lies = attack("partial_drop", own, 2, rng=rng, own=own, fraction=0.2, fill=fill)
    assert lost(lies).mean(axis=1) == pytest.approx(0.2, abs=0.01)
    assert (lies[~lost(lies)] == own[~lost(lies)]).all()
    both = lost(lies).all(axis=0).mean()
    assert both == pytest.approx(0.04, abs=0.01)  # each on its own coins


def test_nothing_is_lost_without_a_share(honest, rng):
    lies = attack("partial_drop", honest, 9, rng=rng, own=honest, fraction=0.0)
    assert lies.tobytes() == honest.tobytes()


def test_a_fill_and_a_share_that_cannot_be_meant_are_refused():
    with pytest.raises(InvalidConfig, match="no fill is called 'nil'"):
        PartialDrop(fill="nil")
    with pytest.raises(InvalidConfig, match=r"fraction lies in \[0, 1\], got 2"):
        PartialDrop(fraction=2)
