"""The picture: return over rounds and the diameter of the honest, one column for each lie."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rallypoint.experiments import plots
from rallypoint.experiments.peers.config import PeersConfig
from rallypoint.experiments.peers.contestants import LIES

_ARMS = ("mean", "monna", "no agreement", "agreement")
_LEAST = 1e-3  # a diameter of 0 has no place on a logarithmic axis


def curves(config: PeersConfig, found: Mapping[str, list[dict[str, Any]]]) -> bytes:
    """Draw what was run."""
    shown = [lie for lie in LIES if any(f"{arm}, {lie}" in found for arm in _ARMS)]
    figure, panels = plots.panels(2, len(shown), size=(3.2 * len(shown), 5.2), sharey="row")
    rounds = np.arange(config.rounds)
    for column, lie in enumerate(shown):
        upper, lower = panels[:, column]
        upper.set_title("nobody lies" if lie == "none" else f"{config.f} peers: {lie}", fontsize=9)
        for name in ("one server", "alone", *_ARMS):
            several = found.get(name, found.get(f"{name}, {lie}"))
            for axes, what in ((upper, "curve"), (lower, "diameters")):
                if several is None or (axes is lower and name == "one server"):
                    axes.plot([], [], label=name)  # so that all panels have the same colours
                else:
                    values = np.array([one[what] for one in several])
                    plots.curve(axes, rounds, np.maximum(values, _LEAST), name, every=5)
        lower.set_yscale("log")
        lower.set_xlabel("round")
    panels[0, 0].set_ylabel("return of the honest")
    panels[1, 0].set_ylabel(f"their diameter after a round\n({_LEAST}: or less)")
    plots.legend(figure, panels[0, :1])
    return plots.png(figure)
