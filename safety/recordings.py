"""What happened and what was told of it, and what threats did counted again from that.

Counted from the recording, and not from what the frame says of itself: receipts that agree with
a recount were checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Array, Mask
from rallypoint.draws import Floats, Integers
from rallypoint.safety.threats import Site


@dataclass(frozen=True, kw_only=True)
class Recording:
    """K steps of E copies, and the moments before, between and after them.

    There is a moment after every step, and one after every reset: it holds all copies, those that
    were not reset unchanged. Step k is taken at moment ``chosen_at[k]`` and leads to the next.
    """

    agents: tuple[str, ...]
    columns: Mapping[str, slice]  # group -> its place on the agent axis
    copies: Integers  # (E,) global ids
    # At moments:
    time: Integers  # (M, E) steps since the reset
    began: Mask  # (M, E) whether an episode of the copy begins here
    alive: Mask  # (M, E, N)
    crashed: Mask  # (M, E, N)
    byzantine: Mask  # (M, E, N)
    will_interrupt: Mask  # (M, E, N) whether a person is set to, in this episode
    observations: Mapping[str, Array]  # group -> (M, E, n, …) as perceived
    true_observations: Mapping[str, Array]  # likewise, as they were
    # Of steps:
    chosen_at: Integers  # (K,) the moment at which the step was taken
    proposed: Mapping[str, Array]  # group -> (K, E, n, …) actions
    executed: Mapping[str, Array]
    interrupted: Mask  # (K, E, N)
    theta: Floats  # (K, E, N) chance of being interrupted
    rewards: Floats  # (K, E, N) as told to the learner
    true_rewards: Floats  # (K, E, N)
    costs: Floats  # (K, E, N, k) as told; k is 0 where the world offers none
    true_costs: Floats  # (K, E, N, k)
    terminated: Mask  # (K, E, N)
    truncated: Mask  # (K, E, N)

    @property
    def num_steps(self) -> int:
        """K."""
        return len(self.chosen_at)

    @property
    def news(self) -> Mask:
        """Where a moment is another one than before, for a copy: (M, E)."""
        news = self.began.copy()
        news[self.chosen_at + 1] = True
        return news


SITES_OF_COUNTS: dict[str, tuple[Site, ...]] = {  # the threats whose deeds each count shows
    "crashes": ("presence",),
    "interruptions": ("interruption",),
    "overridden": ("action", "interruption"),
    "deceived": ("observation",),
    "misinformed": ("feedback",),
}


class Recount(NamedTuple):
    """Agent-steps by agent, as far as a recording shows them; agents with none are left out."""

    crashes: dict[str, int]
    interruptions: dict[str, int]
    overridden: dict[str, int]  # another action executed than proposed, crashes aside
    deceived: dict[str, int]  # another observation perceived than the true one
    misinformed: dict[str, int]  # another reward or cost told than the true one
    of_honest: dict[str, int]  # each of these counts, over all who are not Byzantine


def marks(recording: Recording, costs: Sequence[str] = ()) -> dict[str, Mask]:
    """Return where a recording differs from the truth, by what threats are at a site to change.

    Args:
        recording: K steps and M moments of E copies and N agents.
        costs: names of the world's costs, in order; those without a name are left out.

    Returns:
        ``presence``, who falls now, and ``observation``, (M, E, N); ``action``, what no person had
        a hand in, ``interruption``, and ``feedback``, of rewards, (K, E, N), with ``feedback
        <name>`` of each cost.
    """
    crashed = recording.crashed
    # Who was down already: at a first moment in mid-episode, all who are.
    before = np.concatenate([crashed[:1], crashed[:-1]]) & ~recording.began[:, :, None]
    overridden = _overridden(recording)
    deceived = _different(recording, recording.observations, recording.true_observations)
    of_costs = _unequal(recording.costs, recording.true_costs)
    found = {
        "presence": crashed & ~before,
        "observation": deceived & recording.news[:, :, None],
        "action": overridden & ~recording.interrupted,
        "interruption": recording.interrupted,
        "feedback": _unequal(recording.rewards, recording.true_rewards),
    }
    return found | {f"feedback {name}": of_costs[..., place] for place, name in enumerate(costs)}


def recount(recording: Recording) -> Recount:
    """Count what threats did in a recording."""
    names = [str(place) for place in range(recording.costs.shape[3])]
    found = marks(recording, names)
    of_signals = [mask for place, mask in found.items() if place.startswith("feedback")]
    honest = ~recording.byzantine
    then = honest[recording.chosen_at]
    counted = {
        "crashes": (found["presence"], honest),
        "interruptions": (found["interruption"], then),
        "overridden": (_overridden(recording), then),
        "deceived": (found["observation"], honest),
        "misinformed": (np.logical_or.reduce(of_signals), then),
    }
    sums = {what: int(np.count_nonzero(mask & those)) for what, (mask, those) in counted.items()}
    by_agent = {what: _by_agent(recording, mask) for what, (mask, _) in counted.items()}
    return Recount(**by_agent, of_honest={what: count for what, count in sums.items() if count})


def _overridden(recording: Recording) -> Mask:
    different = _different(recording, recording.executed, recording.proposed)
    return different & ~recording.crashed[recording.chosen_at]


def _different(recording: Recording, one: Mapping[str, Array], other: Mapping[str, Array]) -> Mask:
    parts = []
    for group in recording.columns:
        unequal = _unequal(one[group], other[group])
        parts.append(unequal.any(axis=tuple(range(3, unequal.ndim))))
    different: Mask = np.concatenate(parts, axis=2)
    return different


def _unequal(one: Array, other: Array) -> Mask:
    are_both_nan = np.isnan(one) & np.isnan(other)
    unequal: Mask = (one != other) & ~are_both_nan
    return unequal


def _by_agent(recording: Recording, mask: NDArray[np.bool_]) -> dict[str, int]:
    counts = mask.sum(axis=(0, 1)).tolist()
    return {agent: n for agent, n in zip(recording.agents, counts, strict=True) if n}
