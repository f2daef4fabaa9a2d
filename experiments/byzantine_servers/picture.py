"""The picture: return over rounds, and how far honest replicas are apart."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rallypoint.experiments import plots
from rallypoint.experiments.byzantine_servers.config import ByzantineServersConfig

_SHOWN = ("trusted", "honest", "random liar, median", "random liar, mean", "random liar, none")


def curves(config: ByzantineServersConfig, found: Mapping[str, list[dict[str, Any]]]) -> bytes:
    """Draw both, for those conditions that tell most."""
    figure, ((left, right),) = plots.panels(1, 2, size=(9.6, 4.0))
    rounds = np.arange(config.rounds)
    for name in _SHOWN:
        returns = np.array([one["curve"] for one in found[name]])
        plots.curve(left, rounds, returns, name, every=5)
        if name == "trusted":
            right.plot([], [])  # so that both panels have the same colours
        else:
            apart = np.array([one["diameters"] for one in found[name]])
            plots.curve(right, rounds, np.maximum(apart, 1e-3), name, every=5)
    left.set_title("return at the parameters that workers act on", fontsize=9)
    right.set_title("diameter of the honest replicas before a contraction", fontsize=9)
    right.set_yscale("log")
    for axes in (left, right):
        axes.set_xlabel("round")
    plots.legend(figure, [left])
    return plots.png(figure)
