"""The picture: what is certified beside what is played, over the number of crashed neurons."""

from collections.abc import Mapping

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.neuron_faults.config import NeuronFaultsConfig


def picture(
    config: NeuronFaultsConfig, shares: Mapping[str, Floats], returns: Mapping[str, Floats]
) -> bytes:
    """Draw certified shares and returns, (R, faults) by label, over the number of faults."""
    figure, ((left, right),) = plots.panels(1, 2, size=(8.6, 3.9), sharex=True, sharey=True)
    faults = np.array(config.faults)
    for axes, curves in ((left, shares), (right, returns)):
        for label, found in curves.items():
            plots.curve(axes, faults, found, label)
        axes.set_xscale("symlog", base=2, linthresh=1)
        axes.set_xticks(faults, [str(value) for value in faults])
        axes.minorticks_off()
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlabel(f"neurons that fail, of {config.neurons} (times their copies)")
        axes.legend(fontsize="small")
    left.set_title("visited states that are certified")
    right.set_title("return, as a share of 500 steps")
    return plots.png(figure)
