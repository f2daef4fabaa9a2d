"""Policies of several runs side by side, asked about some copies only."""

from typing import Any

import numpy as np

from rallypoint.batch_env import Actions, Array, Mask, Observations
from rallypoint.draws import Draws, Floats
from rallypoint.policies import Objective


class OfRows:
    """Some copies' part of a policy that may be another one in each copy.

    Such are policies of several runs that are played side by side. What is seen in the other copies
    is filled up with zeros, and what comes of that is left out.
    """

    def __init__(self, policy: Any, rows: Mask) -> None:
        """Ask a policy about the rows (E,) that are masked."""
        self._policy = policy
        self._rows = rows

    @property
    def reads(self) -> str:
        """How outputs are read; see ``rallypoint.policies.DifferentiablePolicy``."""
        reads: str = self._policy.reads
        return reads

    def critic(self) -> "OfRows":
        """Return what its critic says of these copies."""
        return OfRows(self._policy.critic(), self._rows)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose actions (e, n, …)."""
        chosen = self._policy.act(self._spread(observations), _Spread(draws, self._rows))
        return {name: actions[self._rows] for name, actions in chosen.items()}

    def outputs(self, observations: Observations) -> Array:
        """Return what it puts out: (e, n, K)."""
        outputs: Array = self._policy.outputs(self._spread(observations))
        return outputs[self._rows]

    def value_and_gradient(
        self, observations: Observations, objective: Objective
    ) -> tuple[Array, Observations]:
        """Follow an objective of the outputs, (e, n), back to what was seen, (e, n, …)."""
        told: list[Array] = []

        def of_all(outputs: Array) -> tuple[Array, Array]:
            values, slopes = objective(outputs[self._rows])
            told.append(values)
            return _filled(values, self._rows), _filled(slopes, self._rows)

        _, gradient = self._policy.value_and_gradient(self._spread(observations), of_all)
        return told[0], {name: part[self._rows] for name, part in gradient.items()}

    def _spread(self, observations: Observations) -> Observations:
        return {name: _filled(seen, self._rows) for name, seen in observations.items()}


def of_rows(policy: Any, rows: Any) -> Any:
    """Return what acts, or tells, in some copies, of a policy that may differ between them.

    One that plays several runs side by side says so by ``runs``; all others are as they are.
    """
    if isinstance(rows, slice) or getattr(policy, "runs", 1) == 1:
        return policy
    return OfRows(policy, rows)


class _Spread(Draws):
    """Some copies' draws, as all copies'; the others' are 0."""

    def __init__(self, draws: Draws, rows: Mask) -> None:
        self._draws = draws
        self._rows_of_all = rows

    def random(self, shape: tuple[int, ...] = (), mask: Mask | None = None) -> Floats:
        """Draw from [0, 1) for every copy: (E, *shape)."""
        del mask  # policies draw for everybody
        return _filled(self._draws.random(shape), self._rows_of_all)


def _filled(part: Array, rows: Mask) -> Array:
    whole = np.zeros((len(rows), *part.shape[1:]), dtype=part.dtype)
    whole[rows] = part
    return whole
