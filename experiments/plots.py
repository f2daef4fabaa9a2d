"""How plots look, so that all of them look alike; matplotlib is imported when one is drawn."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rallypoint.claims import Claim
from rallypoint.intervals import bootstrap

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008): told apart by colour-blind readers, and in print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
COLOUR_BY_VERDICT = {"holds": "#009E73", "fails": "#D55E00", "undecided": "#777777"}
_STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "savefig.dpi": 150,
    "svg.hashsalt": "rallypoint",
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style while this is open."""
    import matplotlib as mpl
    from cycler import cycler

    cycle = cycler(color=COLOURS) + cycler(marker=MARKERS)
    settings: Any = {**_STYLE, "axes.prop_cycle": cycle}
    with mpl.rc_context(settings):
        yield


def new_figure(
    title: str, x: str, y: str, *, size: tuple[float, float] = (6.4, 4.0)
) -> "tuple[Figure, Axes]":
    """Make a figure with one pair of axes; x and y are labels, units included."""
    figure, ((axes,),) = panels(1, 1, size=size)
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes


def panels(
    rows: int, columns: int, *, size: tuple[float, float], **shared: Any
) -> "tuple[Figure, NDArray[Any]]":
    """Make a figure with axes (rows, columns), of which some are shared: ``sharex``, ``sharey``."""
    from matplotlib.figure import Figure  # not pyplot, which keeps figures alive

    with style():
        figure = Figure(figsize=size, layout="constrained")
        return figure, figure.subplots(rows, columns, squeeze=False, **shared)


def legend(figure: "Figure", shown: "Iterable[Axes]", **where: Any) -> None:
    """Explain once, beside the panels, what is drawn in them: each label by its first line."""
    handles: dict[str, Artist] = {}
    for axes in shown:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    usual = {"loc": "outside upper center", "ncols": len(handles), "fontsize": 8}
    placed: dict[str, Any] = usual | where
    with style():
        figure.legend(list(handles.values()), list(handles), **placed)


def curve(axes: "Axes", x: ArrayLike, values: ArrayLike, label: str, *, every: int = 1) -> None:
    """Draw the mean over seeds of values (seeds, points), with its 95 % interval as a band."""
    found = np.asarray(values, dtype=np.float64)
    places = np.asarray(x)
    lows, highs = np.transpose([bootstrap(found[:, i]) for i in range(found.shape[1])])
    (line,) = axes.plot(places, found.mean(axis=0), label=label, markevery=every, markersize=4)
    axes.fill_between(places, lows, highs, alpha=0.2, linewidth=0, color=line.get_color())


def conditions(
    axes: "Axes", claims: Sequence[Claim], values_by_id: Mapping[str, ArrayLike] | None = None
) -> None:
    """Draw claims one below the other: measured, interval, each seed, and the threshold."""
    names = [claim.id.partition("/")[2] or claim.id for claim in claims]
    for place, claim in enumerate(claims):
        colour = COLOUR_BY_VERDICT[claim.verdict]
        seeds = np.ravel(np.asarray((values_by_id or {}).get(claim.id, [])))
        axes.plot(seeds, np.full(len(seeds), place), ".", color="black", alpha=0.35, markersize=5)
        if claim.measured is not None and claim.interval is not None:
            axes.plot(claim.interval, (place, place), "-", marker="|", color=colour, linewidth=2)
            axes.plot(claim.measured, place, "o", color=colour)
        threshold = claim.expected.threshold
        axes.plot((threshold, threshold), (place - 0.4, place + 0.4), "--k", marker="", linewidth=1)
        axes.annotate(
            claim.verdict,
            (1.0, place),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            color=colour,
            va="center",
        )
    axes.set_yticks(range(len(claims)), names)
    axes.set_ylim(len(claims) - 0.5, -0.5)  # first claim on top
    axes.grid(visible=False, axis="y")


def png(figure: "Figure") -> bytes:
    """Return the picture's bytes: the same for the same figure, so that runs can be compared."""
    buffer = BytesIO()
    with style():
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
