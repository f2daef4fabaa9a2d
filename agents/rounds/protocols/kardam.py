"""The protocol of Kardam: gradients are judged as they come, and applied one by one."""

from collections.abc import Mapping
from dataclasses import dataclass

from rallypoint.agents.rounds.filters.kardam import Kardam
from rallypoint.agents.rounds.filters.memory import REASONS, Dated, Memory
from rallypoint.agents.rounds.filters.versions import Vector
from rallypoint.agents.rounds.protocols import Combine, Follow, protocols
from rallypoint.agents.rounds.protocols.asynchronous import Asynchronous, applied
from rallypoint.batch_env import Snapshot


@protocols.register("kardam")
@dataclass(frozen=True, kw_only=True)
class KardamRounds(Asynchronous[Memory], Kardam):
    """Apply each gradient that passes two filters, the less the older it is.

    With n >= 3 f + 1 contributors. What the filters are is said of ``Kardam``; ``stalled`` counts
    the gradients that came since one was applied.
    """

    def _opened(self, count: int, version: int, parameters: Vector | None) -> Memory:
        return self.memory(count, self.f, version=version, parameters=parameters)

    def _judged(
        self, memory: Memory, version: int, contributor: int, found: Dated
    ) -> tuple[Memory, Combine | Follow | None]:
        judgement, memory = self.judge(memory, contributor, found, f=self.f)
        if not judgement.is_accepted:
            return memory, None
        return memory, applied(version, found.update, judgement.factor)

    def _moved(self, memory: Memory, version: int, parameters: Vector) -> Memory:
        return self.moved(memory, version, parameters)

    def _counted(self, memory: Memory) -> Mapping[str, int]:
        return {
            **dict(zip(REASONS, memory.counts, strict=True)),
            "stalled": memory.stalled,
            "longest_stall": memory.longest_stall,
            "escapes": memory.escapes,
        }

    def _saved(self, memory: Memory) -> Snapshot:
        return memory.snapshot()

    def _restored(self, snapshot: Snapshot) -> Memory:
        return Memory.restored(snapshot)
