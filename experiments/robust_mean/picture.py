"""The picture: errors over d, one panel for each shape of corruption."""

from collections.abc import Mapping, Sequence

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.robust_mean.config import RobustMeanConfig


def picture(
    config: RobustMeanConfig, errors_by_shape: Mapping[str, Floats], rules: Sequence[str]
) -> bytes:
    """Draw errors (R, D, rules) over d, of the rules that come first."""
    count = len(errors_by_shape)
    figure, (panels,) = plots.panels(1, count, size=(2.9 * count, 3.9), sharex=True, sharey=True)
    d = np.array(config.dimensions)
    for axes, (shape, errors) in zip(panels, errors_by_shape.items(), strict=True):
        for place, rule in enumerate(rules):
            plots.curve(axes, d, errors[..., place], rule)
        axes.plot(d, 0.15 * np.sqrt(d), ":", color="black", marker="", label="0.15 √d")
        axes.set_title(shape.replace("_", " "))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(d, [str(value) for value in config.dimensions])
        axes.minorticks_off()
        axes.set_xlabel("d")
    panels[0].set_ylabel("distance from the true mean,\nin honest standard deviations")
    plots.legend(figure, panels[:1], loc="outside lower center", ncols=7, fontsize=None)
    return plots.png(figure)
