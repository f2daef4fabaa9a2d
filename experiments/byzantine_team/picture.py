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
    size = (max(7.5, 3.4 * len(config.liars) + 1), 4.2)
    figure, (panels,) = plots.panels(1, len(config.liars), size=size, sharey=True)
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
    plots.legend(figure, panels[:1], loc="outside lower center", ncols=len(config.attacks))
    return plots.png(figure)
