"""The buffered protocol: a robust rule over the last update of each contributor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rallypoint.agents.rounds.filters.buffer import Buffer, Held, restored, snapshot
from rallypoint.agents.rounds.filters.kardam import check_quorum
from rallypoint.agents.rounds.filters.memory import Dated
from rallypoint.agents.rounds.filters.versions import Vector
from rallypoint.agents.rounds.protocols import Combine, Follow, protocols
from rallypoint.agents.rounds.protocols.asynchronous import Asynchronous
from rallypoint.batch_env import Snapshot
from rallypoint.errors import InvalidConfig


class Buffering(NamedTuple):
    """What is in the buffer, and what has been counted."""

    held: Held
    combined: int = 0
    too_old: int = 0
    stalled: int = 0  # updates that came since the last combination
    longest_stall: int = 0


@protocols.register("buffered")
@dataclass(frozen=True, kw_only=True)
class BufferedRounds(Asynchronous[Buffering], Buffer):
    """Ask the aggregator about the last update of each of 2 f + 1 contributors or more.

    As many liars as f may be silent, so n >= 3 f + 1, and at most n - f are waited for. Which
    updates are combined when is said of ``Buffer``; what they are combined by is the server's
    aggregator.
    """

    def _opened(self, count: int, version: int, parameters: Vector | None) -> Buffering:
        del version, parameters
        check_quorum("buffered", count, self.f)
        if (least := self.least(self.f)) > count - self.f:
            raise InvalidConfig(
                f"a buffer of size = {least} fills only if all of {count} contributors but "
                f"{count - least} send, and f = {self.f} may be silent for ever; take a size of "
                f"{count - self.f} at most, or more contributors"
            )
        return Buffering(self.empty(count))

    def _judged(
        self, memory: Buffering, version: int, contributor: int, found: Dated
    ) -> tuple[Buffering, Combine | Follow | None]:
        stalled = memory.stalled + 1
        memory = memory._replace(
            stalled=stalled,
            longest_stall=max(memory.longest_stall, stalled),
            too_old=memory.too_old + (version - found.version >= self.keep),
            held=self.put(memory.held, contributor, found),
        )
        ready = self.ready(memory.held, version, f=self.f)
        if ready is None:
            return memory, None
        factors = [self.dampening.factor(version - found.version) for found in ready.values()]
        order = Combine(
            version,
            np.array(list(ready)),
            np.stack([found.update for found in ready.values()]),
            weights=np.array(factors, dtype=np.float32),
        )
        return (
            memory._replace(
                held=self.combined(memory.held), combined=memory.combined + 1, stalled=0
            ),
            order,
        )

    def _moved(self, memory: Buffering, version: int, parameters: Vector) -> Buffering:
        del version, parameters
        return memory

    def _counted(self, memory: Buffering) -> Mapping[str, int]:
        return {
            "combined": memory.combined,
            "too_old": memory.too_old,
            "stalled": memory.stalled,
            "longest_stall": memory.longest_stall,
        }

    def _saved(self, memory: Buffering) -> Snapshot:
        counts = [memory.combined, memory.too_old, memory.stalled, memory.longest_stall]
        return snapshot(memory.held) | {"counts": np.array(counts)}

    def _restored(self, snapshot: Snapshot) -> Buffering:
        return Buffering(restored(snapshot), *snapshot["counts"].tolist())
