"""Spoofed sight: agents see some of the others where they are not."""

import copy
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.safety.cells import among
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.sight import Sight
from rallypoint.safety.threats import Proposal, Site, State, Threat, register
from rallypoint.safety.threats.teammate.lossy_sight import fallen_for

ANYWHERE, OPPOSITE = PLACES = ("anywhere", "opposite")


@register
@dataclass(frozen=True, kw_only=True)
class SpoofedSight(Threat):
    """At each step an agent sees each of the others, on a coin of its own, in a wrong place.

    Either in any place it can see, all equally likely, or in the "opposite" one, as far on the
    other side. How many it sees in all stays as it is. For worlds whose geometry says which entry
    of a percept counts whom.

    Source: spoofed positions as in Psiaki & Humphreys (2016), "GNSS Spoofing and Detection", Proc.
    IEEE 104(6); as percepts of a swarm, ours.
    """

    kind: ClassVar[str] = "spoofed_sight"
    site: ClassVar[Site] = "observation"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_percept"})
    takes_all: ClassVar[bool] = True
    idle_elsewhere: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("own_percept",)
    share: float = 0.2  # chance of seeing each of the others in a wrong place
    place: str = ANYWHERE  # or "opposite"

    _sight: ClassVar[dict[str, Sight]] = {}  # by group, of an instance that was fitted to a world

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.share <= 1:
            raise InvalidConfig(f"share is a probability, got {self.share}")
        if self.place not in PLACES:
            raise InvalidConfig(
                f"others are seen {' or '.join(PLACES)}, got {self.place!r}"
                f"{did_you_mean(self.place, PLACES)}"
            )

    @property
    def needs(self) -> frozenset[str]:
        """A world that says who is where in a percept."""
        return frozenset({"geometry"})

    def fit(self, env: BatchEnv) -> "SpoofedSight":
        """Return it with the meaning of percepts looked up; see ``Threat.fit``.

        Raises:
            InvalidConfig: there is no opposite of a place that can be seen.
        """
        fitted = copy.copy(self)
        sight = {group.name: Sight.of(env, group) for group in groups_concerned(self, env)}
        if self.place == OPPOSITE:
            for name, seen in sight.items():
                if (_opposites(seen) < 0).any():
                    raise InvalidConfig(
                        f"group {name!r} sees places whose opposites it does not; give place = "
                        f"{ANYWHERE!r}"
                    )
        object.__setattr__(fitted, "_sight", sight)
        return fitted

    def in_words(self) -> dict[str, str]:
        """Say what is seen."""
        where = "on the opposite side" if self.place == OPPOSITE else "anywhere"
        return {"does": f"the agent sees each of the others {where} with probability {self.share}"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Move whom the coins have fallen for."""
        sight = self._sight[known.group.name]
        where = known.affordable
        percepts = among(known.few("own_percept"), known.opportunities, where)
        others = sight.others(percepts)
        numbers = draws.at(where, (2, sight.num_agents))
        moved = fallen_for(others, numbers[:, 0] < self.share)
        if self.place == OPPOSITE:
            shown = moved[:, _opposites(sight)].astype(np.float64)
        else:
            shown = _scattered(moved.sum(axis=-1), numbers[:, 1], moved.shape[-1])
        seen = sight.percepts(others - moved + shown, percepts)
        return Proposal(where, seen), state


def _opposites(sight: Sight) -> Integers:
    """Return the entry that speaks of the place opposite to each entry's; -1 for none."""
    mirrored = (sight.offsets[:, None] == -sight.offsets).all(axis=2)  # (entries, entries)
    opposites: Integers = np.where(mirrored.any(axis=1), mirrored.argmax(axis=1), -1)
    return opposites


def _scattered(number: Integers, numbers: Floats, entries: int) -> Floats:
    """Put so many (k,) in entries drawn by uniform numbers (k, N): (k, entries)."""
    rows, most = numbers.shape
    used = np.arange(most) < number[:, None]
    chosen = np.where(used, np.floor(numbers * entries), entries).astype(np.int64)
    bins = chosen + (np.arange(rows) * (entries + 1))[:, None]
    counts = np.bincount(bins.ravel(), minlength=rows * (entries + 1))
    by_entry: Floats = counts.reshape(rows, entries + 1)[:, :entries].astype(np.float64)
    return by_entry
