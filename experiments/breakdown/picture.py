"""The pictures: who holds up to how many liars, at a glance and rule by rule."""

from typing import TYPE_CHECKING

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.breakdown.config import BreakdownConfig
from rallypoint.experiments.breakdown.contestants import ATTACKS, Contestant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST, _MOST = 0.03, 1e3  # of errors that are told apart
_ACROSS = 5  # small pictures in a row


def heat_map(config: BreakdownConfig, d: int, rules: list[Contestant], found: Floats) -> bytes:
    """Draw the worst attack's error (R, F, rules, attacks) for each rule and number of liars."""
    from matplotlib.colors import LogNorm

    typical = np.median(np.nan_to_num(found), axis=0)  # (F, rules, attacks)
    worst = np.clip(typical.max(axis=-1), _LEAST, _MOST).T  # (rules, F)
    by_attack = typical.argmax(axis=-1).T
    figure, axes = plots.new_figure(
        f"Error under the worst attack on each rule, n = {config.contributors}, d = {d}",
        "f_real, how many lie; black bars end where the rule's bound does",
        "",
        size=(9.6, 0.32 * len(rules) + 1.4),
    )
    picture = axes.imshow(worst, norm=LogNorm(_LEAST, _MOST), cmap="cividis", aspect="auto")
    bar = figure.colorbar(picture, ax=axes, fraction=0.03, pad=0.16)
    bar.set_label("honest standard deviations")
    labels, last = list(ATTACKS), len(config.liars) - 1
    for row, rule in enumerate(rules):
        for column, error in enumerate(worst[row]):
            colour = "black" if error > 3 else "white"
            text = _in_short(error)
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=7)
        end = sum(f_real <= rule.most for f_real in config.liars) - 0.5
        axes.plot((end, end), (row - 0.5, row + 0.5), color="black", linewidth=3, marker="")
        if rule.most:
            label = labels[by_attack[row, int(end)]]
            axes.text(last + 0.6, row, label, va="center", fontsize=7)
    axes.text(last + 0.6, len(rules), "worst at the bound", va="center", fontsize=7)
    axes.set_xticks(range(len(config.liars)), [str(f_real) for f_real in config.liars])
    axes.set_yticks(range(len(rules)), [rule.name for rule in rules])
    axes.grid(visible=False)
    return plots.png(figure)


def _in_short(error: float) -> str:
    if error <= _LEAST:
        return "0"
    return f"≥ {_MOST:g}" if error >= _MOST else f"{error:.3g}" if error > 10 else f"{error:.2g}"


def curves(config: BreakdownConfig, d: int, rules: list[Contestant], found: Floats) -> bytes:
    """Draw errors (R, F, rules, attacks) over the number of liars, one small picture per rule."""
    rows = -(-len(rules) // _ACROSS)
    size = (2.1 * _ACROSS, 1.7 * rows + 0.6)
    figure, panels = plots.panels(rows, _ACROSS, size=size, sharex=True, sharey=True)
    shown = np.clip(np.nan_to_num(found), _LEAST, _MOST)
    for place, axes in enumerate(panels.flat):
        if place >= len(rules):
            axes.set_axis_off()
            continue
        _small(axes, config, rules[place], shown[:, :, place])
    plots.legend(figure, panels.flat)  # the first rule may have no constant
    figure.supxlabel(f"f_real, how many of {config.contributors} lie; d = {d}", fontsize=9)
    figure.supylabel("error, in honest standard deviations", fontsize=9)
    return plots.png(figure)


def _small(axes: "Axes", config: BreakdownConfig, rule: Contestant, shown: Floats) -> None:
    plots.curve(axes, config.liars, shown.max(axis=-1), "worst attack, 95 % interval")
    plots.curve(axes, config.liars, np.median(shown, axis=-1), "median attack")
    n = config.contributors
    honest = [1 / np.sqrt(n - f_real) for f_real in config.liars]
    axes.plot(config.liars, honest, ":", color="grey", marker="", label="honest standard error")
    if rule.is_bounded:
        axes.axvline(rule.most + 0.5, color="black", linestyle="--", linewidth=1, label="bound")
        told = [f for f in config.liars if 1 <= f <= rule.most]
        bounds = [kappa for f in told if (kappa := rule.kappa(n, f)) is not None]
        if bounds:
            root = np.sqrt(bounds)
            axes.plot(
                told, root, color="black", marker="", linewidth=1, label="square root of kappa"
            )
    axes.set_yscale("log")
    axes.set_title(rule.name, fontsize=8)
    axes.tick_params(labelsize=7)
