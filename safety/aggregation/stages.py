"""What remembers from round to round: pairs of pure functions, init and apply.

State is a dict of arrays, which its owner keeps and hands back, so that a checkpoint holds it like
anything else and nothing is hidden in a rule.

    >>> import numpy as np
    >>> defence = Remembering(Aggregator.parse("centered_clipping", tau=1.0), (WorkerMomentum(),))
    >>> state = defence.init(3, 2)
    >>> first, state = defence.apply(state, np.ones((3, 2)), f=1)
    >>> second, state = defence.apply(state, np.ones((3, 2)), f=1)
    >>> first.round(2), second.round(2)  # one step of length 1 after the other
    (array([0.71, 0.71], dtype=float32), array([1.41, 1.41], dtype=float32))
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rallypoint.config import Config
from rallypoint.errors import InvalidConfig, InvalidUpdates
from rallypoint.safety.aggregation.aggregator import Aggregator
from rallypoint.safety.aggregation.parts import Context

State = Mapping[str, NDArray[Any]]
_NO_CONTEXT = Context()


class Stage(Protocol):
    """A step from updates to updates that remembers."""

    def init(self, n: int, d: int, dtype: Any = np.float32) -> State:
        """Return what it remembers before the first round of n contributors' d parameters."""

    def apply(self, state: State, updates: NDArray[Any]) -> tuple[NDArray[Any], State]:
        """Return the updates (n, d) to go on with, and what to remember; write to nothing."""


@dataclass(frozen=True, kw_only=True)
class WorkerMomentum(Config):
    """Each contributor's updates add up, older ones fading: m <- beta m + update.

    Sums over rounds differ less between honest contributors than single updates do, relative to
    their length, and rules then tell lies from noise. The state is as large as the updates. An
    update that is not finite goes on as it is, so that the aggregator sees it, and is forgotten:
    remembered, it would spoil the contributor's sums for ever.

    Source: El Mhamdi, Guerraoui & Rouault (2021), "Distributed Momentum for Byzantine-resilient
    Stochastic Gradient Descent", ICLR.
    """

    beta: float = 0.9

    def __post_init__(self) -> None:
        """Check the rate.

        Raises:
            InvalidConfig: no rate of fading.
        """
        if not 0 <= self.beta < 1:
            raise InvalidConfig(f"beta must lie in [0, 1), got {self.beta}; at 1 nothing fades")

    def init(self, n: int, d: int, dtype: Any = np.float32) -> State:
        """Return no momentum, (n, d)."""
        return {"momentum": np.zeros((n, d), dtype)}

    def apply(self, state: State, updates: NDArray[Any]) -> tuple[NDArray[Any], State]:
        """Return the momenta (n, d), and remember them."""
        before = state["momentum"]
        if before.shape != updates.shape:
            raise InvalidUpdates(f"updates must be {before.shape} as at first, got {updates.shape}")
        with np.errstate(over="ignore", invalid="ignore"):
            momentum = (self.beta * before).astype(before.dtype, copy=False)
            momentum += updates
        broken = ~np.isfinite(momentum).all(axis=1)
        if not broken.any():
            return momentum, {"momentum": momentum}
        kept = momentum.copy()
        kept[broken] = before[broken]
        return momentum, {"momentum": kept}


@dataclass(frozen=True)
class Remembering:
    """An aggregator behind stages, that knows its last aggregate: ``context.previous``."""

    aggregator: Aggregator
    stages: tuple[Stage, ...] = ()

    def init(self, n: int, d: int, dtype: Any = np.float32) -> State:
        """Return what is remembered before the first round: no aggregate yet, which is zero."""
        state = {"previous": np.zeros(d, dtype)}
        for place, stage in enumerate(self.stages):
            state |= {f"{place}/{key}": part for key, part in stage.init(n, d, dtype).items()}
        return state

    def apply(
        self, state: State, updates: NDArray[Any], f: int, *, context: Context = _NO_CONTEXT
    ) -> tuple[NDArray[Any], State]:
        """Return the aggregate (d,), and what to remember.

        Raises:
            RallypointError: as ``aggregate`` does; the state is then still that of the last round.
        """
        after: dict[str, NDArray[Any]] = {}
        for place, stage in enumerate(self.stages):
            prefix = f"{place}/"
            own = {key.removeprefix(prefix): state[key] for key in state if key.startswith(prefix)}
            updates, own_after = stage.apply(own, updates)
            after |= {prefix + key: part for key, part in own_after.items()}
        context = replace(context, previous=state["previous"])
        aggregate = self.aggregator(updates, f, context=context)
        return aggregate, after | {"previous": aggregate}
