"""Robust aggregation: combining updates of which up to f are lies.

    >>> import numpy as np
    >>> updates = np.array([[1.0, 2.0], [1.1, 2.1], [0.9, 1.9], [1.0, 2.2], [99.0, -99.0]])
    >>> aggregate("krum", updates, f=1)
    array([1., 2.])
    >>> explain("nnm+trimmed_mean", updates, f=1).weights
    array([0.25, 0.25, 0.25, 0.25, 0.  ])

Rules are listed by ``aggregators``. To add one, write ``safety/aggregation/rules/<name>.py`` (or a
module of your own package that the entry point group ``rallypoint.aggregators`` names) as shown in
``rallypoint.safety.aggregation.parts``, and check it with
``rallypoint.safety.aggregation.conformance.assert_is_aggregator("<name>")``.
"""

from rallypoint.safety.aggregation.aggregator import Aggregator, aggregate, explain
from rallypoint.safety.aggregation.explanation import Explanation
from rallypoint.safety.aggregation.parts import Context
from rallypoint.safety.aggregation.rules import aggregators

__all__ = ["Aggregator", "Context", "Explanation", "aggregate", "aggregators", "explain"]
