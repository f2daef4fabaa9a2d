"""Crash: agents that stop for good."""

from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, NotReset, did_you_mean
from rallypoint.safety.interruption.initiation import region_of
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, Site, State, Threat, register

MODES = ("removed", "frozen")


@register
@dataclass(frozen=True, kw_only=True)
class Crash(Threat):
    """Agents crash: they vanish from the world, or stand in it, visible, and do nothing.

    ``Crash(victims={"fraction": 0.9}, when={"from": 5})`` takes nine in ten agents of every copy
    away at step 5. With a probability in ``when`` each victim crashes on its own coin. With a
    ``region`` only those crash who are in that place of the world just then, as long as the budget
    lasts: ``Crash(region="task_1", knowledge=("regions",), budget={"agents": 15})``.

    Source: the sudden loss of up to 90 % of the agents, in El Mhamdi, Guerraoui, Maurer & Tempez
    (2018), "Learning to Gather without Communication", arXiv:1802.07834.
    """

    kind: ClassVar[str] = "crash"
    site: ClassVar[Site] = "presence"

    mode: str = "removed"  # or "frozen"
    region: str | None = None  # a named place of the world; anywhere if not given

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode not in MODES:
            raise InvalidConfig(f"no mode is called {self.mode!r}{did_you_mean(self.mode, MODES)}")
        if self.region is not None and not {"regions", "true_state"} & set(self.knowledge):
            raise InvalidConfig(
                "a crash in a region must know who is there; declare knowledge = ['regions']"
            )

    @property
    def needs(self) -> frozenset[str]:
        """A world that lets agents leave, or one with an action that does nothing."""
        places = {"regions"} if self.region is not None else set()
        return frozenset(places | ({"remove"} if self.mode == "removed" else {"noop"}))

    def fit(self, env: BatchEnv) -> "Crash":
        """Return itself; see ``Threat.fit``.

        Raises:
            UnknownName: the world has no such region.
        """
        if self.region is not None:
            with suppress(NotReset):
                region_of(env.regions(), self.region)
        return self

    @property
    def chance(self) -> float | None:
        """Whoever may fall does, unless a place says where."""
        return 1.0 if self.region is None else None

    def in_words(self) -> dict[str, str]:
        """Say what becomes of those who crash."""
        removed = "the agent crashes: it vanishes from the world until its copy is reset"
        frozen = "the agent crashes: it stands in the world, visible, and does nothing until reset"
        where = {} if self.region is None else {"where": f"in {self.region}"}
        return {"does": removed if self.mode == "removed" else frozen} | where

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Take down everybody it may, at once."""
        del draws  # deterministic: the schedule's coins are the frame's
        if self.region is None:
            return Proposal(known.affordable), state
        inside = region_of(known.regions, self.region)[:, known.columns]
        return Proposal(known.afford(inside)), state
