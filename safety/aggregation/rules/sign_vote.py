"""Sign vote: each coordinate goes where the majority points."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.order_statistics import Block, Row
from rallypoint.safety.aggregation.parts import CoordinateRule, Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Matrix


@register
@dataclass(frozen=True, kw_only=True)
class SignVote(CoordinateRule):
    """The sign that more updates have in a coordinate than the other one, times ``scale``.

    Zeros abstain, and a tie is zero. Contributors need send one bit for each coordinate; how far
    to go is the learning rate's to say, or the scale's.

    It keeps directions and no lengths, so it lacks translation, scaling, rotation and idempotence;
    it lacks honest_range, as its answer ± scale need not lie among honest values.

    Source: Bernstein, Zhao, Azizzadenesheli & Anandkumar (2019), "signSGD with Majority Vote is
    Communication Efficient and Fault Tolerant", ICLR, arXiv:1810.05291.
    """

    name: ClassVar[str] = "sign_vote"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "two reads"
    source: ClassVar[str] = "Bernstein, Zhao, Azizzadenesheli & Anandkumar, ICLR 2019, 1810.05291"
    lacks: ClassVar[frozenset[Property]] = frozenset(
        {"translation", "scaling", "rotation", "idempotence", "honest_range"}
    )

    scale: float = 1.0  # what a coordinate moves by, in the updates' units

    def __post_init__(self) -> None:
        """Check the scale.

        Raises:
            InvalidConfig: it is not a positive number.
        """
        if not 0 < self.scale < np.inf:
            raise InvalidConfig(f"scale must be a positive number, got {self.scale}")

    def combine(self, block: Block, f: int) -> Row:
        """Count the votes; f does not matter."""
        del f
        voted: Row = np.sign(_lead(block)).astype(block.dtype) * block.dtype.type(self.scale)
        return voted

    def shares(self, block: Block, f: int) -> Matrix:
        """Return equal shares of those who voted as it went; of everybody where nobody won."""
        del f
        lead = _lead(block)
        won = (np.sign(block) == np.sign(lead)) | (lead == 0)
        shares: Matrix = won / won.sum(axis=0)
        return shares


def _lead(block: Block) -> Row:
    """Return by how many votes plus is ahead of minus: (b,)."""
    lead = np.zeros(block.shape[1], dtype=np.int32)
    for row in block:
        lead += row > 0
        lead -= row < 0
    return lead
