"""The pictures: what each attack leaves, and what each training wins back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.perception.config import PerceptionConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def attacks(
    config: PerceptionConfig,
    clean: Floats,
    found: Mapping[tuple[str, float], Floats],
    strongest: Mapping[float, Floats],
) -> bytes:
    """Draw the median agent's return under each attack, over the size of lies."""
    figure, axes = plots.new_figure(
        "Return of the median agent, by attack",
        "largest lie (l_inf, in units of 1 m, 1 m/s, 0.1 rad and 1 rad/s)",
        "return, of 500",
        size=(8.4, 4.6),
    )
    sizes = sorted(config.epsilons)
    kinds = dict.fromkeys(kind for kind, _ in found)
    at = [0.0, *sizes]
    for place, kind in enumerate(kinds):
        medians = [float(np.median(found[kind, size])) for size in sizes]
        line = "-" if place < len(plots.COLOURS) else "--"
        axes.plot(at, [float(np.median(clean)), *medians], line, label=kind)
    worst = [clean, *(strongest[size] for size in sizes)]
    middle = [float(np.median(of)) for of in worst]
    axes.plot(at, middle, color="black", linewidth=3, alpha=0.5, marker="", label="strongest")
    low, high = np.transpose([np.quantile(of, [0.25, 0.75]) for of in worst])
    axes.fill_between(at, low, high, color="black", alpha=0.12, linewidth=0)
    axes.set_ylim(0, 515)
    _legend_beside(axes)
    return plots.png(figure)


def defences(config: PerceptionConfig, by_way: Mapping[str, tuple[Floats, Floats]]) -> bytes:
    """Draw what each training returns, unharmed and under the strongest attack, agent by agent."""
    figure, axes = plots.new_figure(
        f"Agents trained to stand lies of {config.defended_at:g}",
        "training",
        "return, of 500",
        size=(7.6, 4.2),
    )
    for place, (clean, worst) in enumerate(by_way.values()):
        for offset, values, colour in ((-0.15, clean, 0), (0.15, worst, 1)):
            x = np.full(len(values), place + offset)
            axes.plot(x, values, "o", color=plots.COLOURS[colour], alpha=0.45, markersize=5)
            axes.plot(
                (place + offset - 0.12, place + offset + 0.12),
                (np.median(values),) * 2,
                color=plots.COLOURS[colour],
                marker="",
                linewidth=3,
            )
    axes.plot([], [], "o", color=plots.COLOURS[0], label="nobody lies")
    axes.plot([], [], "o", color=plots.COLOURS[1], label="strongest attack")
    axes.set_xticks(range(len(by_way)), list(by_way))
    axes.set_ylim(0, 515)
    _legend_beside(axes)
    return plots.png(figure)


def _legend_beside(axes: "Axes") -> None:
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
