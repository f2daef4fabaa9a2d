"""The picture: every effect with its interval, those of one switch above those of two."""

from collections.abc import Sequence

from rallypoint.experiments import plots
from rallypoint.experiments.factorial.config import FactorialConfig
from rallypoint.experiments.factorial.effects import Effect, in_words


def picture(found: Sequence[Effect], names: Sequence[str], config: FactorialConfig) -> bytes:
    """Draw effects one below the other: mean, interval, and each seed."""
    unit = "logarithm of the return" if config.scale == "log" else "return"
    figure, axes = plots.new_figure(
        f"what goes wrong, alone and together\n{config.agent} in {config.env}",
        f"change of the {unit}; of two, beyond what they add up to",
        "",
        size=(7.2, 1.4 + 0.36 * len(found)),
    )
    for place, effect in enumerate(found):
        low, high = effect.interval
        shown = "#777777" if low <= 0 <= high else plots.COLOURS[len(effect.switches) - 1]
        axes.plot(effect.by_seed, [place + 0.18] * len(effect.by_seed), "|", color=shown, alpha=0.5)
        axes.plot([low, high], [place, place], "-", color=shown, marker="", linewidth=2)
        axes.plot(effect.by_seed.mean(), place, "o", color=shown, markersize=5)
    axes.axvline(0, color="black", linewidth=1)
    axes.set_yticks(
        range(len(found)),
        [in_words(effect.switches, names).replace("+", " × ") for effect in found],
    )
    axes.invert_yaxis()
    return plots.png(figure)
