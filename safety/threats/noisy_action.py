"""Noisy action: hands tremble."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.config import check_within
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.cells import among, spread
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.noise import check_noise, draw_noise
from rallypoint.safety.threats import Proposal, Site, State, Threat, register


@register
@dataclass(frozen=True, kw_only=True)
class NoisyAction(Threat):
    """Now and then an agent's hand trembles, and it does not quite what it chose.

    Of numbered actions it does another one than it chose, each as likely; to an action of real
    numbers Gaussian noise is added, and what leaves the space is cut off at its bounds.

    Source: the trembling hand of Selten (1975), "Reexamination of the Perfectness Concept for
    Equilibrium Points in Extensive Games", Int. J. Game Theory 4; with noise in place of another
    action, Tessler, Efroni & Mannor (2019), "Action Robust Reinforcement Learning and Applications
    in Continuous Control", ICML, arXiv:1901.09184.
    """

    kind: ClassVar[str] = "noisy_action"
    site: ClassVar[Site] = "action"
    must_know: ClassVar[frozenset[str]] = frozenset({"actions"})

    knowledge: tuple[str, ...] = ("actions",)
    epsilon: float = 0.1  # how likely a hand trembles, at each step
    # Standard deviation of what is added to real numbers, in half-widths of their range; in their
    # own unit where there are no bounds.
    scale: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_noise("gaussian", self.scale)
        check_within(self, "[0, 1]", "epsilon")

    def fit(self, env: BatchEnv) -> "NoisyAction":
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: there are actions that are neither numbered nor real numbers.
        """
        for group in groups_concerned(self, env):
            space: Any = group.action_space
            if not (_is_numbered(space) or _is_real(space)):
                raise InvalidConfig(
                    f"hands tremble over numbered actions or real numbers, and group "
                    f"{group.name!r} has {space}; take random_action, with a probability in when"
                )
        return self

    @property
    def chance(self) -> float | None:
        """How likely a hand trembles."""
        return self.epsilon

    def in_words(self) -> dict[str, str]:
        """Say what is done."""
        added = f"one with noise of {self.scale:g} half-widths added"
        return {
            "does": f"with probability {self.epsilon:g} the agent does another action than it "
            f"chose; of real numbers, {added}"
        }

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Tremble."""
        space: Any = known.group.action_space
        cells = known.opportunities
        where = known.afford(spread(draws.coins(self.epsilon, cells), cells))
        actions = among(known.few("actions"), cells, where)
        if _is_numbered(space):
            actions = _another(actions, space, where, draws)
        elif _is_real(space):
            actions = self._beside(actions, space, where, draws)
        return Proposal(where, actions), state  # of another space, nobody is a victim

    def _beside(self, actions: Array, space: Any, where: Mask, draws: Draws) -> Array:
        reach = (space.high.astype(np.float64) - space.low) / 2
        width = np.where(np.isfinite(reach), reach, 1.0)
        added = self.scale * width * draw_noise(draws, where, actions.shape[1:], "gaussian")
        beside: Array = np.clip((actions + added).astype(space.dtype), space.low, space.high)
        return beside


def _is_numbered(space: Any) -> bool:
    return hasattr(space, "n") and hasattr(space, "start")  # Discrete


def _is_real(space: Any) -> bool:
    return hasattr(space, "low") and space.dtype.kind == "f"  # Box


def _another(actions: Array, space: Any, where: Mask, draws: Draws) -> Array:
    """Return another action than each, all equally likely; the same where there is but one."""
    further = 1 + (draws.at(where) * max(int(space.n) - 1, 1)).astype(np.int64)
    another: Array = (actions - space.start + further) % space.n + space.start
    return another
