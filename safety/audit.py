"""An audit of a recording: could a threat model have done just this?

It is told nothing by the frame: who could be touched at which moment is worked out again from the
declaration and from who was there, and what was touched is where things differ from the truth.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from rallypoint.batch_env import BatchEnv, Mask
from rallypoint.safety.coins import Coins, suspicious
from rallypoint.safety.enforcement.ballot import named
from rallypoint.safety.limits import Share, as_budget, as_schedule, as_victims
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.recordings import Recording, marks
from rallypoint.safety.signs import sign_of
from rallypoint.safety.spending import Spending
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
        shape = (env.num_copies, env.num_agents)
        # What each threat could do, by its number; and what is seen at each place that any changes.
        self._could = {number: Spending(*shape) for number in self._threats}
        self._occasions: Counter[int] = Counter()
        sites = [threat.site for threat in self._threats.values()]
        self._signs = {
            number: sign_of(threat, env, is_alone=sites.count(threat.site) == 1)
            for number, threat in self._threats.items()
        }
        self._seen = {_place(threat): Spending(*shape) for threat in self._threats.values()}
        self._strays: dict[str, tuple[int, str]] = {}  # how many, and who was the first

    def add(self, part: Recording) -> None:
        """Go on with the next part of a recording."""
        touched = marks(part, self._costs)
        self._ever_liars = self._ever_liars | part.byzantine.any(axis=(0, 1))
        self._numbers_of_liars |= set(np.unique(part.byzantine.sum(axis=2)).tolist())
        allowed = {place: np.zeros_like(mask) for place, mask in touched.items()}
        for number, threat in self._threats.items():
            may = self._may(threat, part, touched)
            self._occasions[number] += int(np.count_nonzero(may))
            if (sign := self._signs[number]) is not None:
                at = slice(None) if threat.site in _AT_MOMENTS else part.chosen_at
                may = may & sign.seen(part)[at]
            allowed[_place(threat)] |= may
            self._could[number].add(part, may, at_moments=threat.site in _AT_MOMENTS)
        for place, mask in touched.items():
            self._note_strays(place, mask & ~allowed[place])
        for place, seen in self._seen.items():
            seen.add(part, touched[place], at_moments=place in _AT_MOMENTS)

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
        for place, shown in self._seen.items():
            of_place = [
                receipt
                for receipt in receipts
                if receipt.index in self._threats and _place(self._threats[receipt.index]) == place
            ]
            firsts = [one.first_step for one in of_place if one.first_step is not None]
            lasts = [one.last_step for one in of_place if one.last_step is not None]
            for what, seen, told, outer in (
                ("first", shown.first_step, firsts, min),
                ("last", shown.last_step, lasts, max),
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
        if self._signs[receipt.index] is not None:
            found += self._of_sign(threat, receipt)
        return found + self._of_budgets(threat, receipt, is_alone=is_alone)

    def _of_sign(self, threat: Threat, receipt: Receipt) -> list[str]:
        """Compare how often a threat acted with how often somebody perceived what it waits for."""
        budget, waited = as_budget(threat.budget), self._could[receipt.index].touches
        is_drawn = isinstance(as_victims(threat.victims), Share)  # it shows only whom it hit
        is_free = not is_drawn and {budget.steps_per_episode, budget.agents} == {None}
        acted = sum(receipt.applications.values())
        coins = Coins(
            "acted where its sign was perceived",
            acted,
            waited,
            as_schedule(threat.when).probability,
            receipt.repeats,
            fewest=None if is_free else 0,
        )
        return suspicious([coins])

    def _of_budgets(self, threat: Threat, receipt: Receipt, *, is_alone: bool) -> list[str]:
        """Compare what a receipt says was spent with what was seen, and with what could be."""
        found = []
        place, could = _place(threat), self._could[receipt.index]
        seen = self._seen[place]
        for what, name in (
            ("steps of copies", "steps"),
            ("agents in an episode", "most_agents"),
            ("steps on one agent in an episode", "most_steps"),
        ):
            shown, said = getattr(seen, name), getattr(receipt, name)
            most = getattr(could, name)
            if place in _SHOWN:  # all that was done there; by others, too, where it is not alone
                most = min(most, shown)
            if said > most:
                found.append(f"{said} {what} in its receipt, of {most} at most by the recording")
            if is_alone and shown > said:
                found.append(f"{shown} {what} in the recording, of {said} at most")
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
