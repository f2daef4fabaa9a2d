"""A server in shards, each an actor of its own."""

from collections.abc import Sequence
from typing import Any

import ray

from rallypoint.agents.gradient.optimisers import Optimiser
from rallypoint.agents.rounds.protocols import Floats
from rallypoint.agents.rounds.shards import Shard, agreed, cuts, whole
from rallypoint.safety.aggregation.decisions import Decision

_RAY: Any = ray  # where its functions say nothing of types


class ShardedServer:
    """Parameters and updates in columns on several actors; n x n numbers travel between them."""

    def __init__(
        self,
        parameters: Floats,
        *,
        shards: int,
        contributors: int,
        optimiser: Optimiser | None = None,
        cpus: float = 1.0,
    ) -> None:
        """Start so many actors, on a Ray that is connected to.

        Args:
            parameters: (d,) to start from.
            shards: how many actors.
            contributors: how many send updates.
            optimiser: of each shard.
            cpus: that an actor takes.
        """
        self._cuts = cuts(len(parameters), shards)
        self._contributors = contributors
        actor = _RAY.remote(Shard).options(num_cpus=cpus)
        self.actors = [
            actor.remote(start, parameters[start:stop], contributors, optimiser)
            for start, stop in self._cuts
        ]

    def receive(self, contributor: int, update: Floats) -> None:
        """Deal an update (d,) out to the shards."""
        self._ask(
            [
                actor.receive.remote(contributor, update[start:stop])
                for actor, (start, stop) in zip(self.actors, self._cuts, strict=True)
            ]
        )

    def fill(self, seed: int) -> None:
        """Let shards draw all updates themselves, for measuring."""
        for contributor in range(self._contributors):
            self._ask([actor.fill.remote(contributor, seed) for actor in self.actors])

    def step(self, name: str, f: int, rate: float) -> Decision:
        """Combine what came, and move; return what was decided of those that are not left out.

        Raises:
            RallypointError: as ``rounds.shards.agreed`` does.
        """
        decision, rows = agreed(self._all, name, self._contributors, f)
        self._all("follow", decision, rate, rows)
        return decision

    def parameters(self) -> Floats:
        """Return all parameters in one place, (d,)."""
        return whole(self._ask([actor.columns.remote() for actor in self.actors]))

    def peak_bytes(self) -> list[int]:
        """Return the most memory that each actor has held."""
        return self._ask([actor.peak_bytes.remote() for actor in self.actors])

    def close(self) -> None:
        """Stop the actors."""
        for actor in self.actors:
            _RAY.kill(actor)

    def _all(self, method: str, *arguments: Any, **named: Any) -> list[Any]:
        return self._ask(
            [getattr(actor, method).remote(*arguments, **named) for actor in self.actors]
        )

    @staticmethod
    def _ask(references: Sequence[Any]) -> list[Any]:
        answers: list[Any] = _RAY.get(list(references))
        return answers
