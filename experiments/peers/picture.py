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
    from matplotlib.figure import Figure

    shown = [lie for lie in LIES if any(f"{arm}, {lie}" in found for arm in _ARMS)]
    with plots.style():
        figure = Figure(figsize=(3.2 * len(shown), 5.2), layout="constrained")
        panels = figure.subplots(2, len(shown), sharey="row", squeeze=False)
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
    handles, labels = panels[0, 0].get_legend_handles_labels()
    with plots.style():
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), fontsize=8)
    return plots.png(figure)
