"""Which few of the victims are lied to at a step."""

import numpy as np
import pytest

from rallypoint.safety.threats import from_dict


class Affordable:
    """Knowledge of a budget without end."""

    def afford(self, where):
        return where


@pytest.mark.parametrize(("by", "first"), [("order", 0), ("harm", 1)])
def test_harm_that_is_told_counts_only_where_victims_are_picked_by_it(by, first):
    everybody, harm = np.ones((1, 3), dtype=bool), np.array([[0.0, 2.0, 1.0]])
    threat = from_dict({"kind": "pgd", "at_most": 1, "by": by})
    assert np.flatnonzero(threat.picked(Affordable(), everybody, None, harm)) == [first]
