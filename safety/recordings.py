"""What threats did, counted again from what was recorded rather than from what the frame says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Array, Mask


@dataclass(frozen=True, kw_only=True)
class Recording:
    """K steps of E copies, in which no copy is reset: K + 1 moments, K transitions between them."""

    agents: tuple[str, ...]
    columns: Mapping[str, slice]  # group -> its place on the agent axis
    time: NDArray[
        np.int64
    ]  # (K + 1, E) steps since the reset; 0 where the recording begins with it
    crashed: Mask  # (K + 1, E, N)
    observations: Mapping[str, Array]  # group -> (K + 1, E, n, …) as perceived
    true_observations: Mapping[str, Array]  # likewise, as they were
    proposed: Mapping[str, Array]  # group -> (K, E, n, …)
    executed: Mapping[str, Array]
    interrupted: Mask  # (K, E, N)


class Recount(NamedTuple):
    """Agent-steps by agent, as far as a recording shows them; agents with none are left out."""

    crashes: dict[str, int]
    interruptions: dict[str, int]
    overridden: dict[str, int]  # another action executed than proposed, crashes aside
    deceived: dict[str, int]  # another observation perceived than the true one


def recount(recording: Recording) -> Recount:
    """Count what threats did in a recording."""
    crashed = recording.crashed
    before = np.concatenate([crashed[:1] & (recording.time[:1, :, None] > 0), crashed[:-1]])
    overridden = _different(recording, recording.executed, recording.proposed) & ~crashed[:-1]
    deceived = _different(recording, recording.observations, recording.true_observations)
    counted = (crashed & ~before, recording.interrupted, overridden, deceived)
    return Recount(*(_by_agent(recording, mask) for mask in counted))


def _different(recording: Recording, one: Mapping[str, Array], other: Mapping[str, Array]) -> Mask:
    parts = []
    for group in recording.columns:
        unequal = one[group] != other[group]
        parts.append(unequal.any(axis=tuple(range(3, unequal.ndim))))
    return np.concatenate(parts, axis=2)


def _by_agent(recording: Recording, mask: Mask) -> dict[str, int]:
    counts = mask.sum(axis=(0, 1)).tolist()
    return {agent: n for agent, n in zip(recording.agents, counts, strict=True) if n}
