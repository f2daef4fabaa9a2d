"""Actions that need not be checked twice."""

from operator import is_
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rallypoint.batch_env import Actions, Array, BatchEnv


class Checked(dict[str, "Array"]):
    """Actions that ``check_actions`` has let pass, or that follow from such and lie in the space.

    Who checks actions and hands others on, as a frame does, says so by these to the world it hands
    them to, which does not look again. Whoever stands between, a wrapper of whatever class, is that
    world; what it hands on is looked at, since it may have written to the arrays.
    """

    def __init__(self, actions: "Actions", world: "BatchEnv") -> None:
        """Vouch for actions that this very world gets."""
        super().__init__(actions)
        self._arrays = dict(actions)
        self._world = world

    def are_for(self, world: "BatchEnv") -> bool:
        """Say whether they were checked for just this one, and are those that were."""
        return (
            self._world is world
            and self.keys() == self._arrays.keys()
            and all(map(is_, self.values(), self._arrays.values()))
        )


def are_checked(actions: "Actions", world: "BatchEnv") -> bool:
    """Say whether a world need not look at actions, since who hands them to it has."""
    return isinstance(actions, Checked) and actions.are_for(world)
