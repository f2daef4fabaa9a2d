"""The picture: what each learner's law guarantees as it learns, and what it earns in a team."""

from collections.abc import Mapping

from rallypoint.draws import Floats
from rallypoint.experiments import plots


def picture(
    rounds: list[int], curves: Mapping[str, Floats], ends: Mapping[str, tuple[Floats, Floats]]
) -> bytes:
    """Draw guarantees (R, points) over rounds, and (together, guaranteed) of each seed."""
    figure, ((over_time, plane),) = plots.panels(1, 2, size=(9.6, 4.0))
    for name, found in curves.items():
        plots.curve(over_time, rounds, found, name, every=max(1, len(rounds) // 6))
    over_time.axhline(50, color="black", linestyle=":", linewidth=1)
    over_time.set_title("Against the worst partner")
    over_time.set_xlabel("round")
    over_time.set_ylabel("guaranteed return, exact")
    over_time.set_ylim(-2, 56)
    for name, (together, guaranteed) in ends.items():
        plane.plot(together, guaranteed, linestyle="", label=name, alpha=0.7)
    plane.axvline(100, color="black", linestyle=":", linewidth=1)
    plane.axhline(50, color="black", linestyle=":", linewidth=1)
    plane.set_title("In the end, each seed")
    plane.set_xlabel("return together")
    plane.set_ylabel("guaranteed return")
    plane.set_xlim(40, 103)
    plane.set_ylim(-2, 56)
    for axes in (over_time, plane):
        with plots.style():
            axes.legend(fontsize=8, loc="center right" if axes is over_time else "center")
    return plots.png(figure)
