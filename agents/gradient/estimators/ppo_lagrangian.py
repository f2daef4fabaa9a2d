"""PPO with a limit on costs: what an action costs is charged at a price that all learn together."""

from dataclasses import dataclass

import numpy as np

from rallypoint.agents.gradient.actor_critic import ActorCritic, Loss, Told
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators import shares
from rallypoint.agents.gradient.estimators.a2c import judged
from rallypoint.agents.gradient.estimators.ppo import Ppo
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.returns import advantages
from rallypoint.agents.gradient.riders import Rider
from rallypoint.agents.gradient.riders.multiplier import Multiplier, Whose, told_costs


@dataclass(frozen=True, kw_only=True)
class PpoLagrangian(Ppo):
    """Proximal policy optimisation of reward minus price times cost.

    A second critic says what is still to be paid, and its advantages A_c count beside those of the
    reward at the price of the multiplier, (A - price A_c) / (1 + price): A whitened, A_c centred,
    by each contributor. The price is one number behind the weights (``Multiplier``), so the server
    learns it from what contributors say of their episodes' costs, by its own aggregator.

    The cost of a step is the sum over all that the world names. Of a team, it is the sum over its
    agents too, and everybody's advantage counts all of it.

    Source: Ray, Achiam & Amodei (2019), "Benchmarking Safe Exploration in Deep Reinforcement
    Learning".
    """

    needs_cost_critic = True

    cost_limit: float = 25.0  # of an episode
    cost_of: Whose = "agent"  # whose episode: of each "agent", or of the "team"
    price_rate: float = 0.05  # by which the price rises, for each unit of cost above the limit
    first_price: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        super().__post_init__()
        _ = self.own_riders  # refuse their own

    @property
    def own_riders(self) -> tuple[Rider, ...]:
        """The price of costs."""
        price = Multiplier(
            limit=self.cost_limit,
            whose=self.cost_of,
            rate=self.price_rate,
            first=self.first_price,
        )
        return (price,)

    def prepare(
        self,
        networks: ActorCritic,
        parameters: Parameters,
        fragment: Fragment,
        contributors: Contributors,
    ) -> Batch:
        """Make a batch whose advantages have the price of costs taken off."""
        batch = super().prepare(networks, parameters, fragment, contributors)
        price = parameters[:, networks.architecture.size].reshape(-1, 1, 1)
        values = judged(networks.costs, parameters, fragment, contributors.runs)
        costs = np.broadcast_to(told_costs(fragment, self.cost_of), fragment.rewards.shape)
        gains = advantages(
            fragment._replace(rewards=costs.astype(np.float32)),
            *values,
            gamma=self.gamma,
            lam=self.lam,
        )
        charged = batch.gains - price * _centred(contributors.rows(gains), batch.weights)
        return batch._replace(
            gains=(charged / (1 + price)).astype(np.float32),
            cost_targets=contributors.rows(gains + values[0]),
        )

    def loss(self, by_log: Floats, portions: Floats, told: Told, batch: Batch) -> Loss:
        """Add the derivatives of the error of the critic of costs."""
        assert told.costs is not None
        assert batch.cost_targets is not None, "made in prepare"
        by_cost = (2 * self.value_weight) * portions * (told.costs - batch.cost_targets)
        return super().loss(by_log, portions, told, batch)._replace(by_cost=by_cost)


def _centred(values: Floats, weights: Floats) -> Floats:
    """Return values with mean 0 over each contributor's rows: (R, n, b), 0 elsewhere."""
    mean = np.einsum("rnb,rnb->rn", shares(weights), values, dtype=np.float64)[..., None]
    centred: Floats = np.where(weights > 0, values - mean, 0).astype(np.float32)
    return centred
