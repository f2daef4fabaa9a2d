"""The picture: certified and attacked returns over the budget, and certified actions over noise."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.smoothing.attacks import ATTACKS
from rallypoint.experiments.smoothing.config import SmoothingConfig
from rallypoint.experiments.smoothing.one_by_one import NEAR


class Curves(Protocol):
    """What was measured under one noise, on R seeds, over the budgets."""

    @property
    def bounds(self) -> Floats:
        """Certified returns: (R, budgets)."""
        ...

    @property
    def left(self) -> Floats:
        """Mean returns under attack: (R, attacks, budgets)."""
        ...


def picture(config: SmoothingConfig, curves: Mapping[float, Curves], shares: Floats) -> bytes:
    """Draw the curves by noise, and shares (R, noises, 2) of states with a certified action."""
    panels = len(config.sigmas) + 1
    figure, (axes,) = plots.panels(1, panels, size=(3.9 * panels, 3.9))
    budgets = np.array(config.budgets)
    for panel, sigma in zip(axes[:-1], config.sigmas, strict=True):
        for place, attack in enumerate(ATTACKS):
            plots.curve(panel, budgets, curves[sigma].left[:, place], attack)
        plots.curve(panel, budgets, curves[sigma].bounds, "certified")
        panel.set_title(f"noise {sigma:g}")
        panel.set_xlabel("l2 budget of an episode, in standard deviations")
        panel.set_xscale("symlog", base=2, linthresh=1)
        panel.set_xticks(budgets, [f"{budget:g}" for budget in config.budgets])
        panel.minorticks_off()
        panel.set_ylim(-10, 510)
    axes[0].set_ylabel("return")
    axes[0].legend(fontsize="x-small")
    for place, way in enumerate(("counts of actions", "averages of values")):
        plots.curve(axes[-1], np.array(config.noises), shares[..., place], way)
    axes[-1].set_xscale("log")
    axes[-1].set_title(f"visited states certified within {NEAR:g}")
    axes[-1].set_xlabel("standard deviation of the noise")
    axes[-1].set_ylim(-0.03, 1.03)
    axes[-1].legend(fontsize="small")
    return plots.png(figure)
