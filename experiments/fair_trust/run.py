"""Who is thrown out before and after scores are equalised, and who claims the bonus."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.fair_trust import SOURCE
from rallypoint.experiments.fair_trust.config import FairTrustConfig
from rallypoint.experiments.fair_trust.measure import Judged, corrected, judged, rounds

_OURS = "ours, on trust before a threshold"


class _Found(NamedTuple):
    before: Judged
    after: Judged
    error: float  # the largest correction of anybody
    bonus: float  # the largest that somebody can claim


def run(config: FairTrustConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Calibrate, equalise and test, for every seed."""
    found = []
    with progress("trust, before and after", len(seeds)) as advance:
        for seed in seeds:
            found.append(_measured(config, seed))
            for when in ("before", "after"):
                of = getattr(found[-1], when)
                yield Row({"seed": seed, "equalised": when == "after", **of._asdict()})
            advance()
    yield from _judge(config, found)
    yield File("fair-trust.png", _picture(found))


def _measured(config: FairTrustConfig, seed: int) -> _Found:
    calibration, test = rounds(config, seed, "calibration"), rounds(config, seed, "test")
    equal = corrected(calibration)
    before = judged(config, calibration, test, np.zeros_like(equal.correction))
    after = judged(config, calibration, test, equal.correction)
    return _Found(before, after, equal.error, float(equal.correction.max()))


def _judge(config: FairTrustConfig, found: list[_Found]) -> Iterator[Finding]:
    def over(value: str, when: str) -> Floats:
        return np.array([getattr(getattr(one, when), value) for one in found])

    for when in ("before", "after"):
        yield Metric(f"thrown-out/{when}", over("thrown_out", when).mean(axis=0).tolist())
        yield Metric(f"errors/{when}", over("errors", when).mean(axis=0).tolist())
        yield Metric(f"byzantine-pass/{when}", float(over("passes", when).mean()))
    yield claim_over_seeds(
        "fair_trust/gap/before",
        over("gap", "before"),
        statement=f"an honest minority whose updates are {config.offset:g} standard deviations "
        "away is thrown out more often than the majority: difference of the shares",
        source=SOURCE,
        expected=">= 0.3 on every seed",
    )
    yield claim_over_seeds(
        "fair_trust/gap/after",
        np.abs(over("gap", "after")),
        statement="with scores equalised by profile it is thrown out about as often: difference "
        "of the shares, either way",
        source=SOURCE,
        expected="<= 0.15 on every seed",
    )
    yield claim_over_seeds(
        "fair_trust/minority-error",
        over("errors", "before")[:, 1] - over("errors", "after")[:, 1],
        statement="the mean of who is trusted is nearer to the minority than before: by how much",
        source=_OURS,
        expected="> 0 on every seed",
    )
    yield claim_over_seeds(
        "fair_trust/bonus",
        [one.bonus / one.error for one in found],
        statement="nobody gains more by claiming another profile than the least individual error: "
        "largest bonus as a share of it",
        source=SOURCE,
        expected="<= 1.000001 on every seed",
    )
    yield claim_over_seeds(
        "fair_trust/fakers",
        over("fakers_pass", "after"),
        statement="the Byzantine that claim the minority's profile are thrown out all the same: "
        "share of them that passes",
        source=_OURS,
        expected="<= 0.1",
        documented_limit=True,
    )


def _picture(found: list[_Found]) -> bytes:
    figure, axes = plots.new_figure(
        "Who is thrown out, or passes", "", "share, each seed a dot", size=(6.8, 4.0)
    )
    bars: dict[str, Callable[[Judged], float]] = {
        "majority\nthrown out": lambda one: one.thrown_out[0],
        "minority\nthrown out": lambda one: one.thrown_out[1],
        "Byzantine\npass": lambda one: one.passes,
        "Byzantine pass\nwith a false profile": lambda one: one.fakers_pass,
    }
    for place, value in enumerate(bars.values()):
        for side, when in ((-0.15, "before"), (0.15, "after")):
            shares = [value(getattr(one, when)) for one in found]
            colour = plots.COLOURS[when == "after"]
            label = {"before": "as scored", "after": "equalised"}[when] if not place else None
            at = np.full(len(shares), place + side)
            axes.plot(at, shares, "o", color=colour, alpha=0.5, label=label)
    axes.set_xticks(range(len(bars)), list(bars))
    axes.set_ylim(-0.02, 1)
    axes.legend(loc="upper left", frameon=False)
    return plots.png(figure)
