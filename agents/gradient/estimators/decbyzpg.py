"""DecByzPG's estimator: now and then many episodes, otherwise a few that correct what was known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.batch import Batch, evened
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators.gpomdp import (
    CHUNK,
    Gpomdp,
    log_probabilities,
    summed_slopes,
)
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.batch_env import Snapshot
from rallypoint.config import check_within
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class DecByzPg(Gpomdp):
    """Variance reduction by probability, with every contributor's own memory.

    With probability ``chance``, and in the first round, a contributor's update v is its gradient g
    of many episodes; else, of a few that are played under the present weights w,

        v <- v + g(w) - g'(w_before),

    where in g' each episode counts by the ratio of its probability under the weights of the round
    before to that under the present ones. Products over hundreds of steps are sums of logarithms.
    The coin is the server's: all throw it together. A gradient is a mean over episodes of sums over
    their steps, not whitened.

    In the published code the weights "of the round before" are those that the last step led to, so
    that without agreement between contributors the correction vanishes; here they are the paper's.

    Source: Jordan, Grötschla, Fan & Wattenhofer (2024), "Decentralized Federated Policy Gradient
    with Byzantine Fault-Tolerance and Provably Fast Convergence", AAMAS, arXiv:2401.03489; numbers
    as for cart-pole. Li, Bao, Zhang & Richtárik (2021), PAGE, arXiv:2008.10898.
    """

    whiten: str = "none"
    many: int = 50  # episodes of each contributor
    few: int = 4
    chance: float = 0.2  # of many

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        super().__post_init__()
        if not 1 <= self.few <= self.many:
            raise InvalidConfig(
                f"few is a number >= 1 and many one >= few, got {self.few} and {self.many}"
            )
        check_within(self, "(0, 1]", "chance")

    @property
    def most_episodes(self) -> int:
        """How many whole episodes a contributor plays in a round at most."""
        return self.many

    def memory(self, parameters: Parameters, count: int) -> Snapshot:
        """Remember each contributor's last update, and the weights it was found at."""
        runs, size = parameters.shape
        return {
            "episodes": np.full(runs, self.many),
            "updates": np.zeros((runs, count, size), dtype=np.float32),
            "weights": parameters.copy(),
        }

    def begin(self, memory: Snapshot, seeds: Sequence[int], round_number: int) -> Snapshot:
        """Throw each run's coin, by the run's seed."""
        coins = [stream(seed, "gradient/coin", round_number).random() for seed in seeds]
        is_large = (np.array(coins) < self.chance) | (round_number == 0)
        return memory | {"episodes": np.where(is_large, self.many, self.few)}

    def prepare(
        self,
        networks: ActorCritic,
        parameters: Parameters,
        fragment: Fragment,
        contributors: Contributors,
    ) -> Batch:
        """Make a batch of whole episodes that know which episode each row is of."""
        batch = super().prepare(networks, parameters, fragment, contributors)
        steps, copies, agents = fragment.acting.shape
        numbers = np.arange(copies * agents).reshape(1, copies, agents)
        dealt = contributors.rows(fragment.acting)
        of_rows = contributors.rows(np.broadcast_to(numbers, (steps, copies, agents)))
        return batch._replace(episodes=evened(of_rows, dealt, CHUNK))

    def estimate(
        self, networks: ActorCritic, parameters: Parameters, batch: Batch, memory: Snapshot
    ) -> tuple[Floats, Snapshot]:
        """Return each contributor's update (R, n, d), and remember it."""
        by_log = _per_episode(batch)
        found = summed_slopes(networks, parameters, batch, by_log)
        corrects = memory["episodes"] < self.many  # (R,)
        before = np.concatenate([memory["weights"], parameters[:, memory["weights"].shape[1] :]], 1)
        if corrects.any():
            # Ratios may overflow; every rule leaves out an update that is not finite.
            with np.errstate(over="ignore", invalid="ignore"):
                ratios = _episode_ratios(networks, before, parameters, batch)
                slopes = (by_log * ratios).astype(np.float32)
                corrected = (
                    memory["updates"] + found - summed_slopes(networks, before, batch, slopes)
                )
            found = np.where(corrects[:, None, None], corrected, found)
        present = batch.weights.any(axis=-1, keepdims=True)
        updates = np.where(present, found, memory["updates"])
        # One that is not finite is sent, for the rule to see, and forgotten: what it would be the
        # start of would not be finite either, until there are many episodes again.
        finite = np.isfinite(updates).all(axis=-1, keepdims=True)
        kept = updates if finite.all() else np.where(finite, updates, memory["updates"])
        weights = parameters[:, : memory["weights"].shape[1]].copy()
        return updates, memory | {"updates": kept, "weights": weights}

    def gradient(self, networks: ActorCritic, parameters: Parameters, batch: Batch) -> Floats:
        """Return each contributor's gradient: of the mean over episodes of summed steps."""
        return summed_slopes(networks, parameters, batch, _per_episode(batch))

    def plain_gradient(self, networks: ActorCritic, parameters: Parameters, batch: Batch) -> Floats:
        """Return the mean over rows."""
        return super().gradient(networks, parameters, batch)


def _per_episode(batch: Batch) -> Floats:
    """Return each row's slope: gains over the number of the contributor's episodes."""
    assert batch.episodes is not None, "made in prepare"
    # Rows stand episode by episode, a contributor's own before those that only fill up.
    begins = np.diff(batch.episodes, axis=-1, prepend=-1) != 0
    count = np.count_nonzero(begins & (batch.weights > 0), axis=-1)
    by_log: Floats = -batch.gains * batch.weights / np.maximum(count, 1)[..., None]
    return by_log.astype(np.float32)


def _episode_ratios(
    networks: ActorCritic, before: Parameters, now: Parameters, batch: Batch
) -> NDArray[np.float64]:
    """Return how much likelier each row's episode was before than now: (R, n, b)."""
    assert batch.episodes is not None, "made in prepare"
    there, here = (
        log_probabilities(networks, at, batch).astype(np.float64) for at in (before, now)
    )
    apart = np.where(batch.weights > 0, there - here, 0)
    total = np.bincount(batch.episodes.ravel(), weights=apart.ravel())
    ratios: NDArray[np.float64] = np.exp(total[batch.episodes])
    return ratios
