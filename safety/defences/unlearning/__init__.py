"""Forgetting what somebody contributed, without training again on all that others did.

Heads with strongly convex losses only: ridge regression, as for values, and logistic regression, as
for imitation. What is forgotten is compared with training again on the rest, plus noise; nothing is
said of whether the right data were forgotten.

>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> x = rng.normal(size=(200, 3))
>>> head = Ridge(x, x @ [1.0, 2.0, 3.0], mu=0.1)
>>> forget = np.arange(200) < 10
>>> exact = downdate(head, forget)
>>> bool(np.abs(exact - head.only(~forget).optimum()).max() < 1e-10)
True
"""

from rallypoint.safety.defences.unlearning.audit import contributions
from rallypoint.safety.defences.unlearning.distances import distance_after
from rallypoint.safety.defences.unlearning.forgetting import (
    Forgotten,
    descend_to_delete,
    downdate,
    noise_deviation,
    plain_sgd,
    radius,
    unlearn,
)
from rallypoint.safety.defences.unlearning.heads import Head, Logistic, Ridge

__all__ = [
    "Forgotten",
    "Head",
    "Logistic",
    "Ridge",
    "contributions",
    "descend_to_delete",
    "distance_after",
    "downdate",
    "noise_deviation",
    "plain_sgd",
    "radius",
    "unlearn",
]
