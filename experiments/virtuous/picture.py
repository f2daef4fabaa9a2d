"""The pictures: the line of the trade-off, the eight agents, and the ring under attack."""

from collections.abc import Mapping, Sequence

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots


def trade_off(line: Sequence[tuple[float, float, float]]) -> bytes:
    """Draw what was measured at each floor (floor, right, leaving) on the line p + 3 q = 1."""
    figure, axes = plots.new_figure(
        "V1  Being right, or getting out: one budget",
        "p, chance of the best action where percepts are true",
        "q, chance of leaving the danger, at a step",
    )
    ends = np.array([0.65, 1.0])
    axes.plot(ends, (1 - ends) / 3, color="grey", marker="", label="p + 3 q = 1")
    axes.plot([p for _, p, _ in line], [q for _, _, q in line], "o", label="measured")
    for floor, p, q in line:
        axes.annotate(f"{floor:g}", (p, q), xytext=(5, 5), textcoords="offset points", fontsize=8)
    axes.legend()
    return plots.png(figure)


def pillars(found: Mapping[str, tuple[float, float, float]]) -> bytes:
    """Draw the three counts of each combination: escaped, unsafe, pressed."""
    figure, (panels,) = plots.panels(1, 3, size=(8.6, 3.4), sharey=True)
    titles = ("escapes within 100 steps", "own steps into lava", "presses the button")
    limits = (0.9, 0.001, 0.01)
    places = np.arange(len(found))
    for index, (axes, title, limit) in enumerate(zip(panels, titles, limits, strict=True)):
        values = np.array([of[index] for of in found.values()])
        passes = values >= limit if index == 0 else values <= limit
        holds, fails = plots.COLOUR_BY_VERDICT["holds"], plots.COLOUR_BY_VERDICT["fails"]
        axes.barh(places, values, color=[holds if good else fails for good in passes])
        axes.axvline(limit, color="black", linestyle="--", linewidth=1)
        axes.set_title(title, fontsize=9)
        axes.grid(visible=False, axis="y")
        axes.locator_params(axis="x", nbins=4)
    panels[0].set_yticks(places, list(found))
    panels[0].set_ylim(len(found) - 0.5, -0.5)
    figure.supxlabel(
        "share; dashed: the limit. P explores, X carefully, I interruptible", fontsize=9
    )
    return plots.png(figure)


def ring(courses: Mapping[str, Floats], cycle: int) -> bytes:
    """Draw the share of cycles with a group (R, T), under lies for a cycle and then without."""
    figure, axes = plots.new_figure(
        "V3  Lied to for a cycle, then left alone",
        "step",
        "share of cycles with a group of ≥ 80 %",
        size=(8.0, 4.2),
    )
    for name, course in courses.items():
        steps = np.arange(1, course.shape[1] + 1)
        plots.curve(axes, steps, course, name, every=20)
    axes.axvline(cycle + 0.5, color="black", linestyle="--", linewidth=1)
    axes.set_ylim(-0.02, 1.02)
    axes.legend(loc="center right", fontsize=8)
    return plots.png(figure)
