"""Coins of an interruption counted again, from a recording: of regions, schedules and episodes."""

from collections.abc import Sequence

import numpy as np

from rallypoint.batch_env import Mask
from rallypoint.safety.coins import Coins, suspicious
from rallypoint.safety.enforcement.ballot import named
from rallypoint.safety.limits import Share, as_budget, as_victims
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.recordings import Recording
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.interruption import Interruption

_ROUNDING = 1e-9  # of a chance


class CoinsRecounted:
    """The coins of a world's interruption, if it alone interrupts, and no budget of agents is in.

    A recording holds how likely each interruption was, and for whom the coin of an episode had
    fallen. Receipts hold neither, so that where people interrupt in some places, by a schedule, or
    on one coin an episode, they cannot be checked for how often. That a chance is 0 where it was
    declared to be, in a region, say, is not looked at: what a region is only the world knows.
    """

    def __init__(self, model: ThreatModel) -> None:
        """Begin with nothing recorded under a model."""
        at_site = model.at("interruption")
        self._threat: Interruption | None = None
        self._index = 0
        if len(at_site.threats) == 1:
            (threat,) = at_site.threats
            has_room = as_budget(threat.budget).agents is None
            if isinstance(threat, Interruption) and has_room:
                self._threat, (self._index,) = threat, at_site.numbers
        self._fell = self._tossed = 0
        self._expected = 0.0  # of those that fell
        self._wrong = 0  # certain ones that did not come, and impossible ones that did
        self._most = 0.0  # the largest chance that was a coin's
        self._victims = 1  # of one coin, at most

    def add(self, part: Recording) -> None:
        """Go on with the next part of a recording."""
        threat = self._threat
        if threat is None:
            return
        is_sure = (part.theta >= 1 - _ROUNDING) | (part.theta <= 0)
        if threat.draw == "episode":
            self._add_episodes(threat, part)
        else:
            is_coin = ~is_sure
            self._fell += int(np.count_nonzero(part.interrupted & is_coin))
            self._tossed += int(np.count_nonzero(is_coin))
            self._expected += float(part.theta[is_coin].sum())
            of_a_step = np.count_nonzero(is_coin, axis=2)
            self._victims = max(self._victims, int(of_a_step.max(initial=1)))
        self._most = max(self._most, float(part.theta[~is_sure].max(initial=0.0)))
        self._wrong += int(np.count_nonzero(is_sure & (part.interrupted != (part.theta > 0))))

    def faults(self, receipts: Sequence[Receipt]) -> list[str]:
        """Say, in sentences, where coins in the recording cannot be those that were declared.

        Args:
            receipts: of all threats, about all that was recorded.
        """
        repeats = [one.repeats for one in receipts if one.index == self._index]
        if self._threat is None or not repeats:
            return []
        label = f"threats[{self._index}] ({self._threat.kind})"
        found = []
        _, theta, _ = self._threat.parts
        if isinstance(theta, int | float) and self._most > theta + _ROUNDING:
            found.append(f"{label}: a chance of {self._most:.4g} in the recording, of {theta:.4g}")
        if self._wrong and self._threat.draw == "step":
            found.append(
                f"{label}: {self._wrong} interruptions in the recording that were certain and did "
                "not come, or could not be and came"
            )
        chance = self._expected / self._tossed if self._tossed else 0.0
        alike = self._victims if self._threat.shared and self._threat.draw == "step" else 1
        what = f"{label} took its chances in the recording"
        coins = Coins(what, self._fell, self._tossed, chance, repeats[0], alike=alike)
        return found + suspicious([coins] if 0 < chance < 1 else [])

    def _add_episodes(self, threat: Interruption, part: Recording) -> None:
        """Count for whom the coins of episodes fell; of a schedule nobody knows how they should."""
        _, theta, _ = threat.parts
        victims = as_victims(threat.victims)
        if not isinstance(theta, int | float) or (isinstance(victims, Share) and victims.counts):
            return
        fell = part.will_interrupt[part.began]  # (episodes, N)
        if isinstance(victims, Share):  # of those who are drawn it shows only for whom it fell
            tossed = len(fell) * victims.of(len(part.agents))
        else:
            meant: Mask = named("all" if victims == "byzantine" else victims, part.agents)
            mask = part.byzantine[part.began] if victims == "byzantine" else meant
            tossed = int(np.count_nonzero(np.broadcast_to(mask, fell.shape)))
        if threat.shared:
            each = tossed // max(len(fell), 1)
            tossed = len(fell) if each else 0
            self._fell += int(np.count_nonzero(fell.any(axis=1)))
        else:
            self._fell += int(np.count_nonzero(fell))
        self._tossed += tossed
        self._expected += theta * tossed
