"""Mean and variance of what is seen, learned together, by which observations are normalised."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators import shares
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.riders import Rider, Said
from rallypoint.batch_env import Snapshot
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class ObservationStatistics(Rider):
    """Running mean and variance of each entry of an observation.

    A contributor sends the mean of what it saw in the fragment, and its mean square about the mean
    that everybody knows, each as the difference from what is known and in units of that; no counts,
    by which a liar could make itself heavier. The server follows the combined ones by a step of
    one part in so many rounds as there were, and not less than ``least_step``.

    Policy and critic see (x - mean) / sqrt(variance), which is nothing but other weights of their
    first layers (``folded``), so a policy acts, and is saved, with those. It is not cut to bounds,
    which no weights could do. An entry whose mean is thousands of its deviations gets a variance
    that is off by 1e-7 of the mean squared in the first round, as much as single precision allows,
    and right only as later rounds outweigh that.
    """

    name: ClassVar[str] = "observation_statistics"

    entries: int  # of an observation, flattened
    scale: float = 0.05  # of a difference of one standard deviation, in an update
    least_step: float = 0.05  # towards what was combined; 1 / 20: the last twenty rounds count
    least_variance: float = 1e-4  # of an entry, which is never magnified more than that allows

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        if min(self.scale, self.least_variance) <= 0 or not 0 < self.least_step <= 1:
            raise InvalidConfig(
                "scale and least_variance are numbers > 0 and least_step lies in (0, 1], got "
                f"{self.scale}, {self.least_variance} and {self.least_step}"
            )

    @property
    def size(self) -> int:
        """A mean and a variance of each entry."""
        return 2 * self.entries

    def initial(self) -> Parameters:
        """Start with means of 0 and variances of 1."""
        return np.repeat(np.array([0, 1], dtype=np.float32), self.entries)

    def say(
        self, own: Parameters, fragment: Fragment, contributors: Contributors, memory: Snapshot
    ) -> Said:
        """Say how far what each contributor saw is from what is known."""
        mean, variance = (part[:, None] for part in self._split(own))  # (R, 1, entries)
        portions = shares(contributors.rows(fragment.acting).astype(np.float64))  # (R, n, b)
        offsets = contributors.rows(fragment.seen) - mean[:, :, None]
        present = portions.any(axis=-1, keepdims=True)
        means = np.einsum("rnb,rnbi->rni", portions, offsets, dtype=np.float64)
        squares = np.einsum("rnb,rnbi,rnbi->rni", portions, offsets, offsets, dtype=np.float64)
        higher = [means / np.sqrt(variance), np.where(present, squares / variance - 1, 0)]
        update = -self.scale * np.concatenate(higher, axis=-1)
        return Said(update.astype(np.float32), memory)

    def move(self, own: Parameters, aggregate: Floats, round_number: int) -> Parameters:
        """Go a step towards the combined mean and mean square."""
        step = max(self.least_step, 1 / (1 + round_number))
        mean, variance = (part.astype(np.float64) for part in self._split(own))
        higher, wider = np.split(aggregate.astype(np.float64) / -self.scale, 2, axis=-1)
        moved = step * higher * np.sqrt(variance)
        # About the new mean; of what a rule combined entry by entry, it need not be positive.
        spread = variance * (1 + step * wider) - moved**2
        found = np.concatenate([mean + moved, np.maximum(spread, self.least_variance)], axis=-1)
        return found.astype(np.float32)

    def shown(self, own: Parameters, fragment: Fragment) -> Fragment:
        """Return a fragment normalised, each run's by its own numbers (R, size)."""
        mean, variance = self._split(own)
        deviation = np.sqrt(variance)
        per_run = fragment.seen.shape[1] // len(own)
        of_copies = [np.repeat(part, per_run, axis=0)[:, None] for part in (mean, deviation)]
        run_of_cut = fragment.cut[:, 1] // per_run
        return fragment._replace(
            seen=(fragment.seen - of_copies[0]) / of_copies[1],
            cut_seen=(fragment.cut_seen - mean[run_of_cut]) / deviation[run_of_cut],
            last_seen=(fragment.last_seen - of_copies[0]) / of_copies[1],
        )

    def folded(
        self, own: Parameters, architecture: Architecture, weights: Parameters
    ) -> Parameters:
        """Return weights (R, D) that say of what is seen what these say of it normalised."""
        mean, variance = self._split(own)
        deviation = np.sqrt(variance)
        found = weights.copy()
        first = [architecture.actor[0]]
        if architecture.value_inputs is None:  # a central critic does not see observations
            first += [net[0] for net in (architecture.critic, architecture.cost_critic) if net]
        for matrix, biases in first:
            scaled = _matrices(weights, matrix.at, matrix.shape) / deviation[..., None, :]
            found[..., matrix.at] = scaled.reshape(*weights.shape[:-1], -1)
            found[..., biases.at] -= np.einsum("...oi,...i->...o", scaled, mean)
        return found

    def _split(self, own: Parameters) -> tuple[Floats, Floats]:
        mean, variance = np.split(own, 2, axis=-1)
        return mean, np.maximum(variance, np.float32(self.least_variance))


def _matrices(weights: Parameters, at: slice, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return weights[..., at].reshape(*weights.shape[:-1], *shape)
