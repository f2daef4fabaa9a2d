"""Look-ahead: teammates who try every action in the mind, and take the most harmful."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rallypoint.batch_env import Actions, Array, BatchEnv, Mask
from rallypoint.draws import Draws, Floats
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.policies import Policy
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, Site, State, Threat, register
from rallypoint.safety.threats.teammate.anti_goal import refuse_unmapped_actions
from rallypoint.safety.truth import Imagined, Simulator
from rallypoint.safety.whereabouts import away_from_all, counted, togetherness

TOGETHER, RETURN = OBJECTIVES = ("together", "return")
_KEYS = 2**53  # of streams to imagine with


@register
@dataclass(frozen=True, kw_only=True)
class LookAhead(Threat):
    """Agents take the action after which the true policies do worst, some steps on.

    Each victim in turn tries all its actions in a world rolled forward with the policy under
    threats: first what everybody has chosen for this step (it sees that), then what they would
    choose. Omniscient: it holds the world's simulator and the policy. A lower bound on the
    strongest attack, not the strongest: victims do not plan together, and only so far.

    What is made small is, by ``objective``: "together", the share of the honest who stand in one
    place (the other victims then go where ``anti_goal`` goes); or "return", what the honest earn,
    in any world that can be rolled back (the other victims then do what their policies say).

    Source: ours; rolling policies forward to choose one action is the rollout of Bertsekas,
    Tsitsiklis & Wu (1997), "Rollout Algorithms for Combinatorial Optimization", J. Heuristics 3.
    """

    kind: ClassVar[str] = "look_ahead"
    site: ClassVar[Site] = "action"
    must_know: ClassVar[frozenset[str]] = frozenset({"colluders", "policy", "simulator"})
    takes_all: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("colluders", "policy", "simulator")
    depth: int = 4  # steps that are imagined
    objective: str = TOGETHER  # or "return"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.depth < 1:
            raise InvalidConfig(f"depth is a number of steps >= 1, got {self.depth!r}")
        if self.objective not in OBJECTIVES:
            raise InvalidConfig(
                f"no objective is called {self.objective!r}"
                f"{did_you_mean(self.objective, OBJECTIVES)}"
            )

    @property
    def needs(self) -> frozenset[str]:
        """A world that can be put back, and says who is where if that is the objective."""
        return frozenset({"snapshot"} | ({"geometry"} if self.objective == TOGETHER else set()))

    def fit(self, env: BatchEnv) -> "LookAhead":
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: victims have actions that cannot be tried one by one, or that the
                geometry does not map.
        """
        groups = groups_concerned(self, env)
        for group in groups:
            space: Any = group.action_space
            if not (hasattr(space, "n") and hasattr(space, "start")):
                raise InvalidConfig(
                    f"look-ahead tries numbered actions one by one, and group {group.name!r} has "
                    f"{space}; name victims of another group"
                )
        if self.objective == TOGETHER:
            refuse_unmapped_actions(groups, env)
        return self

    def in_words(self) -> dict[str, str]:
        """Say what is done, and what for."""
        what = "earn" if self.objective == RETURN else "are together"
        return {
            "does": f"the agent takes the action after which the honest {what} least, by rolling "
            f"the world and the true policies {self.depth} steps forward"
        }

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Try every action of every victim in the mind.

        Raises:
            InvalidConfig: the policy remembers, so that imagining would change what it does.
        """
        # One number a step, however much is imagined: a copy's numbers do not depend on the others.
        keys = (draws.random() * _KEYS).astype(np.int64)  # (e,)
        victims = known.opportunities
        space: Any = known.group.action_space
        chosen = np.full(victims.shape, space.start, dtype=space.dtype)
        if not victims.any():
            return Proposal(victims, chosen), state
        policy: Policy = known.policy
        if hasattr(policy, "begin_episode"):
            raise InvalidConfig(
                "look-ahead imagines what a policy would do, and this one remembers from step to "
                "step; give a policy without memory"
            )
        turn = np.where(victims, victims.cumsum(axis=1), 0)  # (e, n): 1 for each copy's first
        with known.simulator as mind:
            future = _Future(self, known, mind, policy, keys)
            for number in range(1, int(turn.max()) + 1):
                mine = turn == number
                harm = [future.worth(mine, action) for action in _all_actions(space)]
                best = np.argmin(harm, axis=0)[:, None] + space.start  # (e, 1)
                chosen = np.where(mine, best, chosen).astype(space.dtype)
                future.settle(mine, chosen)
        return Proposal(known.affordable, chosen), state


class _Future:
    """What becomes of the honest if one victim in each copy does something now."""

    def __init__(
        self, threat: LookAhead, known: Known, mind: Simulator, policy: Policy, keys: Array
    ) -> None:
        self._threat = threat
        self._mind = mind
        self._policy = policy
        self._keys = keys
        self._group = known.group
        self._columns = known.columns
        self._honest: Mask = ~known.colluders  # (e, N)
        self._victims = known.opportunities
        self._draws = Draws(0, "threats/look_ahead/mind", known.copies, ahead=threat.depth)
        mind.rewind()
        self._now = self._betrayed(mind.actions)

    def settle(self, mine: Mask, chosen: Array) -> None:
        """Let those who have their turn later know what one of the victims does now."""
        name = self._group.name
        self._now[name] = np.where(mine, chosen, self._now[name])

    def worth(self, mine: Mask, action: int) -> Floats:
        """Return what the honest have of it: (e,)."""
        # The same numbers for every action that is tried, so that they differ by the action alone.
        self._draws.begin_episode(episode=self._keys)
        self._mind.rewind()
        first = self._now[self._group.name]
        actions = {**self._now, self._group.name: np.where(mine, action, first).astype(first.dtype)}
        worth = np.zeros(len(mine))
        for step in range(self._threat.depth):
            imagined = self._mind.step(actions)
            worth += np.where(imagined.counts, self._had(imagined), 0)
            if self._mind.is_over or step + 1 == self._threat.depth:
                break
            actions = self._betrayed(self._policy.act(imagined.observations, self._draws))
        return worth

    def _had(self, imagined: Imagined) -> Floats:
        if self._threat.objective == RETURN:
            earned: Floats = np.where(self._honest, imagined.rewards, 0).sum(axis=1)
            return earned
        geometry = self._mind.geometry()
        return togetherness(counted(geometry, self._honest), geometry.distances)

    def _betrayed(self, actions: Actions) -> dict[str, Array]:
        """Return actions of all groups with those of the victims in their place."""
        whole = dict(actions)
        if self._threat.objective == TOGETHER:
            own = whole[self._group.name]
            away = away_from_all(self._mind.geometry(), self._honest)[:, self._columns]
            start = int(self._group.action_space.start)  # type: ignore[attr-defined]  # Discrete
            betrayed = np.where(self._victims, away + start, own)
            whole[self._group.name] = betrayed.astype(own.dtype)
        return whole


def _all_actions(space: Any) -> range:
    return range(int(space.start), int(space.start + space.n))
