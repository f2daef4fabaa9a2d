"""Lies measured again, from a recording: what receipts say of sizes, checked by what was seen."""

from collections.abc import Mapping, Sequence

import numpy as np

from rallypoint.batch_env import BatchEnv
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Span, spans_of
from rallypoint.safety.limits import as_budget
from rallypoint.safety.perception.ledger import Ledger
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.recordings import Recording
from rallypoint.safety.threat_model import ThreatModel

_SIZES = ("largest_lie", "most_lied")


class LiesRecounted:
    """Books of lies, kept by what recordings say was true and what was perceived.

    A recording holds what was seen before all threats and after all. So sizes are those of one
    threat if it alone is between the two; of several, nobody can tell which lied how far.
    """

    def __init__(self, model: ThreatModel, env: BatchEnv) -> None:
        """Open the books of a world's threat to percepts with a budget of reach, if it is alone."""
        self._index: int | None = None  # of the threat
        self._ledger: Ledger | None = None
        self._spans: list[Span] = []  # of groups it lies to
        at_site = model.at("observation")
        if len(at_site.threats) != 1:
            return
        (threat,), (index,) = at_site.threats, at_site.numbers
        reach = as_budget(threat.budget).reach
        if reach is None:
            return
        groups = groups_concerned(threat, env)
        self._spans = [span for span in spans_of(env) if span.group in groups]
        label = f"threats[{index}] ({threat.kind})"
        self._index = index
        self._ledger = Ledger(reach, (env.num_copies, env.num_agents), groups, label)

    def add(self, part: Recording) -> None:
        """Go through the next part of a recording, moment by moment."""
        ledger = self._ledger
        if ledger is None:
            return
        for moment in np.flatnonzero(part.news.any(axis=1)).tolist():
            rows = part.news[moment]
            ledger.begin(part.began[moment])
            ledger.open(rows)
            for span in self._spans:
                name = span.group.name
                told, true = (
                    seen[name][moment, rows] for seen in (part.observations, part.true_observations)
                )
                ledger.charge(rows, span.columns, ledger.measures[name].sizes(told, true))

    def sizes(self) -> Mapping[str, float]:
        """Return the largest lie and the most lied in an episode; nothing if they are not known."""
        if self._ledger is None:
            return {}
        told = self._ledger.told()
        return {name: float(told[name]) for name in _SIZES}

    def faults(self, receipts: Sequence[Receipt]) -> list[str]:
        """Say, in sentences, where sizes in receipts are not those that were recorded."""
        found = []
        for name, size in self.sizes().items():
            for receipt in receipts:
                said = getattr(receipt, name)
                if receipt.index == self._index and said != size:
                    label = f"threats[{receipt.index}] ({receipt.kind})"
                    found.append(f"{label}: {name} is {size} in the recording, {said} in receipts")
        return found
