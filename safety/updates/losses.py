"""Refusing rules that losses on the way would soon stop, before anything is sent."""

from rallypoint.errors import TooManyByzantine
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.transport.packet_loss import PacketLoss


def check_losses(
    model: ThreatModel, aggregator: Aggregator, *, n: int, columns: int, f: int
) -> None:
    """Refuse a rule for which losses count as lies, if more than f of n are expected in a round.

    A rule that looks at whole updates takes one with a hole for one that is not finite, which
    counts against f; coordinate rules that skip what is lost do not.

    Args:
        model: of the threats.
        aggregator: the rule.
        n: contributors.
        columns: of their updates.
        f: how many liars the rule is to tolerate.

    Raises:
        TooManyByzantine: says how many lossy updates are expected, and what to do.
    """
    if len(aggregator.chain) == 1 and getattr(aggregator.chain[0], "skips_nan", False):
        return
    for index, threat in zip(model.numbers, model.threats, strict=True):
        if not isinstance(threat, PacketLoss) or threat.is_finite:
            continue
        expected = threat.expected_lossy(n, columns)
        if expected > f:
            raise TooManyByzantine(
                f"{aggregator.name} looks at whole updates, and with loss = {threat.loss} in "
                f"packets of {threat.packet} (threats[{index}]) {expected:.1f} of {n} updates of "
                f"{columns} numbers are expected to lose something in a round, more than f = {f}; "
                "take nan_trimmed_mean or nan_median, larger packets, or another fill"
            )
