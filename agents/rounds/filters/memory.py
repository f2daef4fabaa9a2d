"""What a server remembers of the gradients that came, one by one."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.rounds.filters.versions import Vector, Versions
from rallypoint.batch_env import Snapshot

Reason = Literal["accepted", "non_finite", "too_old", "lipschitz", "frequency"]
REASONS: tuple[Reason, ...] = get_args(Reason)


class Dated(NamedTuple):
    """An update, and the version that it was found on."""

    version: int
    update: Vector  # (d,)


class Memory(NamedTuple):
    """What a server remembers of the gradients that came."""

    versions: Versions
    sent: tuple[Dated | None, ...]  # (n,) by each contributor, last
    coefficients: NDArray[np.float64]  # (n, remembered) NaN: none yet
    told: NDArray[np.int64]  # (n,) coefficients so far
    applied: tuple[Dated, ...]  # the newest, and the newest found on another version than that
    owners: tuple[int, ...]  # contributors of the last 2 f applied
    counts: tuple[int, ...]  # gradients, by REASONS
    stalled: int = 0  # gradients that came since one was applied
    longest_stall: int = 0
    escapes: int = 0  # applied against the filters

    def counting(self, reason: Reason, *, escaped: bool) -> "Memory":
        """Return it with one more gradient counted."""
        counts = list(self.counts)
        counts[REASONS.index(reason)] += 1
        stalled = 0 if reason == "accepted" else self.stalled + 1
        return self._replace(
            counts=tuple(counts),
            stalled=stalled,
            longest_stall=max(self.longest_stall, stalled),
            escapes=self.escapes + escaped,
        )

    def snapshot(self) -> Snapshot:
        """Return it as arrays."""
        told = [*self.versions.kept, *(found.update for found in self.sent if found)]
        nothing = np.zeros_like(told[0]) if told else np.zeros(0, dtype=np.float32)
        sent = [found or Dated(-1, nothing) for found in self.sent]
        return {
            "version": np.array(self.versions.current),
            "kept": _stacked(self.versions.kept, nothing),
            "sent": np.stack([found.update for found in sent]),
            "sent_on": np.array([found.version for found in sent]),
            "coefficients": self.coefficients.copy(),
            "told": self.told.copy(),
            "applied": _stacked([found.update for found in self.applied], nothing),
            "applied_on": np.array([found.version for found in self.applied], dtype=np.int64),
            "owners": np.array(self.owners, dtype=np.int64),
            "counts": np.array(self.counts),
            "stalls": np.array([self.stalled, self.longest_stall, self.escapes]),
        }

    @classmethod
    def restored(cls, snapshot: Snapshot) -> "Memory":
        """Return that of a snapshot."""
        sent = zip(snapshot["sent_on"].tolist(), snapshot["sent"].copy(), strict=True)
        applied = zip(snapshot["applied_on"].tolist(), snapshot["applied"].copy(), strict=True)
        return cls(
            Versions(int(snapshot["version"]), tuple(snapshot["kept"].copy())),
            tuple(None if version < 0 else Dated(version, row) for version, row in sent),
            snapshot["coefficients"].copy(),
            snapshot["told"].copy(),
            tuple(Dated(version, row) for version, row in applied),
            tuple(snapshot["owners"].tolist()),
            tuple(snapshot["counts"].tolist()),
            *snapshot["stalls"].tolist(),
        )


def _stacked(rows: Sequence[Vector], like: Vector) -> Vector:
    return np.concatenate([like[None][:0], *(row[None] for row in rows)])
