"""Peers: contributors without a server, who keep parameters of their own and tell them each other.

In a round every peer finds an update at its own parameters and steps. Either along its own update,
or along what an aggregator makes of the updates that all have sent each other. Then they exchange
parameters, so many times as is said, and each goes on with what a robust rule makes of those that
it has heard. Nobody has to tell everybody the same.

The graph is complete, exchanges are synchronous, and whoever says nothing is missing in that
exchange, which counts against f.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from rallypoint.agents.rounds.mixing import (
    NO_MIXING,
    check_mixing,
    contraction,
    mixed_by_each,
)
from rallypoint.agents.rounds.protocols import (
    Arrived,
    Floats,
    Integers,
    Lost,
    Mask,
    Moved,
    Work,
)
from rallypoint.batch_env import Snapshot
from rallypoint.config import Config
from rallypoint.errors import InvalidConfig

Message = Literal["update", "parameters"]
Whose = Literal["own", "shared"]


class Heard(NamedTuple):
    """Told: what each peer has received in an exchange; where nothing came, a row is not finite."""

    version: int
    exchange: int
    what: Message
    rows: Floats  # (n, k, D) for each peer, those of all k who were to send; its own as it holds it


class Exchange(NamedTuple):
    """Order: let these peers send a row each to everybody."""

    version: int
    exchange: int  # of the round's exchanges of this kind, from 0
    what: Message
    contributors: Integers  # (k,) in order
    rows: Floats  # (k, D)


class Judge(NamedTuple):
    """Order: let each of these combine the updates that it heard by the aggregator, and step."""

    version: int
    contributors: Integers  # (k,) in order
    heard: Floats  # (k, k, D) for each of them, what came from all of them


class Step(NamedTuple):
    """Order: let each of these step along an update of its own."""

    version: int
    contributors: Integers  # (k,) in order
    updates: Floats  # (k, D)


class Settle(NamedTuple):
    """Order: the round is over, and these are everybody's parameters."""

    version: int
    parameters: Floats  # (n, D)


Told = Arrived | Lost | Heard | Moved
Order = Work | Exchange | Judge | Step | Settle
Orders = tuple[Order, ...]


class Tally(NamedTuple):
    """What has been counted."""

    rounds: int = 0
    exchanges: int = 0
    messages: int = 0  # from one peer to another
    unheard: int = 0  # of them, those that never came, or were not finite
    silent: int = 0  # updates that somebody did not find
    ignored: int = 0  # of what was told, what nobody waited for

    def plus(self, **more: int) -> "Tally":
        """Return the tally with more counted."""
        return self._replace(**{name: getattr(self, name) + by for name, by in more.items()})


class Standing(NamedTuple):
    """Where the peers stand."""

    version: int
    waits: Mask  # (n,) for whose update
    came: Mapping[int, Floats]  # updates that were found, by peer
    said: Exchange | None  # that is under way
    tally: Tally


