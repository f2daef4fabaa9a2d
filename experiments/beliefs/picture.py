"""The picture: what teams earn as they learn, and in the end with and without somebody hostile."""

from collections.abc import Mapping

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.intervals import bootstrap


def picture(points: list[int], curves: Mapping[str, Floats], ends: Mapping[str, Floats]) -> bytes:
    """Draw returns (seeds, points) over rounds, and those in the end (seeds, 3) of each team."""
    figure, ((over_time, after),) = plots.panels(1, 2, size=(9.6, 4.0))
    for team, found in curves.items():
        plots.curve(over_time, points, found, team, every=max(1, len(points) // 6))
    over_time.set_title("Learning, as Nature draws")
    over_time.set_xlabel("round")
    over_time.set_ylabel("return of the sound in an episode")
    for place, (team, found) in enumerate(ends.items()):
        at = np.arange(3) + 0.18 * (place - 1.5)
        means = found.mean(axis=0)
        lows, highs = np.transpose([bootstrap(found[:, kind]) for kind in range(3)])
        after.errorbar(at, means, yerr=[means - lows, highs - means], linestyle="", label=team)
    after.set_xticks(range(3), ["as Nature draws", "nobody hostile", "somebody hostile"])
    after.set_title("Afterwards, mean and 95 % interval over seeds")
    for axes in (over_time, after):
        with plots.style():
            axes.legend(fontsize=8)
    return plots.png(figure)
