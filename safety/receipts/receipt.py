"""The receipt of one threat: what it really did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rallypoint.config import to_dict
from rallypoint.safety.threats import OF_ROUNDS

VIOLATIONS = ("victims", "schedule", "budget", "absence", "knowledge")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What somebody saw who looked only at updates before and after a threat."""

    rounds: Mapping[str, int] = field(default_factory=dict)  # contributor -> rounds it was another
    first: int | None = None  # round
    last: int | None = None
    undue: int = 0  # updates changed in rounds at which nothing was declared
    largest_norm: float = 0.0  # of what was put in an update's place, where it is finite


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What one threat did, over all copies and episodes of a run.

    Every step of the world counts, also one in a copy that is only played on beside others, from
    which nobody learns: compare ``applications`` with ``occasions``, and not with steps learned.
    """

    kind: str
    index: int  # which of the threat file's it is, in order
    site: str
    agents: tuple[str, ...]  # all N of the world
    episodes: int  # that began under it
    # Agent-steps at which it was due, and somebody whom it was meant for was there.
    occasions: int | None = None
    opportunities: int  # those at which it might touch: its coin fell, and its budget had room
    applications: Mapping[str, int] = field(default_factory=dict)  # agent -> agent-steps touched
    steps: int = 0  # of any copy, at which it touched somebody
    first_step: int | None = None  # the earliest of these, since the reset
    last_step: int | None = None
    most_steps: int = 0  # of the budget steps_per_episode, used on one agent in one episode
    most_agents: int = 0  # of the budget agents, used in one episode
    violations: Mapping[str, int] = field(default_factory=dict)  # attempts the frame dropped
    # How likely it takes an opportunity, as it declares; None: how often it does is not checked.
    chance: float | None = None
    repeats: int = 1  # how often one seed started its coins, which then fall alike
    meant: tuple[str, ...] | None = None  # its victims, where a mask and not the model names them
    # Of threats to updates, which count rounds as steps:
    largest_norm: float | None = None  # of a finite update sent in a victim's place
    strengths: tuple[float, float] | None = None  # least and largest by which lies were scaled
    clipped: int = 0  # lies that were cut to the budget of norm, or of reach
    seen: Seen | None = None  # counted again by who looks at the updates alone
    # Of threats to percepts with a budget of reach:
    largest_lie: float | None = None  # size at one step, of a victim, or of all that share
    most_lied: float | None = None  # what one of them, or all that share, spent in one episode

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON; what is of some threats only for those."""
        plain = to_dict(self)
        if self.meant is None:
            del plain["meant"]
        has_reach = self.largest_lie is not None
        for names, is_told in (
            (("largest_norm", "strengths"), self.site in OF_ROUNDS),
            (("seen",), self.seen is not None),
            (("largest_lie", "most_lied"), has_reach),
            (("clipped",), has_reach or self.site in OF_ROUNDS),
        ):
            for name in () if is_told else names:
                del plain[name]
        return plain
