"""Whose updates a threat may replace in which round, as its declaration alone has it.

The frame keeps threats to this, and whoever audits a recording works it out again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rallypoint.batch_env import Mask
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.errors import RallypointError
from rallypoint.safety.enforcement.ballot import Ballot
from rallypoint.safety.limits import Victims, as_budget, as_schedule, as_victims
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat

_RUN = np.zeros(1, dtype=np.int64)  # one copy, whose only episode is the run


@dataclass(frozen=True, kw_only=True, eq=False)
class Turns:
    """One threat, whose it is, and when."""

    threat: Threat
    index: int  # its place in the threat file
    place: int  # among those of its kind, by which its draws are keyed
    seed: int  # of its draws
    victims: Mask  # (N,) of all contributors

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"the threat {self.threat.kind!r} (threats[{self.index}])"

    def due(self, there: Mask, numbers: Integers) -> Mask:
        """Return whom it could speak for, coins and budget aside: (..., N).

        Args:
            there: (..., N) the contributors that take part.
            numbers: (...) of the rounds.
        """
        is_due = as_schedule(self.threat.when).due(numbers)
        due: Mask = there & self.victims & is_due[..., None]
        return due

    def may(self, due: Mask, spent: Integers, number: int) -> Mask:
        """Return whom it may speak for in a round, and so does: (N,).

        Args:
            due: (N,) whom it could speak for.
            spent: (N,) rounds that it has spoken for each before.
            number: of the round.
        """
        may = due.copy()
        often = as_schedule(self.threat.when).probability
        if often < 1:
            may &= self._coins(number) < often
        budget = as_budget(self.threat.budget)
        if budget.rounds is not None:
            may &= spent < budget.rounds
        if budget.agents is not None:
            new = may & (spent == 0)
            left = budget.agents - np.count_nonzero(spent)
            may &= (spent > 0) | (np.cumsum(new) <= left)
        return may

    def _coins(self, number: int) -> Floats:
        everybody = np.arange(len(self.victims))
        channel = f"threats/{self.threat.kind}/schedule"
        draws = Draws(self.seed, channel, everybody, index=self.place, ahead=1)
        draws.begin_episode(episode=number)
        return draws.random()


def is_lie(threat: Threat) -> bool:
    """Say whether a threat is somebody's lie, and not what befalls it on its way, after all lies.

    Threats act in this order, those of a kind in that of the model.
    """
    return threat.site != "transport"


def turns_of(model: ThreatModel, contributors: Sequence[str], seed: int) -> tuple[Turns, ...]:
    """Return the turns of a model's threats, in its order; victims are drawn once for the run.

    Raises:
        UnknownName, InvalidConfig: victims that are none of the contributors.
    """
    byzantine = liars_of(model, contributors, seed)
    places: Counter[str] = Counter()
    turns = []
    for index, threat in zip(model.numbers, model.threats, strict=True):
        place, own = places[threat.kind], seed if threat.seed is None else threat.seed
        victims = byzantine
        if as_victims(threat.victims) != "byzantine":
            label = f"the threat {threat.kind!r} (threats[{index}])"
            channel = f"threats/{threat.kind}/victims"
            victims = _drawn(threat.victims, contributors, own, label, (channel, place))
        turns.append(Turns(threat=threat, index=index, place=place, seed=own, victims=victims))
        places[threat.kind] += 1
    return tuple(turns)


def liars_of(model: ThreatModel, contributors: Sequence[str], seed: int) -> Mask:
    """Return which contributors are Byzantine: (N,)."""
    who: Victims = () if model.byzantine is None else model.byzantine.victims
    return _drawn(who, contributors, seed, "[byzantine]", ("threats/byzantine", 0))


def _drawn(
    meant: Victims, contributors: Sequence[str], seed: int, label: str, key: tuple[str, int]
) -> Mask:
    """Return whom victims mean, as a world of as many agents draws them in its first episode."""
    channel, index = key
    victims = as_victims(meant)
    try:
        ballot = Ballot(victims, contributors, _RUN, channel=channel, index=index, label=label)
    except RallypointError as error:
        raise type(error)(
            f"{error}; asked for are contributors, who are {len(contributors)} here: take more "
            "workers, or let the team contribute"
        ) from None
    ballot.begin(np.ones(1, dtype=bool), seed)
    chosen: Mask = ballot.chosen[0]
    return chosen
