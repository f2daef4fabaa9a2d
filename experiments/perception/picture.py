"""The pictures: what each attack leaves, and what each training wins back."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.perception.study import Found
from rallypoint.experiments.perception.tasks import Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def attacks(task: Task, epsilons: Sequence[float], found: Found) -> bytes:
    """Draw what the median agent is worth under each attack, over the size of lies."""
    units = ", in units of 1 m, 1 m/s, 0.1 rad and 1 rad/s" if task.name == "cartpole" else ""
    figure, axes = plots.new_figure(
        f"The median agent on {task.name}, by attack",
        f"largest lie (l_inf{units})",
        task.counted,
        size=(8.4, 4.6),
    )
    sizes = sorted(epsilons)
    kinds = dict.fromkeys(kind for kind, size in found.attacked if size in sizes)
    at = [0.0, *sizes]
    for place, kind in enumerate(kinds):
        medians = [float(np.median(found.attacked[kind, size])) for size in sizes]
        line = "-" if place < len(plots.COLOURS) else "--"
        axes.plot(at, [float(np.median(found.clean)), *medians], line, label=kind)
    worst = [found.clean, *(found.worst(size) for size in sizes)]
    middle = [float(np.median(of)) for of in worst]
    axes.plot(at, middle, color="black", linewidth=3, alpha=0.5, marker="", label="strongest")
    low, high = np.transpose([np.quantile(of, [0.25, 0.75]) for of in worst])
    axes.fill_between(at, low, high, color="black", alpha=0.12, linewidth=0)
    axes.set_ylim(0, 1.03 * task.best)
    _legend_beside(axes)
    return plots.png(figure)


def defences(task: Task, epsilon: float, by_way: Mapping[str, tuple[Floats, Floats]]) -> bytes:
    """Draw what each training is worth, unharmed and under the strongest attack, agent by agent."""
    figure, axes = plots.new_figure(
        f"Agents on {task.name}, trained to stand lies of {epsilon:g}",
        "training",
        task.counted,
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
    axes.set_ylim(0, 1.03 * task.best)
    _legend_beside(axes)
    return plots.png(figure)


def _legend_beside(axes: "Axes") -> None:
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
