"""The picture: return over gradients, one panel for each attack."""

from collections.abc import Mapping

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.kardam.config import KardamConfig
from rallypoint.experiments.kardam.contestants import ATTACKS

_SHOWN = ("unfiltered", "published", "version distance", "buffered")


def curves(
    config: KardamConfig, n: int, f: int, curve_by_condition: Mapping[tuple[str, str], Floats]
) -> bytes:
    """Draw returns (seeds, tenths) of servers under attacks."""
    figure, (panels,) = plots.panels(1, len(ATTACKS), size=(9.6, 3.4), sharey=True)
    tenths = (np.arange(10) + 0.5) * config.gradients / 10
    for axes, attack in zip(panels, ATTACKS, strict=True):
        for server in _SHOWN:
            if (server, attack) not in curve_by_condition:
                continue
            plots.curve(axes, tenths, np.nan_to_num(curve_by_condition[server, attack]), server)
        who = "nobody lies" if attack == "none" else f"{f} of {n} send {attack}"
        axes.set_title(who, fontsize=9)
    plots.legend(figure, panels[:1])
    figure.supxlabel("gradients computed, by all contributors together", fontsize=9)
    figure.supylabel("return of the honest, 500 at most", fontsize=9)
    return plots.png(figure)
