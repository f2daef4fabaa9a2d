"""Multi-Krum: the mean of the updates whose neighbours are nearest."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from rallypoint.errors import InvalidConfig, TooManyByzantine
from rallypoint.safety.aggregation.parts import Context, SpanRule, mean_of
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.rules.krum import scores
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class MultiKrum(SpanRule):
    """The mean of the m updates with the least Krum scores, which are computed once.

    ``m`` is at most n - f - 2, its default; of equal scores the first is taken. With m = 1 it is
    Krum.

    Robustness: no constant is declared. "Byzantine Machine Learning: MultiKrum and an optimal
    notion of robustness" (2026), arXiv:2602.03899, proves bounds of one, never worse than Krum's;
    its body was not at hand.

    Source: Blanchard, El Mhamdi, Guerraoui & Stainer, NeurIPS 2017, arXiv:1703.02757.
    """

    name: ClassVar[str] = "multi_krum"
    bound: ClassVar[str] = "n >= 2 f + 3"
    cost: ClassVar[str] = "one Gram, one read"
    source: ClassVar[str] = "Blanchard et al., 2017, NeurIPS, arXiv:1703.02757"

    m: int | None = None  # updates believed; None: n - f - 2
    variant: Literal["paper", "nf"] = "paper"  # of the scores, as for Krum

    def __post_init__(self) -> None:
        """Refuse to believe nobody.

        Raises:
            InvalidConfig: m < 1.
        """
        if self.m is not None and self.m < 1:
            raise InvalidConfig(f"m must be at least 1, got {self.m}")

    def refuse(self, n: int, f: int) -> None:
        """Refuse an m so large that among those believed could be lies.

        Raises:
            TooManyByzantine: says which m would do.
        """
        if self.m is not None and self.m > n - f - 2:
            raise TooManyByzantine(
                f"multi_krum believes at most n - f - 2 updates: m = {self.m} is too many to "
                f"tolerate f = {f} among n = {n}; take m <= {n - f - 2}, or more contributors"
            )

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Believe the m with the least scores alike."""
        del context
        most = span.n - f - 2
        neighbours = most if self.variant == "paper" else most + 1
        order = scores(span.nearest, neighbours).argsort(kind="stable")
        return mean_of(span, order[: self.m or most])
