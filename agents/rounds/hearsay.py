"""What peers hear of what others send: lies take the place of messages on their way."""

from typing import Any

import numpy as np

from rallypoint.agents.rounds.protocols import Floats, Integers, Mask
from rallypoint.agents.rounds.protocols.peers import Message, Peers
from rallypoint.batch_env import Snapshot
from rallypoint.errors import InvalidConfig
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.update import Combine
from rallypoint.safety.updates import UpdateThreats


class Hearsay:
    """The lies of a run's peers.

    Threats to updates, and to what is on its way, act on what a peer sends first in a round: its
    update if updates are shared, else its parameters, to everybody alike. Threats to servers act
    on all that it sends, and may tell each peer something else, as every peer is a server of its
    own. Whoever lies goes on from what it really holds. Both count messages of their kind where
    others count rounds: with k exchanges of parameters in a round, k times as many of these.
    """

    def __init__(
        self,
        protocol: Peers,
        threats: UpdateThreats | None = None,
        servers: ThreatModel | None = None,
        *,
        seed: int = 0,
    ) -> None:
        """Let peers lie.

        Args:
            protocol: of the run.
            threats: to updates.
            servers: threats to servers, whose victims are peers, by the contributors' names.
            seed: of the draws of threats to servers.

        Raises:
            InvalidConfig: lies of those who send nothing, or that cannot be meant.
        """
        self.threats = threats
        self._sends = protocol.sends
        self._count = protocol.contributors
        self._servers: dict[Message, UpdateThreats] = {}
        if servers is not None and servers.threats:
            names: Any = self._count if threats is None else threats.contributors
            self._servers = {
                what: UpdateThreats(servers, contributors=names, seed=seed) for what in self._sends
            }
        lies = [] if threats is None else list(threats.model.threats)
        lies += [] if servers is None else list(servers.threats)
        if lies and not self._sends:
            raise InvalidConfig(
                f"{lies[0].kind} is a lie about what is sent, and these peers send nothing: say "
                'updates = "shared", or name a rule for mixing'
            )

    @property
    def frames(self) -> tuple[UpdateThreats, ...]:
        """All frames of threats, to updates first: whose receipts there are."""
        return (*(() if self.threats is None else (self.threats,)), *self.servers)

    @property
    def servers(self) -> tuple[UpdateThreats, ...]:
        """The frames of threats to servers, one for each kind of message."""
        return tuple(self._servers.values())

    @property
    def honest(self) -> Mask:
        """Who never lies: (n,)."""
        honest = np.ones(self._count, dtype=bool)
        for frame in self.frames:
            honest &= ~frame.liars
        return honest

    def heard(
        self,
        what: Message,
        whom: Integers,
        rows: Floats,
        *,
        number: int,
        aggregator: Combine | None = None,
    ) -> Floats:
        """Return what each of n peers hears of what k of them send: (n, k, D).

        Args:
            what: they send.
            whom: (k,) they are.
            rows: (k, D), read-only.
            number: of messages of this kind that each has sent before.
            aggregator: what an honest peer makes of rows, for threats that know it.
        """
        told = rows
        if self.threats is not None and what == self._sends[0]:
            delivery = self.threats.apply(
                rows, round_number=number, members=whom, aggregator=aggregator
            )
            told = delivery.updates.astype(np.float32, copy=False)
        if (servers := self._servers.get(what)) is not None:
            said = np.repeat(told[:, None], self._count, axis=1)  # (k, n, D)
            delivery = servers.apply(
                said.reshape(len(said), -1), round_number=number, members=whom, parts=self._count
            )
            by_speaker = delivery.updates.reshape(said.shape).astype(np.float32, copy=False)
            heard = by_speaker.transpose(1, 0, 2).copy()
        elif np.array_equal(told, rows, equal_nan=True):
            return np.broadcast_to(rows, (self._count, *rows.shape))
        else:
            heard = np.repeat(told[None], self._count, axis=0)
        heard[whom, np.arange(len(whom))] = rows  # one's own word needs no sending
        return heard

    def snapshot(self) -> Snapshot:
        """Return what threats remember."""
        own: Snapshot = {}
        for index, frame in enumerate(self.frames):
            own |= nested(str(index), frame.snapshot())
        return own

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of the same threats."""
        for index, frame in enumerate(self.frames):
            frame.restore(part_of(snapshot, str(index)))
