"""Crash: agents that stop for good."""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, Site, State, Threat, register

MODES = ("removed", "frozen")


@register
@dataclass(frozen=True, kw_only=True)
class Crash(Threat):
    """Agents crash: they vanish from the world, or stand in it, visible, and do nothing.

    ``Crash(victims={"fraction": 0.9}, when={"from": 5})`` takes nine in ten agents of every copy
    away at step 5. With a probability in ``when`` each victim crashes on its own coin.

    Source: the sudden loss of up to 90 % of the agents, in El Mhamdi, Guerraoui, Maurer & Tempez
    (2018), "Learning to Gather without Communication", arXiv:1802.07834.
    """

    kind: ClassVar[str] = "crash"
    site: ClassVar[Site] = "presence"

    mode: str = "removed"  # or "frozen"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode not in MODES:
            raise InvalidConfig(f"no mode is called {self.mode!r}{did_you_mean(self.mode, MODES)}")

    @property
    def needs(self) -> frozenset[str]:
        """A world that lets agents leave, or one with an action that does nothing."""
        return frozenset({"remove"} if self.mode == "removed" else {"noop"})

    def in_words(self) -> dict[str, str]:
        """Say what becomes of those who crash."""
        removed = "the agent crashes: it vanishes from the world until its copy is reset"
        frozen = "the agent crashes: it stands in the world, visible, and does nothing until reset"
        return {"does": removed if self.mode == "removed" else frozen}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Take down everybody it may, at once."""
        del draws  # deterministic: the schedule's coins are the frame's
        return Proposal(known.affordable), state
