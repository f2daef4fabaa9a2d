"""An audit of a recording: could a threat model have done just this?

It is told nothing by the frame: who could be touched at which moment is worked out again from the
declaration and from who was there, and what was touched is where things differ from the truth.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from rallypoint.batch_env import BatchEnv, Mask
from rallypoint.draws import Integers
from rallypoint.safety.enforcement.ballot import named
from rallypoint.safety.limits import Share, as_budget, as_schedule, as_victims
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.recordings import Recording, marks
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.feedback import REWARD, FeedbackThreat

_AT_MOMENTS = ("presence", "observation")  # other threats act at steps
_SHOWN = ("presence", "interruption")  # wherever a threat acts there, a recording shows it


class Audit:
    """Keeps account of what recordings show of each threat to a world, part by part."""

    def __init__(self, model: ThreatModel, env: BatchEnv) -> None:
        """Begin with nothing recorded of a world under threats."""
        threats = model.in_world()
        self._threats = dict(zip(threats.numbers, threats.threats, strict=True))
        self._agents = env.agents
        self._costs = tuple(env.cost_names) if "cost" in env.offers else ()
        self._byzantine = model.byzantine
        self._ever_liars: Mask = np.zeros(env.num_agents, dtype=bool)
        self._numbers_of_liars: set[int] = set()  # that there were in a copy
        self._occasions: Counter[int] = Counter()  # by the number of the threat
        shape = (env.num_copies, env.num_agents)
        # Of each place that threats change: what is spent in episodes under way, and at most.
        places = {_place(threat) for threat in self._threats.values()}
        self._spent = {place: np.zeros(shape, dtype=np.int64) for place in places}
        self._most_agents: Counter[str] = Counter()
        self._most_steps: Counter[str] = Counter()
        self._strays: dict[str, tuple[int, str]] = {}  # how many, and who was the first
        self._first_steps: dict[str, int] = {}  # since the reset, at which anybody was touched
        self._last_steps: dict[str, int] = {}

    def add(self, part: Recording) -> None:
        """Go on with the next part of a recording."""
        touched = marks(part, self._costs)
        self._ever_liars = self._ever_liars | part.byzantine.any(axis=(0, 1))
        self._numbers_of_liars |= set(np.unique(part.byzantine.sum(axis=2)).tolist())
        allowed = {place: np.zeros_like(mask) for place, mask in touched.items()}
        for number, threat in self._threats.items():
            may = self._may(threat, part, touched)
            allowed[_place(threat)] |= may
            self._occasions[number] += int(np.count_nonzero(may))
        for place, mask in touched.items():
            self._note_strays(place, mask & ~allowed[place])
        for place, spent in self._spent.items():
            self._spend(place, spent, part, touched[place])
            at = slice(None) if place in _AT_MOMENTS else part.chosen_at
            steps = part.time[at][touched[place].any(axis=2)]
            if len(steps):
                first, last = int(steps.min()), int(steps.max())
                self._first_steps[place] = min(first, self._first_steps.get(place, first))
                self._last_steps[place] = max(last, self._last_steps.get(place, last))

    def faults(self, receipts: Sequence[Receipt]) -> list[str]:
        """Say, in sentences, where recordings show what the threats cannot have done, or did not.

        Args:
            receipts: of these threats, about all that was recorded.
        """
        found = [
            f"{count} {'touch' if count == 1 else 'touches'} of {place} in the recording are by no "
            f"threat that may act there, the first {first}"
            for place, (count, first) in self._strays.items()
        ]
        if all(receipt.meant is None for receipt in receipts):
            found += self._of_liars()
        for receipt in receipts:
            if (threat := self._threats.get(receipt.index)) is not None:
                label = f"threats[{receipt.index}] ({receipt.kind})"
                found += [f"{label}: {fault}" for fault in self._of_one(threat, receipt)]
        return found + self._of_steps(receipts)

    def _of_steps(self, receipts: Sequence[Receipt]) -> list[str]:
        """Compare the first and the last step at each place with what its threats tell.

        A lie may be the truth: then a recording shows less than was done, and never more.
        """
        found = []
        for place in self._spent:
            of_place = [
                receipt
                for receipt in receipts
                if receipt.index in self._threats and _place(self._threats[receipt.index]) == place
            ]
            firsts = [one.first_step for one in of_place if one.first_step is not None]
            lasts = [one.last_step for one in of_place if one.last_step is not None]
            for what, seen, told, outer in (
                ("first", self._first_steps.get(place), firsts, min),
                ("last", self._last_steps.get(place), lasts, max),
            ):
                said = outer(told) if told else None
                hidden = seen is None or (said is not None and outer(seen, said) == said)
                if seen != said and (place in _SHOWN or not hidden):
                    told_by = f"{seen} in the recording, {said} in receipts"
                    found.append(f"{place}: the {what} step is {told_by}")
        return found

    def _of_liars(self) -> list[str]:
        """Say where others are Byzantine than the model says, if no mask does."""
        declared = () if self._byzantine is None else as_victims(self._byzantine.victims)
        if isinstance(declared, Share):
            numbers = declared.counts or (declared.of(len(self._agents)),)
            what = "agents of a copy are Byzantine in the recording"
            return [f"{one} {what}" for one in sorted(self._numbers_of_liars - set(numbers))]
        others = self._ever_liars & ~named(declared, self._agents)
        names = [self._agents[place] for place in np.flatnonzero(others)]
        return [f"{name} is Byzantine in the recording, and not declared" for name in names]

    def _of_one(self, threat: Threat, receipt: Receipt) -> list[str]:
        found = []
        place, occasions = _place(threat), self._occasions[receipt.index]
        is_alone = sum(_place(other) == place for other in self._threats.values()) == 1
        told = receipt.occasions
        if told is not None:
            is_drawn = isinstance(as_victims(threat.victims), Share)
            is_known = not is_drawn and (is_alone or place != "presence")
            if told > occasions or (is_known and told < occasions):
                found.append(f"{occasions} occasions in the recording, {told} in its receipt")
        budget, victims = as_budget(threat.budget), as_victims(threat.victims)
        agents = self._most_agents[place]
        drawn = victims.of(len(self._agents)) if isinstance(victims, Share) else None
        for what, seen, said, limit in (
            ("agents in an episode", agents, receipt.most_agents, budget.agents),
            ("agents in an episode", agents, receipt.most_agents, drawn),
            ("steps", self._most_steps[place], receipt.most_steps, budget.steps_per_episode),
        ):
            if is_alone and (seen > said or (limit is not None and seen > limit)):
                most = said if limit is None else min(said, limit)
                found.append(f"{seen} {what} in the recording, of {most} at most")
        return found

    def _may(self, threat: Threat, part: Recording, touched: Mapping[str, Mask]) -> Mask:
        """Return where a threat could act: (M, E, N) at moments, or (K, E, N) at steps."""
        at_moments = threat.site in _AT_MOMENTS
        at = slice(None) if at_moments else part.chosen_at
        there = part.alive[at] & ~part.crashed[at]
        if threat.site == "presence":
            falls = touched["presence"]
            there = (there | falls) & ~_over(part, falls)[:, :, None]
        due = as_schedule(threat.when).due(part.time[at])
        if at_moments:
            due = due & part.news
        victims = as_victims(threat.victims)
        if victims == "byzantine":
            whom = part.byzantine[at]
        else:  # of those who are drawn a recording shows only whom it hit
            whom = named("all" if isinstance(victims, Share) else victims, self._agents)
        may: Mask = there & due[:, :, None] & whom
        return may

    def _note_strays(self, place: str, strays: Mask) -> None:
        count = int(np.count_nonzero(strays))
        if not count:
            return
        row, _, agent = np.argwhere(strays)[0]
        before, first = self._strays.get(place, (0, f"of {self._agents[agent]} in row {row}"))
        self._strays[place] = (before + count, first)

    def _spend(self, place: str, spent: Integers, part: Recording, touched: Mask) -> None:
        """Count agents and steps of episodes, moment by moment."""
        steps = touched
        if place not in _AT_MOMENTS:  # as if all moments were steps
            steps = np.zeros_like(part.alive)
            steps[part.chosen_at] = touched
        for began, now in zip(part.began, steps, strict=True):
            spent[began] = 0
            spent += now
            agents = int(np.count_nonzero(spent, axis=1).max(initial=0))
            self._most_agents[place] = max(self._most_agents[place], agents)
            self._most_steps[place] = max(self._most_steps[place], int(spent.max(initial=0)))


def _place(threat: Threat) -> str:
    """Return what a threat changes: its site, or the signal that it lies about."""
    signal = threat.signal if isinstance(threat, FeedbackThreat) else REWARD
    return threat.site if signal == REWARD else f"{threat.site} {signal}"


def _over(part: Recording, falls: Mask) -> Mask:
    """Return where an episode was over before anybody could fall: (M, E)."""
    over = np.zeros(part.time.shape, dtype=bool)
    after = part.chosen_at + 1
    ends = ~part.alive[after] | part.terminated | part.truncated
    over[after] = ends.all(axis=2) & ~falls[after].any(axis=2)
    return over
