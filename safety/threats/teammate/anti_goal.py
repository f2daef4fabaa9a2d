"""Anti-goal: teammates who go where nobody should."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rallypoint.batch_env import BatchEnv, Group
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.cells import gathered
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, Site, State, Threat, register
from rallypoint.safety.whereabouts import away_from_all


@register
@dataclass(frozen=True, kw_only=True)
class AntiGoal(Threat):
    """Agents go to the place farthest from the middle of the honest ones, all to the same.

    Where the goal is to gather, this is the anti-barycentre: a false crowd at the antipode. It sees
    where everybody is, and for nobody who is honest what they think or do next.

    Source: ours; the fault is the strong Byzantine robot of gathering theory, which goes anywhere
    (Agmon & Peleg, 2006, "Fault-Tolerant Gathering Algorithms for Autonomous Mobile Robots", SIAM
    J. Computing 36), in the setting of El Mhamdi, Guerraoui, Maurer & Tempez (2018), "Learning to
    Gather without Communication", arXiv:1802.07834.
    """

    kind: ClassVar[str] = "anti_goal"
    site: ClassVar[Site] = "action"
    must_know: ClassVar[frozenset[str]] = frozenset({"geometry", "colluders"})
    takes_all: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("colluders", "geometry")

    def fit(self, env: BatchEnv) -> "AntiGoal":
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: the geometry does not say where the victims' actions lead.
        """
        refuse_unmapped_actions(groups_concerned(self, env), env)
        return self

    def in_words(self) -> dict[str, str]:
        """Say what is done."""
        return {"does": "the agent goes to the place farthest from the middle of the honest ones"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Go away from all."""
        del draws  # deterministic
        where = known.affordable
        moves = gathered(away_from_all(known.geometry, ~known.colluders)[:, known.columns], where)
        space: Any = known.group.action_space
        return Proposal(where, (moves + space.start).astype(space.dtype)), state


def refuse_unmapped_actions(groups: list[Group], env: BatchEnv) -> None:
    """Refuse groups whose actions are none of those that the geometry maps.

    Raises:
        InvalidConfig: says whose.
    """
    if "geometry" not in env.offers:
        return  # refused already, with the reason
    num_actions = len(env.geometry().leads_to)
    for group in groups:
        space: Any = group.action_space
        if not (hasattr(space, "n") and hasattr(space, "start") and space.n == num_actions):
            raise InvalidConfig(
                f"the geometry of {env.id} says where {num_actions} numbered actions lead, and "
                f"group {group.name!r} has {space}; name victims of another group"
            )
