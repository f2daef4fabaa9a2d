"""Replicated servers: what each says to whom, when they come together, whom workers believe.

Neither workers nor servers are trusted. In a *scatter* round each worker pulls the parameters of
one server, another one each time, and pushes what it finds to all; each server combines a quorum of
updates by a robust rule and moves by itself. Every so many rounds they *gather*: workers pull from
all servers and take the coordinate median, and servers take that of a quorum of servers, which
brings the honest ones together again.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.rounds.contraction import WAYS, Way
from rallypoint.config import Config
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig, TooManyByzantine, did_you_mean

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ReplicatedServers(Config):
    """Who waits for how many, and how servers come together.

    Source: El-Mhamdi, Guerraoui & Guirguis (2019), arXiv:1911.07537 ("LiuBei"), and
    El-Mhamdi, Guerraoui, Guirguis, Hoang & Rouault (2022), "Genuinely distributed Byzantine machine
    learning", Distributed Computing 35, 305-331 ("ByzSGD"), whose bounds and quorums are checked.
    """

    servers: int = 5  # n_ps; one is trusted
    server_f: int = 1  # of them may lie
    contributors: int = 10  # n_w
    f: int = 2  # of them may lie
    quorum: int | None = None  # updates that a server waits for; n_w - f_w if not given
    period: int = 1  # rounds from one gathering to the next
    contraction: Way = "median"  # or "mean", or "none": they never gather
    filters: bool = False  # whether workers doubt what a server says, between gatherings

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, or tolerated.

        Raises:
            InvalidConfig: says what must hold.
            TooManyByzantine: says the bound.
        """
        if self.contraction not in WAYS:
            hint = did_you_mean(self.contraction, WAYS)
            raise InvalidConfig(f"no contraction is called {self.contraction!r}{hint}")
        least = min(self.servers, self.contributors, self.period, 1 + min(self.f, self.server_f))
        if least < 1:
            raise InvalidConfig(
                "servers, contributors and period are numbers >= 1, f and server_f >= 0; got "
                f"{self.servers}, {self.contributors}, {self.period}, {self.f} and {self.server_f}"
            )
        if self.servers > 1 and self.servers < 3 * self.server_f + 2:
            raise TooManyByzantine(
                f"replicas need n_ps >= 3 f_ps + 2: to tolerate {self.server_f} it takes "
                f"{3 * self.server_f + 2} servers, and there are {self.servers}"
            )
        if self.servers == 1 and self.server_f:
            raise TooManyByzantine("a single server is trusted: server_f = 0")
        if self.contributors < 3 * self.f + 1:
            raise TooManyByzantine(
                f"replicas need n_w >= 3 f_w + 1: to tolerate f = {self.f} it takes "
                f"{3 * self.f + 1} contributors, and there are {self.contributors}"
            )
        if not 2 * self.f + 1 <= self.waits_for <= self.contributors - self.f:
            raise InvalidConfig(
                f"a quorum of updates lies between 2 f + 1 = {2 * self.f + 1} and n - f = "
                f"{self.contributors - self.f}, got {self.waits_for}"
            )
        if self.filters and (self.servers == 1 or not self.f):
            raise InvalidConfig("filters at workers need several servers, and f >= 1")

    @property
    def waits_for(self) -> int:
        """How many updates a server waits for."""
        return self.contributors - self.f if self.quorum is None else self.quorum

    @property
    def recipients(self) -> int:
        """To how many a server speaks: the contributors, then all servers."""
        return self.contributors + self.servers

    @property
    def tries(self) -> int:
        """How many servers a worker asks before it stays where it is."""
        return self.server_f + 1

    def gathers(self, round_number: int) -> bool:
        """Say whether servers come together at the beginning of a round, from 0."""
        return self.contraction != "none" and self.servers > 1 and not round_number % self.period

    def order(self, round_number: int) -> Integers:
        """Return the servers that each worker asks in turn: (n_w, tries)."""
        first = np.arange(self.contributors) + round_number
        return (first[:, None] + np.arange(self.tries)) % self.servers

    def updates_heard(self, seed: int, round_number: int) -> Integers:
        """Return the contributors whose updates come first to each server, rising: (n_ps, q)."""
        return self._quorums(seed, round_number, "updates", self.contributors, self.waits_for)

    def servers_heard(self, seed: int, round_number: int) -> Integers:
        """Return the servers that each server hears when they gather, itself among them."""
        quorums = np.empty((self.servers, self.servers - self.server_f), dtype=np.int64)
        for server in range(self.servers):
            rng = stream(seed, "replicas/servers", round_number, server)
            others = np.delete(np.arange(self.servers), server)
            chosen = rng.choice(others, self.servers - self.server_f - 1, replace=False)
            quorums[server] = np.sort([server, *chosen])
        return quorums

    def _quorums(self, seed: int, round_number: int, whose: str, among: int, size: int) -> Integers:
        return np.stack(
            [
                np.sort(
                    stream(seed, f"replicas/{whose}", round_number, server).choice(
                        among, size, replace=False
                    )
                )
                for server in range(self.servers)
            ]
        )
