"""What a server remembers of the gradients that came, one by one."""

from collections.abc import Iterator, Sequence
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


class Found(NamedTuple):
    """An update, and where it was found: that is known when its version is forgotten, too."""

    version: int
    update: Vector  # (d,)
    at: Vector | None  # (d,) parameters of the version; None where they were never told


class Memory(NamedTuple):
    """What a server remembers of the gradients that came."""

    versions: Versions
    sent: tuple[Found | None, ...]  # (n,) by each contributor, last
    coefficients: NDArray[np.float64]  # (n, remembered) NaN: none yet
    told: NDArray[np.int64]  # (n,) coefficients so far
    applied: tuple[Found, ...]  # the newest, and the newest found on another version than that
    owners: tuple[int, ...]  # contributors of the last 2 f applied
    counts: tuple[int, ...]  # gradients, by REASONS
    stalled: int = 0  # gradients that came since one was applied
    longest_stall: int = 0
    escapes: int = 0  # applied against the filters
    left: Vector | None = None  # (d,) where the last step began that moved the parameters

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
        found = [*filter(None, self.sent), *self.applied]
        told = [*self.versions.kept, *(one.update for one in found)]
        nothing = np.zeros_like(told[0]) if told else np.zeros(0, dtype=np.float32)
        sent = [found or Found(-1, nothing, None) for found in self.sent]
        unknown = np.full_like(nothing, np.nan)
        return {
            "version": np.array(self.versions.current),
            "kept": _stacked(self.versions.kept, nothing),
            "sent": np.stack([one.update for one in sent]),
            "sent_on": np.array([one.version for one in sent]),
            "sent_at": _stacked([_or(one.at, unknown) for one in sent], nothing),
            "coefficients": self.coefficients.copy(),
            "told": self.told.copy(),
            "applied": _stacked([one.update for one in self.applied], nothing),
            "applied_on": np.array([one.version for one in self.applied], dtype=np.int64),
            "applied_at": _stacked([_or(one.at, unknown) for one in self.applied], nothing),
            "left": _or(self.left, unknown).copy(),
            "owners": np.array(self.owners, dtype=np.int64),
            "counts": np.array(self.counts),
            "stalls": np.array([self.stalled, self.longest_stall, self.escapes]),
        }

    @classmethod
    def restored(cls, snapshot: Snapshot) -> "Memory":
        """Return that of a snapshot."""
        stalled, longest_stall, escapes = snapshot["stalls"].tolist()
        return cls(
            Versions(int(snapshot["version"]), tuple(snapshot["kept"].copy())),
            tuple(None if one.version < 0 else one for one in _found(snapshot, "sent")),
            snapshot["coefficients"].copy(),
            snapshot["told"].copy(),
            tuple(_found(snapshot, "applied")),
            tuple(snapshot["owners"].tolist()),
            tuple(snapshot["counts"].tolist()),
            stalled,
            longest_stall,
            escapes,
            _known(snapshot["left"].copy()),
        )


def _found(snapshot: Snapshot, name: str) -> Iterator[Found]:
    updates, points = snapshot[name].copy(), snapshot[f"{name}_at"].copy()
    for version, update, at in zip(snapshot[f"{name}_on"].tolist(), updates, points, strict=True):
        yield Found(version, update, _known(at))


def _or(vector: Vector | None, unknown: Vector) -> Vector:
    return unknown if vector is None else vector


def _known(vector: Vector) -> Vector | None:
    return None if np.isnan(vector).any() or not len(vector) else vector


def _stacked(rows: Sequence[Vector], like: Vector) -> Vector:
    return np.concatenate([like[None][:0], *(row[None] for row in rows)])
