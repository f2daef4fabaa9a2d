"""Stutter: teammates who do again what they did last."""

import copy
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.batch_env import BatchEnv, Group
from rallypoint.config import check_within
from rallypoint.draws import Draws
from rallypoint.safety.cells import replaced
from rallypoint.safety.known import Known
from rallypoint.safety.limits import as_schedule
from rallypoint.safety.threats import Proposal, Site, State, Threat, register


@register
@dataclass(frozen=True, kw_only=True)
class Stutter(Threat):
    """Now and then an agent does once more what it did at the step before.

    A repeated action may be repeated again, so what is stuck stays stuck for 1 / (1 - epsilon)
    steps on average. At the first step of an episode there is nothing to repeat.

    Source: the sticky actions of Machado, Bellemare, Talvitie, Veness, Hausknecht & Bowling (2018),
    "Revisiting the Arcade Learning Environment", JAIR 61, arXiv:1709.06009, section 5; as a fault
    of teammates in Phan, Belzner, Gabor, Sedlmeier, Ritz & Linnhoff-Popien (2021), "Resilient
    Multi-Agent Reinforcement Learning with Adversarial Value Decomposition", AAAI.
    """

    kind: ClassVar[str] = "stutter"
    site: ClassVar[Site] = "action"
    must_know: ClassVar[frozenset[str]] = frozenset({"actions"})

    knowledge: tuple[str, ...] = ("actions",)
    epsilon: float = 0.5  # how likely an agent repeats, at each step

    _size: ClassVar[int] = 0  # of the largest action, of an instance that was fitted to a world

    def __post_init__(self) -> None:
        super().__post_init__()
        check_within(self, "[0, 1]", "epsilon")

    def fit(self, env: BatchEnv) -> "Stutter":
        """Return it with the room it needs; see ``Threat.fit``."""
        fitted = copy.copy(self)
        object.__setattr__(fitted, "_size", max(_entries(group) for group in env.groups))
        return fitted

    @property
    def chance(self) -> float | None:
        """How likely an agent repeats."""
        return self.epsilon

    @property
    def skips_first(self) -> bool:
        """There must be something to repeat, as at the first step of an episode there is not."""
        return as_schedule(self.when).from_ == 0

    def init(self, E: int, N: int) -> State:
        """Return that nothing was done yet."""
        return {"done": np.zeros((E, N, self._size)), "has_done": np.zeros(E, dtype=bool)}

    def in_words(self) -> dict[str, str]:
        """Say what is done."""
        return {"does": f"with probability {self.epsilon:g} the agent does its last action again"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Repeat."""
        chosen = known.actions
        shape = known.opportunities.shape
        entries = _entries(known.group)
        stumbles = draws.random(shape[1:]) < self.epsilon
        where = known.afford(known.opportunities & stumbles & state["has_done"][:, None])
        last = state["done"][..., :entries].reshape(chosen.shape).astype(chosen.dtype)
        done = state["done"].copy()
        executed = replaced(chosen, where, last)
        done[..., :entries] = executed.reshape(*shape, entries)
        return Proposal(where, last), {"done": done, "has_done": np.ones(len(done), dtype=bool)}


def _entries(group: Group) -> int:
    return int(np.prod(group.action_space.shape or ()))
