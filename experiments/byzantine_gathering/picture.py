"""The curves, one small picture for each attacker."""

from collections.abc import Mapping

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.byzantine_gathering.config import ByzantineGatheringConfig
from rallypoint.experiments.byzantine_gathering.measure import LEVEL
from rallypoint.experiments.byzantine_gathering.sides import ATTACKERS, DEFENCES

_SHARE = "share of the second half with\n80 % of the honest together"


def breakdown(config: ByzantineGatheringConfig, curves: Mapping[tuple[str, str], Floats]) -> bytes:
    """Draw in-group shares (R, F) over the number of liars."""
    figure, panels = plots.panels(2, 2, size=(8.4, 5.6), sharex=True, sharey=True)
    for axes, attacker in zip(panels.flat, ATTACKERS, strict=True):
        for name in DEFENCES:
            plots.curve(axes, range(config.most + 1), curves[attacker, name], name)
        axes.axhline(LEVEL, color="grey", linewidth=1, linestyle=":")
        axes.set_title(attacker)
        axes.set_ylim(-0.03, 1.05)
    plots.legend(figure, [axes], fontsize=None)
    figure.supxlabel(
        f"how many of {config.num_agents} lie, which the defence is told (bands: 95 % intervals)"
    )
    figure.supylabel(_SHARE)
    return plots.png(figure)


def declared(config: ByzantineGatheringConfig, found: Mapping[tuple[int, str], Floats]) -> bytes:
    """Draw in-group shares (R, declared) over the f that is trimmed."""
    figure, axes = plots.new_figure(
        "B1  What is trimmed, and who lies",
        "f that is declared",
        _SHARE,
    )
    for (f_real, name), curve in found.items():
        whom = "nobody lies" if f_real == 0 else f"{f_real} go to the anti-goal"
        plots.curve(axes, config.declared, curve, f"{name}, {whom}")
    axes.set_xticks(config.declared)
    axes.set_ylim(-0.03, 1.05)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return plots.png(figure)
