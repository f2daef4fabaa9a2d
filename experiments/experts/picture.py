"""The picture: learning curves, one panel for each way to lie."""

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.experts.colluders import WAYS
from rallypoint.experiments.experts.config import ExpertsConfig
from rallypoint.experiments.experts.defences import ALL

_LINES = ("-", "--")  # colours come round a second time
_COLOURS = len(plots.COLOURS)


def picture(config: ExpertsConfig, curves: Floats) -> bytes:
    """Draw accuracies (defences, ways, R, rounds) over rounds."""
    size = (3.4 * len(WAYS), 4.6)
    figure, (panels,) = plots.panels(1, len(WAYS), size=size, sharex=True, sharey=True)
    shown = [*range(4, config.rounds, 5)]
    for column, (axes, way) in enumerate(zip(panels, WAYS, strict=True)):
        for place, name in enumerate(ALL):
            found = curves[place, column][:, shown]
            plots.curve(axes, [round_ + 1 for round_ in shown], found, name, every=5)
            axes.get_lines()[-1].set_linestyle(_LINES[place // _COLOURS])
        if way == "mimic, then flip":
            axes.axvline(config.flip, color="black", linestyle=":", linewidth=1)
        axes.set_title(way)
        axes.set_xlabel("round")
        axes.set_ylim(-0.03, 1.03)
    panels[0].set_ylabel("test accuracy")
    plots.legend(figure, panels[:1], loc="outside lower center", ncols=4, fontsize=None)
    return plots.png(figure)
