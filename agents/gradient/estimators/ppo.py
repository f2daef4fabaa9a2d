"""PPO: several epochs over each fragment, as long as the policy stays near."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators import shares
from rallypoint.agents.gradient.estimators.a2c import A2c
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.config import check_least
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class Ppo(A2c):
    """Proximal policy optimisation with clipped ratios; one aggregation for every minibatch.

    A minibatch is a share of the fragment: it holds equally many rows of every contributor, and of
    every group the same share.

    Source: Schulman, Wolski, Dhariwal, Radford & Klimov (2017), arXiv:1707.06347; defaults as in
    SB3, but for advantages, which each contributor whitens over its whole batch.
    """

    lam: float = 0.95
    whiten: bool = True
    clip: float = 0.2  # how far ratios of probabilities count
    epochs: int = 10  # over each fragment
    minibatch: int = 64  # rows, of all contributors together

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        super().__post_init__()
        if not self.clip > 0:  # inf clips nothing
            raise InvalidConfig(f"clip is a number > 0, got {self.clip}")
        check_least(self, 1, "epochs", "minibatch")

    def prepare(
        self,
        networks: ActorCritic,
        parameters: Parameters,
        fragment: Fragment,
        contributors: Contributors,
    ) -> Batch:
        """Make a batch with advantages, targets, and how likely every action was."""
        batch = super().prepare(networks, parameters, fragment, contributors)
        return batch._replace(old_logs=networks.logs(parameters, batch))

    def passes(
        self, batch: Batch, draws: Draws, count: int, lengths: Sequence[int] = ()
    ) -> Iterator[Batch]:
        """Yield the minibatches of every epoch, each contributor's rows shuffled on their own.

        Of several actors a minibatch holds the same share each, and of none nothing.
        """
        length = batch.weights.shape[2]
        of_all = lengths or (length,)
        whole = sum(of_all)
        rows = min(whole, max(1, self.minibatch // count, -(-whole // min(of_all))))
        ends = [end * length // whole for end in [*range(rows, whole, rows), whole]]
        for _ in range(self.epochs):
            order = _order_of(draws.random((length,)))
            yield from batch.pieces(order.reshape(batch.weights.shape), ends)

    def gradient(self, networks: ActorCritic, parameters: Parameters, batch: Batch) -> Floats:
        """Return each contributor's gradient."""
        assert batch.old_logs is not None, "made in prepare"
        told = networks.tell(parameters, batch)
        ratios = np.exp(told.logs - batch.old_logs)
        # Where clipping took hold and would help, the objective is flat.
        flat = np.where(batch.gains > 0, ratios > 1 + self.clip, ratios < 1 - self.clip)
        portions = shares(batch.weights)
        by_log = np.where(flat, 0, -batch.gains * ratios * portions).astype(np.float32)
        loss = self.loss(by_log, portions, told, batch)
        return networks.gradient(batch, told, loss)


def _order_of(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return by which places each row of numbers rises, equal ones in the order they stand in."""
    order: NDArray[np.int64] = numbers.argsort(axis=1)  # several times as fast as a stable sort
    rising = np.take_along_axis(numbers, order, axis=1)
    if (rising[:, 1:] == rising[:, :-1]).any():  # hardly ever: then there is but one order
        order = numbers.argsort(axis=1, kind="stable")
    return order
