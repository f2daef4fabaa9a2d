"""GPOMDP: the plain policy gradient, with each action credited for what came after it."""

from dataclasses import dataclass

import numpy as np

from rallypoint.agents.gradient.actor_critic import ActorCritic, Loss
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.batch import Batch, evened
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators import Estimator, shares, whitened
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.returns import returns_to_go
from rallypoint.config import check_within
from rallypoint.errors import InvalidConfig

CHUNK = 128  # rows of a piece: sums over pieces do not depend on who else has more rows
_WHITEN = ("batch", "episode", "none")


@dataclass(frozen=True, kw_only=True)
class Gpomdp(Estimator):
    """Whole episodes, discounted returns to go, no critic.

    Source: Baxter & Bartlett (2001), "Infinite-horizon policy-gradient estimation".
    """

    whole_episodes = True

    gamma: float = 0.999  # discount
    whiten: str = "batch"  # returns, over a contributor's batch, over each "episode", or "none"
    to_go: bool = True  # False: REINFORCE, every action credited for the whole episode

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        check_within(self, "[0, 1]", "gamma")
        if self.whiten not in _WHITEN:
            raise InvalidConfig(f"whiten is one of {_WHITEN}, got {self.whiten!r}")
        super().__post_init__()

    def prepare(
        self,
        networks: ActorCritic,
        parameters: Parameters,
        fragment: Fragment,
        contributors: Contributors,
    ) -> Batch:
        """Make a batch of whole episodes."""
        del networks, parameters
        worth = returns_to_go(fragment, self.gamma)
        if not self.to_go:
            # What the first step was worth, for every step that its agent took in the episode; it
            # may have come late.
            first = fragment.acting.argmax(axis=0)[None]
            worth = np.where(fragment.acting, np.take_along_axis(worth, first, axis=0), 0)
        if self.whiten == "episode":
            worth = _whitened_lanes(worth, fragment)
        dealt = contributors.rows(fragment.acting)
        seen, actions, gains = (
            evened(contributors.rows(part), dealt, CHUNK)
            for part in (fragment.seen, fragment.actions, worth)
        )
        weights = evened(dealt, dealt, CHUNK).astype(np.float32)
        if self.whiten == "batch":
            gains = whitened(gains, weights)
        allowed = None
        if fragment.allowed is not None:
            allowed = evened(contributors.rows(fragment.allowed), dealt, CHUNK)
        return Batch(seen, actions, gains, weights, allowed=allowed)

    def gradient(self, networks: ActorCritic, parameters: Parameters, batch: Batch) -> Floats:
        """Return each contributor's gradient of ``-mean(log pi(a) gain)``."""
        by_log = -batch.gains * shares(batch.weights)
        return summed_slopes(networks, parameters, batch, by_log)


def summed_slopes(
    networks: ActorCritic, parameters: Parameters, batch: Batch, by_log: Floats
) -> Floats:
    """Return each contributor's gradient (R, n, d) of ``sum(log pi(a) by_log)``, by pieces."""
    cut = _in_pieces(batch)
    told = networks.tell(parameters, cut)
    found = networks.gradient(cut, told, Loss(by_log.reshape(cut.weights.shape)))
    by_piece = found.reshape(*batch.weights.shape[:2], -1, found.shape[-1])
    total = np.zeros_like(by_piece[:, :, 0])
    for piece in range(by_piece.shape[2]):
        total += by_piece[:, :, piece]
    return total


def log_probabilities(networks: ActorCritic, parameters: Parameters, batch: Batch) -> Floats:
    """Return how likely each row's action is under some parameters: (R, n, b), a new array."""
    return networks.logs(parameters, _in_pieces(batch)).reshape(batch.weights.shape)


def _in_pieces(batch: Batch) -> Batch:
    """Cut rows into pieces of one size: sums then do not depend on who has more rows.

    Few rows are one piece.
    """
    runs, count, length = batch.weights.shape
    chunk = min(CHUNK, length)
    shape = (runs, count * (length // chunk), chunk)
    return batch.each(lambda part: part.reshape(*shape, *part.shape[3:]))


def _whitened_lanes(worth: Floats, fragment: Fragment) -> Floats:
    """Whiten each agent's returns over its episode: (T, E, n), one episode a copy."""
    lanes = np.moveaxis(worth, 0, -1)
    return np.moveaxis(
        whitened(lanes, np.moveaxis(fragment.acting, 0, -1).astype(np.float32)), -1, 0
    )
