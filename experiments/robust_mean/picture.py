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
    from matplotlib.figure import Figure

    with plots.style():
        figure = Figure(figsize=(2.9 * len(errors_by_shape), 3.9), layout="constrained")
        panels = figure.subplots(1, len(errors_by_shape), sharex=True, sharey=True, squeeze=False)
    d = np.array(config.dimensions)
    for axes, (shape, errors) in zip(panels.flat, errors_by_shape.items(), strict=True):
        for place, rule in enumerate(rules):
            plots.curve(axes, d, errors[..., place], rule)
        axes.plot(d, 0.15 * np.sqrt(d), ":", color="black", marker="", label="0.15 √d")
        axes.set_title(shape.replace("_", " "))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(d, [str(value) for value in config.dimensions])
        axes.minorticks_off()
        axes.set_xlabel("d")
    panels.flat[0].set_ylabel("distance from the true mean,\nin honest standard deviations")
    with plots.style():
        figure.legend(
            *panels.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=7
        )
    return plots.png(figure)
