"""CAF: weights that leave the least variance in any direction."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.aggregation.covariance import narrowest
from rallypoint.safety.aggregation.parts import Context, SpanRule
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class Caf(SpanRule):
    """Covariance-bound agnostic filter: needs no bound on how honest updates spread.

    Again and again, each update loses credit in proportion to its squared offset along the widest
    direction, the farthest all of it, until no more than n - 2 f of credit is left. Of the means
    met on the way, that with the least variance in its widest direction is the answer. Only
    updates with credit left are compared (otherwise one that has lost all of it stays the
    farthest for ever), so at most 2 f + 1 directions are needed. Each is exact, hence the answer
    repeatable.

    Where the widest direction is not unique, as for updates on a lattice, LAPACK chooses it. The
    answer jumps where two means tie, and after a mixing such as NNM also where neighbours change.

    Robustness: of order f / n, with the largest eigenvalue of the honest covariance in place of
    its trace; the constant is not known here.
    """

    name: ClassVar[str] = "caf"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one Gram, one read"
    source: ClassVar[str] = (
        "Allouah, Guerraoui & Stephan, 2025, Towards Trustworthy Federated Learning with "
        "Untrusted Participants, arXiv:2505.01874"
    )

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Return the weights (k,) of the mean with the least variance in its widest direction."""
        del context
        weights = np.zeros(len(span.gram))
        weights[: span.n] = narrowest(span, span.n - 2 * f)
        return weights
