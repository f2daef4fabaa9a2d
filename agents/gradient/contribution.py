"""What a contributor does with its gradient before it sends it."""

from dataclasses import dataclass

import numpy as np

from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.batch_env import Mask
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What a contributor does with its gradient before it sends it."""

    momentum: float = 0.0  # m <- momentum m + (1 - momentum) gradient, and m is sent
    max_norm: float | None = None  # a longer gradient is shortened to this

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        if not 0 <= self.momentum < 1:
            raise InvalidConfig(f"momentum lies in [0, 1), got {self.momentum}")
        if self.max_norm is not None and self.max_norm <= 0:
            raise InvalidConfig(f"max_norm is a number > 0, or none, got {self.max_norm}")

    def of(self, gradients: Floats, momenta: Floats, present: Mask) -> Floats:
        """Return what is made of gradients (R, n, d).

        Args:
            gradients: of each contributor.
            momenta: (R, n, d) what each sent last, where there is momentum.
            present: (R, n) who has found any; of the others the momentum is returned, if any.
        """
        if self.max_norm is not None:
            norms = np.sqrt(np.einsum("rnd,rnd->rn", gradients, gradients))
            shorter = np.minimum(1, self.max_norm / np.maximum(norms, self.max_norm))
            gradients = gradients * shorter[..., None]
        momentum = np.float32(self.momentum)
        if not momentum:
            return gradients
        moved = momentum * momenta + (1 - momentum) * gradients
        return np.where(present[..., None], moved, momenta)
