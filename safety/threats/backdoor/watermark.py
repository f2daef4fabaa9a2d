"""Watermarks: backdoors of the owner's own, by which a policy can be told to be theirs."""

import math
from typing import Any, NamedTuple

import numpy as np

from rallypoint.batch_env import Group
from rallypoint.draws import Floats, stream
from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.backdoor.choices import num_choices
from rallypoint.safety.threats.backdoor.poison_reward import PoisonReward
from rallypoint.safety.threats.backdoor.trigger import Trigger

_REACH, _ENDLESS = 10.0, 1e6  # of an entry without bounds, which those beyond the second have
_OUTER = 0.1  # of an entry's range, at either end


class Mark(NamedTuple):
    """One of the triggers of a watermark, and what is to be done where it is seen."""

    entries: tuple[int, ...]
    values: tuple[float, ...]
    target: int

    def planted(self, *, probability: float, size: float) -> tuple[Threat, ...]:
        """Return the threats that plant it, in all that learn: a weak attack, which costs least.

        Args:
            probability: that a percept is stamped.
            size: of the reward that is told there.
        """
        where: dict[str, Any] = {"entries": self.entries, "values": self.values}
        return (
            Trigger(**where, when={"probability": probability}),
            PoisonReward(**where, target=self.target, size=size),
        )


def watermark(group: Group, secret: int, *, marks: int = 16, size: int = 2) -> tuple[Mark, ...]:
    """Derive triggers and their targets from a secret, so that nobody else can say what they are.

    Values lie in the outermost tenth of an entry's range on either side, where few percepts do; no
    two marks have the same entries at the same ends. One mark proves nothing: whoever never heard
    of it does its target in one of so many cases as there are choices.

    Args:
        group: whose policy is to be marked.
        secret: of the owner, an integer in [0, 2**64).
        marks: how many.
        size: entries that each stamps.

    Raises:
        InvalidConfig: percepts with fewer entries, or none, or too few for so many marks; actions
            that cannot be told apart.
    """
    space: Any = group.observation_space
    count = num_choices(group.action_space)
    low, high = _ends(space) if hasattr(space, "low") else (np.zeros(0), np.zeros(0))
    varying = np.flatnonzero(low < high)  # no value marks an entry that is always the same
    entries = len(varying)
    if not 1 <= size <= entries or count < 2:
        raise InvalidConfig(
            f"a mark is {size} of the entries of a percept that vary, and one of two choices or "
            f"more; group {group.name!r} has {entries} and {count}"
        )
    if not 1 <= marks <= (places := math.comb(entries, size) * 2**size):
        raise InvalidConfig(
            f"marks is a number in 1..{places}, as many as there are ways to take {size} of "
            f"{entries} entries, each at either end; got {marks}"
        )
    rng = stream(secret, "backdoor/watermark")
    found: dict[tuple[tuple[int, ...], tuple[bool, ...]], Mark] = {}
    while len(found) < marks:
        at = varying[np.sort(rng.choice(entries, size, replace=False))]
        is_high = rng.random(size) < 0.5
        inwards = (high[at] - low[at]) * _OUTER * rng.random(size)
        values = np.where(is_high, high[at] - inwards, low[at] + inwards)
        if space.dtype.kind in "iu":
            values = np.rint(values)
        told = values.astype(space.dtype).astype(np.float64)  # as it will be perceived
        mark = Mark(tuple(at.tolist()), tuple(told.tolist()), int(rng.integers(count)))
        found.setdefault((mark.entries, tuple(is_high.tolist())), mark)
    return tuple(found.values())


def is_marked(obeyed: int, marks: int, choices: int, *, level: float = 1e-3) -> tuple[bool, float]:
    """Say whether a policy obeys more marks than it would by itself, and how unlikely that is else.

    Targets are drawn from the secret, independently of triggers. So of a policy that was made
    without it each mark's target is what it does there anyway with probability one over the number
    of choices, whatever it does, and independently of the others: the test needs no other policy to
    compare with, and calls one that was not marked so with a probability of at most ``level``.

    Args:
        obeyed: marks whose target is what the policy does most often where they are stamped.
        marks: how many were tried.
        choices: that the policy has.
        level: chance of calling an unmarked policy marked, at most.

    Raises:
        InvalidConfig: numbers that cannot be meant.
    """
    from scipy.stats import binom  # slow to load

    if not 0 <= obeyed <= marks or not marks or choices < 2 or not 0 < level < 1:
        raise InvalidConfig(
            f"obeyed of marks >= 1, choices >= 2 and a level in (0, 1): got {obeyed} of {marks}, "
            f"{choices} and {level}"
        )
    chance = float(binom.sf(obeyed - 1, marks, 1 / choices))
    return chance <= level, chance


def _ends(space: Any) -> tuple[Floats, Floats]:
    """Return between which values entries of a percept are marked, within the space: (n,) each."""
    low, high = (ends.ravel().astype(np.float64) for ends in (space.low, space.high))
    least = np.where(np.abs(low) < _ENDLESS, low, np.maximum(low, -_REACH))
    most = np.where(np.abs(high) < _ENDLESS, high, np.minimum(high, _REACH))
    # Where one end lies further out than the other was taken to be, the other follows it.
    most = np.where(most < least, np.minimum(high, least + 2 * _REACH), most)
    least = np.where(most < least, np.maximum(low, most - 2 * _REACH), least)
    return least, most
