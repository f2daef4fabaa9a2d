"""The picture: what is left of learning, one panel for each number of liars."""

from collections.abc import Mapping

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.byzantine_team.config import ByzantineTeamConfig
from rallypoint.experiments.byzantine_team.measure import Cell
from rallypoint.intervals import bootstrap


def picture(config: ByzantineTeamConfig, shares: Mapping[Cell, Floats]) -> bytes:
    """Draw the share of an honest team's gain that is left (R,), by rule and attack."""
    from matplotlib.figure import Figure

    with plots.style():
        figure = Figure(figsize=(max(7.5, 3.4 * len(config.liars) + 1), 4.2), layout="constrained")
        panels = figure.subplots(1, len(config.liars), sharey=True, squeeze=False)[0]
    places = np.arange(len(config.rules))
    for axes, f in zip(panels, config.liars, strict=True):
        for number, attack in enumerate(config.attacks):
            offset = (number - (len(config.attacks) - 1) / 2) * 0.13
            for place, rule in zip(places, config.rules, strict=True):
                found = shares[Cell(rule, attack, f)]
                if not np.isfinite(found).all():
                    continue
                low, high = bootstrap(found)
                colour = plots.COLOURS[number % len(plots.COLOURS)]
                marker = plots.MARKERS[number % len(plots.MARKERS)]
                axes.plot([place + offset] * 2, [low, high], "-", color=colour, marker="")
                label = attack if rule == config.rules[0] else None
                at = place + offset
                axes.plot(at, found.mean(), marker, color=colour, markersize=4, label=label)
        axes.axhline(1, color="black", linestyle=":", linewidth=1)
        axes.axhline(0, color="black", linewidth=1)
        axes.set_xticks(places, config.rules, rotation=45, ha="right", fontsize=8)
        axes.set_title(f"{f} of {config.num_agents} lie")
    panels[0].set_ylabel("share of an honest team's gain")
    with plots.style():
        figure.legend(
            *panels[0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=len(config.attacks),
            fontsize=8,
        )
    return plots.png(figure)
