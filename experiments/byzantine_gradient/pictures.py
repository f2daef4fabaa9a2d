"""The pictures: what every rule keeps under every attack, and how it was learned."""

from collections.abc import Sequence

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.byzantine_gradient.judging import Table, by_seed, worst_attack
from rallypoint.experiments.byzantine_gradient.outcome import Outcome
from rallypoint.experiments.byzantine_gradient.setting import Setting
from rallypoint.scores import iqm

_ACROSS = 4  # small pictures in a row
_POINTS = 16  # of a curve: an interval each takes its time
_DARK = 0.6  # shares below this are drawn dark


def heat_map(setting: Setting, table: Table) -> bytes:
    """Draw the interquartile mean under each attack, below it the worst seed; framed: the worst."""
    rules, attacks = list(table), list(next(iter(table.values())))
    found = np.array(
        [[float(iqm(by_seed(table[rule][attack]))) for attack in attacks] for rule in rules]
    )
    least = np.array([[by_seed(table[rule][attack]).min() for attack in attacks] for rule in rules])
    figure, axes = plots.new_figure(
        f"{setting.name}: return (worst seed)",
        "attack; framed: the worst for the rule",
        "",
        size=(0.85 * len(attacks) + 2.4, 0.5 * len(rules) + 1.6),
    )
    axes.imshow(found, vmin=0, vmax=500, cmap="cividis", aspect="auto")
    for row, rule in enumerate(rules):
        framed = attacks.index(worst_attack(table[rule]))
        for column in range(len(attacks)):
            colour = "black" if found[row, column] > _DARK * 500 else "white"
            text = f"{found[row, column]:.0f}\n({least[row, column]:.0f})"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=7)
        x, y = np.array([0, 1, 1, 0, 0]) + framed - 0.5, np.array([0, 0, 1, 1, 0]) + row - 0.5
        axes.plot(x, y, color="#D55E00", linewidth=2, marker="", clip_on=False)
    axes.set_xticks(range(len(attacks)), attacks, rotation=35, ha="right")
    axes.set_yticks(range(len(rules)), rules)
    axes.grid(visible=False)
    return plots.png(figure)


def curves(setting: Setting, table: Table) -> bytes:
    """Draw how each rule learns, unattacked and under its worst attack, episode by episode."""
    rows = -(-len(table) // _ACROSS)
    size = (2.5 * _ACROSS, 2.0 * rows + 0.5)
    figure, panels = plots.panels(rows, _ACROSS, size=size, sharex=True, sharey=True)
    for axes in panels.flat[len(table) :]:
        axes.set_axis_off()
    for axes, (rule, of_rule) in zip(panels.flat, table.items(), strict=False):
        worst = worst_attack(of_rule)
        for attack in dict.fromkeys(("none", worst)):
            shown = _returns(of_rule[attack])
            points = np.unique(np.linspace(0, shown.shape[1] - 1, _POINTS).astype(int))
            played = setting.episodes * (1 + points)
            plots.curve(axes, played, shown[:, points], attack, every=_POINTS)
        axes.set_title(rule, fontsize=8)
        axes.tick_params(labelsize=7)
        axes.legend(fontsize=7, loc="upper left")
    figure.supxlabel("episodes of each contributor", fontsize=9)
    figure.supylabel(f"return, mean and 95 % interval; {setting.name}", fontsize=9)
    return plots.png(figure)


def _returns(outcomes: Sequence[Outcome]) -> Floats:
    """Return what was returned by round: (S, T), 0 where nobody's episode ended."""
    return np.array([[value or 0.0 for value in outcome.returns] for outcome in outcomes])
