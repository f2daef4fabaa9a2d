"""The picture: return over the share of packets lost."""

from collections.abc import Mapping, Sequence

import numpy as np

from rallypoint.experiments import plots
from rallypoint.experiments.lossy_transport.config import LossyTransportConfig
from rallypoint.experiments.lossy_transport.contestants import WAYS, Way


def returns(
    config: LossyTransportConfig, found: Mapping[tuple[Way, float], Sequence[float]]
) -> bytes:
    """Draw returns (seeds,) of each way at each loss."""
    figure, axes = plots.new_figure(
        f"{config.liars} of {config.contributors} flip signs, and packets are lost",
        "packets lost, %",
        "return of the last tenth",
        size=(8.0, 4.0),
    )
    losses = [100 * loss for loss in config.losses]
    for way in WAYS:
        if way.lies:
            values = np.transpose([found[way, loss] for loss in config.losses])
            plots.curve(axes, losses, values, f"{way.rule}, {way.fill}")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    return plots.png(figure)
