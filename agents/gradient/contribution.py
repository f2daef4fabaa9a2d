"""What a contributor does with its gradient before it sends it."""

from dataclasses import dataclass

import numpy as np

from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.batch_env import Mask
from rallypoint.config import Config, check_within
from rallypoint.errors import InvalidConfig
from rallypoint.safety.updates.directions import shortened


@dataclass(frozen=True, kw_only=True)
class Contribution(Config):
    """What a contributor does with its gradient before it sends it."""

    momentum: float = 0.0  # m <- momentum m + (1 - momentum) gradient, and m is sent
    max_norm: float | None = None  # a longer gradient is shortened to this

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        check_within(self, "[0, 1)", "momentum")
        if self.max_norm is not None and not self.max_norm > 0:
            raise InvalidConfig(f"max_norm is a number > 0, or none, got {self.max_norm}")

    def of(self, gradients: Floats, momenta: Floats, present: Mask) -> tuple[Floats, Floats]:
        """Return what is made of gradients, and the momenta from then on: (R, n, d) each.

        A momentum that is not finite any more is sent, so that the aggregator sees it, and
        forgotten: remembered, it would spoil all that its contributor sends from then on.

        Args:
            gradients: of each contributor.
            momenta: (R, n, d) what each remembers, where there is momentum.
            present: (R, n) who has found any; of the others the momentum is returned, if any.
        """
        if self.max_norm is not None:
            gradients = _within(gradients, self.max_norm)
        momentum = np.float32(self.momentum)
        if not momentum:
            return gradients, momenta
        with np.errstate(over="ignore", invalid="ignore"):
            moved = momentum * momenta + (1 - momentum) * gradients
        sent = np.where(present[..., None], moved, momenta)
        finite = np.isfinite(sent).all(axis=-1, keepdims=True)
        return sent, sent if finite.all() else np.where(finite, sent, momenta)


def _within(gradients: Floats, limit: float) -> Floats:
    """Return gradients (R, n, d), none of them longer than a limit."""
    with np.errstate(over="ignore", invalid="ignore"):
        norms = np.sqrt(np.einsum("rnd,rnd->rn", gradients, gradients))
        found: Floats = gradients * np.minimum(1, limit / np.maximum(norms, limit))[..., None]
    # Where squares overflow that would be 0, which says nothing of where a gradient points.
    long = np.isinf(norms) & np.isfinite(gradients).all(axis=-1)
    if long.any():
        found[long] = shortened(gradients[long], limit)
    return found
