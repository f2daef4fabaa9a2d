"""What pruning leaves of a teammate's actions, given the own one: by exact enumeration.

docs/joint-proposed-model.md says where that is free of theta, and so what an independent learner
learns from it.
"""

from fractions import Fraction
from itertools import product

import pytest

OVERRIDE = 0
THETAS = (Fraction(0), Fraction(1, 2), Fraction(9, 10))

INDEPENDENT = {
    (a, b): Fraction(x, 6)
    for (a, b), x in zip(product((0, 1), repeat=2), (2, 1, 2, 1), strict=True)
}
LINKED = {
    (a, b): Fraction(x, 6)
    for (a, b), x in zip(product((0, 1), repeat=2), (2, 1, 1, 2), strict=True)
}


def kept_laws(policy, theta, drops, *, one_bit):
    """Return the law of the teammate's action given the own one, of what pruning keeps."""
    found = {a: dict.fromkeys((0, 1), Fraction(0)) for a in (0, 1)}
    for (a, b), mine, others in product(policy, (0, 1), (0, 1)):
        if one_bit:
            odds = (theta if mine else 1 - theta) if mine == others else Fraction(0)
        else:
            odds = (theta if mine else 1 - theta) * (theta if others else 1 - theta)
        if not (others or (drops == "drop_any" and mine)):
            found[OVERRIDE if mine else a][b] += policy[a, b] * odds
    return [{b: x / sum(law.values()) for b, x in law.items()} for law in found.values()]


@pytest.mark.parametrize(
    ("policy", "drops", "one_bit", "depends"),
    [
        (INDEPENDENT, "drop_any", False, False),
        (INDEPENDENT, "drop_others", False, False),
        (INDEPENDENT, "drop_others", True, False),
        (LINKED, "drop_any", False, False),
        (LINKED, "drop_others", False, True),  # an own override tells nothing of the other
        (LINKED, "drop_others", True, False),
    ],
    ids=str,
)
def test_dropping_what_others_were_interrupted_in_needs_policies_that_are_independent(
    policy, drops, one_bit, depends
):
    laws = [kept_laws(policy, theta, drops, one_bit=one_bit) for theta in THETAS]
    assert any(one != laws[0] for one in laws) == depends
