"""The picture: what hosts of every method return, seed by seed."""

from collections.abc import Mapping

import numpy as np

from rallypoint.experiments import plots
from rallypoint.experiments.coevolution.config import CoevolutionConfig
from rallypoint.experiments.coevolution.measure import Tested
from rallypoint.intervals import bootstrap


def picture(config: CoevolutionConfig, tested: Mapping[str, Tested]) -> bytes:
    """Draw means with their intervals, and each seed beside them."""
    figure, axes = plots.new_figure(
        f"Hosts under lies of {config.epsilon:g}, every method on {config.budget:,} steps",
        "",
        f"return, of {config.max_cycles}",
        size=(8.0, 4.4),
    )
    for place, (method, found) in enumerate(tested.items()):
        groups = (found.clean, found.held_out.mean(axis=1), found.worst, found.own)
        colour = plots.COLOURS[place]
        for at, values in enumerate(groups):
            x = at + 0.18 * (place - (len(tested) - 1) / 2)
            seeds = np.full(len(values), x + 0.045)
            axes.plot(seeds, values, "o", color=colour, alpha=0.35, markersize=4)
            low, high = bootstrap(values)
            mean = values.mean()
            axes.errorbar(
                x - 0.03,
                mean,
                yerr=[[mean - low], [high - mean]],
                color=colour,
                marker=plots.MARKERS[place],
                capsize=3,
                label=None if at else method.replace("_", " "),
            )
    kinds = (
        "nobody lies",
        "mean of the\nheld out",
        "worst of the\nheld out",
        "trained on\nthis host",
    )
    axes.set_xticks(range(len(kinds)), kinds)
    axes.set_ylim(0, 1.03 * config.max_cycles)
    axes.grid(axis="x", visible=False)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return plots.png(figure)
