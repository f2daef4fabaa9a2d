"""PGD on a policy under noise: the adaptive attack on randomised smoothing."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.batch_env import Array
from rallypoint.config import check_least
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Objective
from rallypoint.safety.known import Known
from rallypoint.safety.perception.loading import check_followed
from rallypoint.safety.perception.smoothing import Smoothed, smoothed_unlikely
from rallypoint.safety.threats import Proposal, State, register
from rallypoint.safety.threats.perception.pgd import Stepwise


@register
@dataclass(frozen=True, kw_only=True)
class SmoothedPgd(Stepwise):
    """Agents that act under Gaussian noise see what makes their likeliest action unlikely.

    It maximises the *logarithm of the mean* over noise, which stays the same during the climb; the
    mean of logarithms, which attacks the network under noise, is weaker. The network is the one
    that acts beneath the noise.

    Source: SmoothAdv, Salman, Li, Razenshteyn, Zhang, Zhang, Bubeck & Yang (2019), "Provably Robust
    Deep Learning via Adversarially Trained Smoothed Classifiers", NeurIPS, arXiv:1906.04584.
    """

    kind: ClassVar[str] = "smoothed_pgd"

    sigma: float = 0.1  # standard deviation of the noise before the network, in units of the reach
    samples: int = 8  # of it

    def __post_init__(self) -> None:
        """Bring settings into their checked form.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        super().__post_init__()
        if not 0 < self.sigma < float("inf"):
            raise InvalidConfig(
                f"sigma is a finite standard deviation > 0, got {self.sigma}; without noise it is "
                "pgd"
            )
        check_least(self, 1, "samples")

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Draw the noise, and climb under it."""
        truths = known.own_percept
        num_agents, inner = truths.shape[1], truths.shape[2:]
        assert known.reach is not None, "fitted"
        deviation = self.sigma * known.reach.measure.units
        noise = deviation * draws.normal((num_agents, self.samples, *inner))
        beneath = super().network(known)
        check_followed(beneath)
        network: Any = Smoothed(beneath, noise.astype(truths.dtype))
        return self._climbed(network, state, known, draws)

    def objective(self, known: Known, network: Any, truths: Array) -> Objective:
        """Make what would be done on average unlikely on average."""
        return smoothed_unlikely(network.outputs({known.group.name: truths}), self.samples)