@dataclass(frozen=True, kw_only=True)
class Peers(Config):
    """Who steps along what, and how often and by which rule parameters are exchanged.

    ``updates="own", mixing="monna"`` is MoNNA, whose contributors have momentum; ``"shared"`` with
    ``"mda"`` and several exchanges is DecByzPG, whose estimator is the agent ``decbyzpg``: the coin
    for its batch sizes is thrown by all together.

    Source: Farhadkhani, Guerraoui, Gupta, Hoang, Pinot & Stephan (2023), "Robust Collaborative
    Learning with Linear Gradient Overhead", ICML, arXiv:2209.10931 (MoNNA). Jordan, Grötschla, Fan
    & Wattenhofer (2024), AAMAS, arXiv:2401.03489 (DecByzPG). Their bodies were not at hand, their
    code was: there, each MoNNA peer hears only n - f of all in a round, and agreement goes on until
    somebody who sees all says that it is reached. Here all are heard, as often as is said.
    """

    contributors: int  # n
    f: int = 0  # of them may lie
    updates: Whose = "own"  # that each steps along; or "shared": all are sent to all
    mixing: str = "monna"  # rule for parameters, around a peer's own; or "none": not exchanged
    exchanges: int = 1  # of parameters in a round

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, or tolerated.

        Raises:
            InvalidConfig: says what must hold.
            UnknownName: no such rule; names the nearest.
            TooManyByzantine: says the bound.
        """
        if self.contributors < 2:
            raise InvalidConfig(f"peers are at least 2, got {self.contributors}; add --workers")
        if min(self.f, self.exchanges - 1) < 0:
            raise InvalidConfig(
                f"f is a number >= 0 and exchanges one >= 1, got {self.f} and {self.exchanges}"
            )
        if self.mixing != NO_MIXING:
            check_mixing(self.mixing, self.contributors, self.f)
        elif self.exchanges > 1:
            raise InvalidConfig(f'mixing = "none" has no exchanges, got {self.exchanges}')

    @property
    def sends(self) -> tuple[Message, ...]:
        """What peers send each other in a round, first things first."""
        updates: tuple[Message, ...] = ("update",) if self.updates == "shared" else ()
        return updates if self.mixing == NO_MIXING else (*updates, "parameters")

    @property
    def contraction(self) -> float | None:
        """By what factor an exchange shrinks the diameter of the honest at least; None: unknown."""
        return contraction(self.mixing, self.contributors, self.f)

    def begin(self, version: int = 0) -> tuple[Standing, Orders]:
        """Order everybody's update."""
        return self._open(version, Tally())

    def tell(self, state: Standing, told: Told) -> tuple[Standing, Orders]:
        """Go on."""
        match told:
            case Arrived() | Lost() if told.version == state.version and state.said is None:
                return self._found(state, told)
            case Heard() if state.said is not None and told[:3] == state.said[:3]:
                return self._heard(state, told)
            case Moved() if told.opens:
                return self._open(told.version, state.tally.plus(rounds=1))
            case Moved():
                if self.mixing == NO_MIXING:
                    return state, (Settle(state.version, told.parameters),)
                return self._say(state, 0, "parameters", self._everybody, told.parameters)
        return state._replace(tally=state.tally.plus(ignored=1)), ()

    def tally(self, state: Standing) -> Mapping[str, int]:
        """Return what has been counted since it began."""
        return state.tally._asdict()

    def snapshot(self, state: Standing) -> Snapshot:
        """Return a state as arrays: the round that is under way is begun anew."""
        return {
            "version": np.array(state.version),
            "tally": np.array(state.tally),
        }

    def restore(self, snapshot: Snapshot) -> tuple[Standing, Orders]:
        """Return the state of a snapshot, and order everybody's update."""
        tally = Tally._make(snapshot["tally"].tolist())  # all of them, or it is refused
        return self._open(int(snapshot["version"]), tally)

    @property
    def _everybody(self) -> Integers:
        return np.arange(self.contributors)

    def _open(self, version: int, tally: Tally) -> tuple[Standing, Orders]:
        waits = np.ones(self.contributors, dtype=bool)
        return Standing(version, waits, {}, None, tally), (Work(version, self._everybody),)

    def _found(self, state: Standing, told: Arrived | Lost) -> tuple[Standing, Orders]:
        """Take note of updates; when nobody's is waited for any more, let peers step."""
        wanted = state.waits[told.contributors]
        waits, came = state.waits.copy(), dict(state.came)
        waits[told.contributors] = False
        speaks = told.speaks & wanted if isinstance(told, Arrived) else np.zeros_like(wanted)
        if isinstance(told, Arrived):
            spoken = told.contributors[speaks].tolist()
            came.update(zip(spoken, told.updates[speaks], strict=True))
        tally = state.tally.plus(silent=int((wanted & ~speaks).sum()), ignored=int((~wanted).sum()))
        state = state._replace(waits=waits, came=came, tally=tally)
        if waits.any() or not wanted.any():
            return state, ()
        whom = np.array(sorted(came), dtype=np.int64)
        if not came:
            return state, (Step(state.version, whom, np.empty((0, 0), dtype=np.float32)),)
        updates = np.stack([came[contributor] for contributor in whom.tolist()])
        if self.updates == "own":
            return state._replace(came={}), (Step(state.version, whom, updates),)
        return self._say(state._replace(came={}), 0, "update", whom, updates)

    def _say(
        self, state: Standing, exchange: int, what: Message, whom: Integers, rows: Floats
    ) -> tuple[Standing, Orders]:
        order = Exchange(state.version, exchange, what, whom, rows)
        messages = len(whom) * (self.contributors - 1)
        tally = state.tally.plus(exchanges=1, messages=messages)
        return state._replace(said=order, tally=tally), (order,)

    def _heard(self, state: Standing, told: Heard) -> tuple[Standing, Orders]:
        """Let each peer believe what it will."""
        assert state.said is not None, "checked before"
        whom = state.said.contributors
        # Who speaks hears itself, always: what is not finite came from somebody else.
        unheard = int((~np.isfinite(told.rows).all(axis=2)).sum())
        state = state._replace(said=None, tally=state.tally.plus(unheard=unheard))
        if told.what == "update":
            return state, (Judge(state.version, whom, told.rows[whom]),)
        mixed = mixed_by_each(told.rows, self.mixing, self.f)
        if told.exchange + 1 < self.exchanges:
            return self._say(state, told.exchange + 1, "parameters", whom, mixed)
        return state, (Settle(state.version, mixed),)
