"""What attacks do to policies, and what is found of them."""

from collections.abc import Mapping

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.backdoor.planted import OF_FEATURES

_MOST = 500.0  # return of an episode


def picture(by_form: Mapping[str, Floats], recalls: Mapping[str, Floats], clean: Floats) -> bytes:
    """Draw shares, one group of bars for each attack.

    Args:
        by_form: (R, 4) returns and obedience, poisoned and learned again.
        recalls: (R, detectors) by attack.
        clean: (R, 2) without an attack.
    """
    labels = (
        "return",
        "trigger obeyed",
        *(f"found by {name}" for name in OF_FEATURES),
        "return, learned again",
        "trigger obeyed, learned again",
    )
    figure, axes = plots.new_figure("One worker plants a backdoor", "", "share", size=(7.6, 4.2))
    width = 0.84 / len(labels)
    for place, form in enumerate(("no attack", *by_form)):
        if form == "no attack":
            bars = {0: clean[:, 0] / _MOST, 1: clean[:, 1]}
        else:
            of = by_form[form]
            shown = [of[:, 0] / _MOST, of[:, 1], *recalls[form].T, of[:, 2] / _MOST, of[:, 3]]
            bars = dict(enumerate(shown))
        for bar, values in bars.items():
            at = place + (bar - (len(labels) - 1) / 2) * width
            axes.bar(at, values.mean(), width, color=plots.COLOURS[bar])
            axes.plot(np.full(len(values), at), values, ".k", markersize=3, alpha=0.6)
    for bar, label in enumerate(labels):
        axes.bar(0, 0, color=plots.COLOURS[bar], label=label)
    axes.set_xticks(range(len(by_form) + 1), ["no attack", *by_form])
    axes.set_ylim(0, 1.05)
    axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.1))
    return plots.png(figure)
