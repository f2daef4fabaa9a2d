"""What an aggregator is tried on: updates of honest and other contributors, and their context."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.draws import stream
from rallypoint.errors import NotConformant, TooManyByzantine
from rallypoint.safety.aggregation.aggregator import Aggregator
from rallypoint.safety.aggregation.parts import Context

_MOST = 200  # contributors; a bound that no such number meets cannot be tried


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Updates, whose are honest, and what else is known of them."""

    updates: NDArray[np.float64]  # (n, d)
    honest: NDArray[np.intp]  # (n - f,)
    f: int
    root: NDArray[np.float64]  # (d,)
    previous: NDArray[np.float64]  # (d,)
    trusted: tuple[int, ...]
    counts: NDArray[np.int64]  # (n,)
    scores: NDArray[np.float64]  # (n,)
    seed: int  # of what the rule draws

    def context(self, dtype: Any = np.float64, **given: Any) -> Context:
        """Return everything that a rule may need, its draws as at first."""
        d = self.updates.shape[1]
        whole = Context(
            rng=stream(self.seed, "aggregator on trial"),
            trusted=self.trusted,
            root=self.root.astype(dtype),
            previous=self.previous.astype(dtype),
            counts=self.counts,
            layout=[d - d // 2, d // 2] if d > 1 else [d],
            scores=self.scores,
        )
        return replace(whole, **given)

    def moved(self, shift: NDArray[np.float64]) -> "Scene":
        """Return the scene with all points elsewhere."""
        return self._mapped(lambda points: points + shift)

    def scaled(self, factor: float) -> "Scene":
        """Return the scene in another unit."""
        return self._mapped(lambda points: points * factor)

    def turned(self, rotation: NDArray[np.float64]) -> "Scene":
        """Return the scene in other axes."""
        return self._mapped(lambda points: points @ rotation)

    def shuffled(self, order: NDArray[np.intp]) -> "Scene":
        """Return the scene with its contributors in another order."""
        place = np.argsort(order)
        return replace(
            self,
            updates=self.updates[order],
            honest=np.sort(place[self.honest]),
            trusted=tuple(sorted(place[list(self.trusted)].tolist())),
            counts=self.counts[order],
            scores=self.scores[order],
        )

    def with_lies(self, lies: NDArray[np.float64]) -> "Scene":
        """Return the scene with other updates of those who are not honest, (f, d)."""
        updates = self.updates.copy()
        updates[np.setdiff1d(np.arange(len(updates)), self.honest)] = lies
        return replace(self, updates=updates)

    def _mapped(self, change: Any) -> "Scene":
        return replace(
            self,
            updates=change(self.updates),
            root=change(self.root),
            previous=change(self.previous),
        )


def scenes(aggregator: Aggregator, seed: int, count: int) -> Iterator[Scene]:
    """Yield scenes with 1 to 3 contributors to tolerate, at the bound and above it."""
    for number in range(count):
        f = 1 + number % 3
        n = fewest(aggregator, f) + (number // 3) % 3
        yield scene(n, f, 2 + number % 7, seed + number)


def scene(n: int, f: int, d: int, seed: int) -> Scene:
    """Return a scene without ties, whose points and scales are drawn."""
    rng = stream(seed, "scene", n, f, d)
    middle = 3 * rng.standard_normal(d)
    updates = middle + rng.standard_normal((n, d)) * rng.uniform(0.5, 2, d)
    honest = np.sort(rng.permutation(n)[: n - f])
    lying = np.setdiff1d(np.arange(n), honest)
    updates[lying] += rng.choice([-1, 1], d) * rng.uniform(1, 6)
    scores = rng.uniform(0.1, 1, n)
    scores[lying] *= -1
    counts = rng.integers(1, 100, n)
    return Scene(
        updates=updates,
        honest=honest,
        f=f,
        root=middle + 0.3 * rng.standard_normal(d),
        previous=middle + rng.standard_normal(d),
        trusted=tuple(honest[:2].tolist()),
        counts=counts,
        scores=scores,
        seed=seed,
    )


def fewest(aggregator: Aggregator, f: int) -> int:
    """Return the smallest n of which an aggregator tolerates f.

    Raises:
        NotConformant: there is none within reason.
    """
    for n in range(f + 1, _MOST):
        try:
            aggregator.check(n, f)
        except TooManyByzantine:
            continue
        return n
    raise NotConformant(
        f"{aggregator.name} must tolerate f = {f} among {_MOST} contributors, or it cannot be tried"
    )
