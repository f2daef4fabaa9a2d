"""Refusing rules that losses on the way would soon stop, before anything is sent."""

from typing import Protocol

import numpy as np

from rallypoint.batch_env import Mask
from rallypoint.errors import TooManyByzantine
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.limits import as_schedule
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.transport.packet_loss import PacketLoss


class Befalling(Protocol):
    """What befalls updates, as ``UpdateThreats`` do."""

    @property
    def model(self) -> ThreatModel:
        """What is declared."""

    @property
    def victims(self) -> tuple[Mask, ...]:
        """Whom each of its threats may befall: (N,) each."""


def check_losses(
    threats: Befalling,
    judge: Aggregator | str,
    *,
    columns: int,
    f: int,
    members: Mask | None = None,
) -> None:
    """Refuse a rule for which losses count as lies, if more than f are expected in a round.

    Who looks at whole updates takes one with a hole for one that is not finite, which counts
    against f; coordinate rules that skip what is lost do not.

    Args:
        threats: of which some may be losses.
        judge: the rule, or the name of a protocol that judges updates itself, one by one.
        columns: of their updates.
        f: how many liars it is to tolerate.
        members: (N,) whose updates it sees; everybody's if not given.

    Raises:
        TooManyByzantine: says how many lossy updates are expected, and what to do.
    """
    name, instead = str(judge), "take nan_trimmed_mean or nan_median, by another protocol"
    if isinstance(judge, Aggregator):
        if len(judge.chain) == 1 and getattr(judge.chain[0], "skips_nan", False):
            return
        name, instead = judge.name, "take nan_trimmed_mean or nan_median"
    if not threats.victims:
        return
    blame, whole = [], np.ones(len(threats.victims[0]))
    model = threats.model
    for index, threat, victims in zip(model.numbers, model.threats, threats.victims, strict=True):
        if isinstance(threat, PacketLoss) and not threat.is_finite:
            chance = as_schedule(threat.when).probability * threat.expected_lossy(1, columns)
            whole[victims] *= 1 - chance
            blame.append(f"loss = {threat.loss} in packets of {threat.packet} (threats[{index}])")
    seen = whole if members is None else whole[members]
    expected = float((1 - seen).sum())
    if blame and expected > f:
        raise TooManyByzantine(
            f"{name} looks at whole updates, and with {' and '.join(blame)} {expected:.1f} of "
            f"{len(seen)} updates of {columns} numbers are expected to lose something in a round, "
            f"more than f = {f}; {instead}, larger packets, or another fill"
        )
