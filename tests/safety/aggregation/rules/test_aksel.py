"""Aksel."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.rules.aksel import Aksel


def reference(updates, kept):
    away = np.linalg.norm(updates - np.median(updates, axis=0), axis=1)
    return updates[np.argsort(away, kind="stable")[:kept]].mean(axis=0)


@pytest.mark.parametrize("variant", ["half", "nf"])
def test_it_is_the_mean_of_the_nearest_to_the_median(case, answer, variant):
    updates, f, _ = case
    kept = len(updates) - f if variant == "nf" else (len(updates) + 1) // 2
    found = answer(Aksel(variant=variant), updates, f, median=np.median(updates, axis=0))
    assert np.allclose(found, reference(updates, kept))


def test_by_hand(answer):
    updates = np.array([[0.0], [1], [2], [4], [100]])  # median 2
    assert np.allclose(answer(Aksel(), updates, 1, median=np.array([2.0])), [1])  # 2, 1, 0
    assert np.allclose(answer(Aksel(variant="nf"), updates, 1, median=np.array([2.0])), [1.75])


def test_an_unknown_variant_names_the_nearest():
    with pytest.raises(InvalidConfig, match="'hlf'; did you mean 'half'"):
        Aksel(variant="hlf")
