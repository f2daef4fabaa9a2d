"""Defences: what agents can do about threats without being told who is one, one to a file."""

from dataclasses import dataclass

from rallypoint.batch_env import Array
from rallypoint.config import Config
from rallypoint.errors import InvalidConfig
from rallypoint.safety.sight import Sight


@dataclass(frozen=True, kw_only=True)
class Defence(Config):
    """What agents make of what they see before they choose, and of what they choose.

    A subclass writes one of the two, or both. ``safety.defences.defended`` puts it around a policy,
    or around the world that a learner meets.
    """

    def perceive(self, percepts: Array, sight: Sight) -> Array:
        """Return what is looked at in the place of percepts (E, n, entries)."""
        del sight
        return percepts

    def decide(self, actions: Array, percepts: Array, sight: Sight) -> Array:
        """Return what is done in the place of chosen actions (E, n), counted from 0."""
        del percepts, sight
        return actions


def check_bound(f: int) -> None:
    """Refuse what cannot be a bound on the number of those who lie.

    Raises:
        InvalidConfig: says what it must be.
    """
    if f < 0:
        raise InvalidConfig(f"f is how many may lie at most, a whole number >= 0, got {f!r}")
