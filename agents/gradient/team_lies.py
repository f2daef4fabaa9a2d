"""Lies in the updates of a team of several groups: each among those of its own group."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.actors import Actor
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.errors import InvalidConfig
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.limits import as_budget
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.update import Combine
from rallypoint.safety.updates import Delivery, UpdateThreats


class Lies(Protocol):
    """Contributors of which some lie, as ``UpdateThreats`` are."""

    @property
    def model(self) -> ThreatModel:
        """What is declared."""

    @property
    def byzantine(self) -> Mask:
        """Who is Byzantine: (N,)."""

    @property
    def victims(self) -> tuple[Mask, ...]:
        """Whom each threat of the model may befall: (N,) each."""

    @property
    def liars(self) -> Mask:
        """Who is not among the honest: (N,)."""

    def apply(
        self,
        updates: Floats,
        *,
        round_number: int,
        members: NDArray[np.int64],
        aggregator: Combine | None = None,
    ) -> Delivery:
        """Let the threats lie."""

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here."""

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""


class TeamLies:
    """A team's updates under threats, group by group.

    What its member sends as one group is nothing that another's could be compared with, so a liar
    knows, and imitates, the updates of its own group. Who is Byzantine is drawn over the whole
    team, as its world draws it.
    """

    def __init__(
        self, model: ThreatModel, actors: Sequence[Actor], names: Sequence[str], *, seed: int
    ) -> None:
        """Put the members of a team under threats.

        Args:
            model: threats to updates, all of them.
            actors: of the groups.
            names: of all agents.
            seed: of the threats' draws.

        Raises:
            InvalidConfig: a threat that cannot be meant here; says why.
            UnknownName: a victim that is no agent; names the nearest.
        """
        for index, threat in zip(model.numbers, model.threats, strict=True):
            if as_budget(threat.budget).agents is not None:
                raise InvalidConfig(
                    f"the threat {threat.kind!r} (threats[{index}]) may touch so many agents in "
                    "all, and in a team of several groups it is held to its budget group by group; "
                    "name its victims, or give a budget of rounds or norm"
                )
        self.model = model
        self._actors = tuple(actors)
        # Every frame knows the whole team, and draws the same liars; the others never send in it.
        self.frames = tuple(
            UpdateThreats(model, contributors=names, seed=seed) for _ in self._actors
        )

    @property
    def byzantine(self) -> Mask:
        """Who is Byzantine: (N,)."""
        return self.frames[0].byzantine

    @property
    def victims(self) -> tuple[Mask, ...]:
        """Whom each threat of the model may befall: (N,) each."""
        return self.frames[0].victims

    @property
    def liars(self) -> Mask:
        """Who is Byzantine or the victim of some threat, and so not among the honest: (N,)."""
        return self.frames[0].liars

    def apply(
        self,
        updates: Floats,
        *,
        round_number: int,
        members: NDArray[np.int64],
        aggregator: Combine | None = None,
    ) -> Delivery:
        """Let the threats lie; see ``UpdateThreats.apply``.

        Updates (n, D) are as long as the model, and what comes back is 0 outside of the own group's
        places.
        """
        received, lied = updates.copy(), np.zeros(len(updates), dtype=bool)
        receipts: list[Receipt] = []
        for actor, frame in zip(self._actors, self.frames, strict=True):
            span = actor.agents
            mine = np.flatnonzero((members >= span.start) & (members < span.stop))
            told = frame.apply(
                actor.part.of(updates)[mine],
                round_number=round_number,
                members=members[mine],
                aggregator=None
                if aggregator is None
                else _of_group(aggregator, actor, updates, mine),
            )
            whole = np.zeros((len(mine), updates.shape[1]), dtype=updates.dtype)
            actor.part.put(whole, told.updates)
            received[mine], lied[mine] = whole, told.lied
            receipts += told.receipts
        return Delivery(received, lied, tuple(receipts))

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here."""
        whole: Snapshot = {}
        for actor, frame in zip(self._actors, self.frames, strict=True):
            whole |= nested(f"{actor.key}lies", frame.snapshot())
        return whole

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of the same threats, team and seed."""
        for actor, frame in zip(self._actors, self.frames, strict=True):
            frame.restore(part_of(snapshot, f"{actor.key}lies"))


def _of_group(
    aggregator: Combine, actor: Actor, updates: Floats, mine: NDArray[np.int64]
) -> Combine:
    """Return a rule for the whole model as the members of one group may try it."""

    def tried(own: Floats) -> Floats:
        whole = updates.copy()
        rows = np.zeros((len(mine), updates.shape[1]), dtype=updates.dtype)
        actor.part.put(rows, own)
        whole[mine] = rows
        found: Floats = actor.part.of(aggregator(whole))
        return found

    return tried


def frames_of(lies: Lies | None) -> tuple[UpdateThreats, ...]:
    """Return what updates pass through: a frame for each group, or one, or none."""
    if isinstance(lies, TeamLies):
        return lies.frames
    assert isinstance(lies, UpdateThreats | None), "there are no others"
    return () if lies is None else (lies,)
