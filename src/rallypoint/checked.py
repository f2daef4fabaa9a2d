"""Actions that need not be checked twice."""

from collections.abc import Sequence
from operator import is_
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rallypoint.batch_env import Actions, Array, Group


class Checked(dict[str, "Array"]):
    """Actions that ``check_actions`` has let pass, or that follow from such and lie in the space.

    Who checks actions and hands others on, as a frame does, says so by these; the world inside does
    not look again. Whoever stands between may put other arrays in their place, which is seen, and
    does not write to those that are there.
    """

    def __init__(self, actions: "Actions", groups: "Sequence[Group]", num_copies: int) -> None:
        """Vouch for actions of these very groups, in so many copies."""
        super().__init__(actions)
        self._arrays = dict(actions)
        self._groups = groups
        self._num_copies = num_copies

    def are_for(self, groups: "Sequence[Group]", num_copies: int) -> bool:
        """Say whether they were checked for just these."""
        return (
            self._groups is groups
            and self._num_copies == num_copies
            and self.keys() == self._arrays.keys()
            and all(map(is_, self.values(), self._arrays.values()))
        )
