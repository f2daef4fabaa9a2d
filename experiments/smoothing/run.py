"""Certifies smoothed policies, and attacks the same ones within the same budgets."""

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Receipts, Row
from rallypoint.experiments.kept import Kept
from rallypoint.experiments.smoothing import ACTION, RETURN, VALUES
from rallypoint.experiments.smoothing.attacks import ATTACKS, upper_limit
from rallypoint.experiments.smoothing.config import SmoothingConfig
from rallypoint.experiments.smoothing.one_by_one import NEAR, visited
from rallypoint.experiments.smoothing.picture import picture
from rallypoint.experiments.smoothing.pieces import Pieces
from rallypoint.experiments.smoothing.policies import STEPS
from rallypoint.safety.certificates.smoothed_return import certified_return


class Curves(NamedTuple):
    """What was measured under one noise, on R seeds, over the budgets."""

    bounds: Floats  # (R, budgets) certified returns
    left: Floats  # (R, attacks, budgets) mean returns under attack; the first budget is none
    limits: Floats  # likewise, upper confidence limits of these means
    clean: Floats  # (R,) mean returns without an attack

    @classmethod
    def empty(cls, config: SmoothingConfig, runs: int) -> "Curves":
        """Return curves to be filled in."""
        shape = (runs, len(ATTACKS), len(config.budgets))
        bounds = np.empty((runs, len(config.budgets)))
        return cls(bounds, np.empty(shape), np.empty(shape), np.empty(runs))

    def of(self, place: int) -> "Curves":
        """Return those of one seed, R = 1, as views."""
        return Curves(*(part[place : place + 1] for part in self))


def run(config: SmoothingConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield rows as they are measured, then what is claimed of them."""
    curves = {sigma: Curves.empty(config, len(seeds)) for sigma in config.sigmas}
    shares = np.empty((len(seeds), len(config.noises), 2))
    changed = np.zeros(len(seeds))
    games = len(ATTACKS) * (len(config.budgets) - 1)
    work = len(seeds) * (len(config.sigmas) * (config.rounds + games + 1) + len(config.noises))
    kept = Kept(config.kept)
    with progress("certifying and attacking", work) as advance:
        for place, seed in enumerate(seeds):
            for sigma in config.sigmas:
                pieces = Pieces(config, kept, sigma=sigma, seed=seed, advance=advance)
                mine = curves[sigma].of(place)
                yield from _certify(config, pieces, mine)
                advance()
                for finding in _attack(config, pieces, mine):
                    yield finding
                    if isinstance(finding, Receipts):
                        advance()
            states = visited(pieces.policy, sigma, config.states, seed)
            for at, noise in enumerate(config.noises):
                one = pieces.one_by_one(states, noise)
                shares[place, at] = (one.radii > NEAR).mean(), (one.radii_of_values > NEAR).mean()
                changed[place] += one.changed
                advance()
    for sigma, found in curves.items():
        yield from _judge(config, sigma, found)
    yield from _judge_actions(shares, changed)
    yield File("smoothing.png", picture(config, curves, shares))


def _certify(config: SmoothingConfig, pieces: Pieces, curves: Curves) -> Iterator[Row]:
    """Play episodes under noise, and fill in what they certify."""
    sigma = pieces.sigma
    paid, seconds = pieces.paid()
    begun = time.process_time()
    certificate = certified_return(
        paid, thresholds=range(1, STEPS + 1), lowest=0.0, sigma=sigma, alpha=config.alpha
    )
    seconds += time.process_time() - begun
    curves.bounds[0] = [certificate.expected(budget * sigma) for budget in config.budgets]
    curves.clean[0] = curves.left[0, :, 0] = paid.mean()
    curves.limits[0, :, 0] = upper_limit(paid, config.alpha)
    clean = float(paid.mean())
    yield Row({"sigma": sigma, "seed": pieces.seed, "clean": clean, "seconds": seconds})


def _attack(config: SmoothingConfig, pieces: Pieces, curves: Curves) -> Iterator[Receipts | Row]:
    """Attack the same policy in every way within every budget, and fill in what is left."""
    sigma, seed = pieces.sigma, pieces.seed
    for at, budget in enumerate(config.budgets[1:], start=1):
        for w, name in enumerate(ATTACKS):
            paid, receipts = pieces.attacked(name, budget)
            left = curves.left[0, w, at] = float(paid.mean())
            curves.limits[0, w, at] = upper_limit(paid, config.alpha)
            told = {"sigma": sigma, "seed": seed, "budget": budget, "attack": name}
            yield Row(told | {"left": left, "certified": float(curves.bounds[0, at])})
            yield receipts


def _judge(config: SmoothingConfig, sigma: float, curves: Curves) -> Iterator[Finding]:
    bounds, left, limits, clean = curves
    strongest = left.min(axis=1)  # (R, budgets)
    limit = np.take_along_axis(limits, left.argmin(axis=1)[:, None], axis=1)[:, 0]
    words = f"what the strongest of {len(ATTACKS)} attacks leaves, at any budget of theirs"
    # Without a budget nobody attacks, and the certificate lies below the limit by its slack alone.
    yield claim_over_seeds(
        f"smoothing/crossing/{sigma:g}",
        (bounds - limit)[:, 1:].max(axis=1),
        statement=f"what is certified under noise of {sigma:g} never crosses the upper confidence "
        f"limit of {words}: return, certified beyond that",
        source=RETURN,
        expected="<= 0 on every seed",
    )
    # That limit has much slack where episodes are few; a certificate far too high would pass.
    yield claim_over_seeds(
        f"smoothing/below/{sigma:g}",
        (bounds - strongest)[:, 1:].max(axis=1),
        statement=f"nor, under noise of {sigma:g}, the mean itself of {words}: return, certified "
        "beyond that",
        source=RETURN,
        expected="<= 0 on every seed",
    )
    yield claim_over_seeds(
        f"smoothing/clean/{sigma:g}",
        bounds[:, 0] / clean,
        statement=f"without an attack {config.certified} episodes certify nearly all of the return "
        f"under noise of {sigma:g}: share of it",
        source=RETURN,
        expected=">= 0.95",
    )
    by_budget = zip(config.budgets, bounds.mean(axis=0), strict=True)
    yield Metric(f"{sigma:g}/certified", {f"{b:g}": float(v) for b, v in by_budget})
    for place, name in enumerate(ATTACKS):
        means = zip(config.budgets, left[:, place].mean(axis=0), strict=True)
        yield Metric(
            f"{sigma:g}/{name.replace(', ', '-').replace(' ', '-')}",
            {f"{b:g}": float(v) for b, v in means},
        )
    yield Metric(f"{sigma:g}/room", (strongest - bounds).mean(axis=0).tolist())


def _judge_actions(shares: Floats, changed: Floats) -> Iterator[Claim]:
    yield claim_over_seeds(
        "smoothing/action/kept",
        changed,
        statement="no lie within its radius surely changes a certified action: states and lies in "
        "which one does",
        source=ACTION,
        expected="<= 0 on every seed",
    )
    for place, name, source in ((0, "counts", ACTION), (1, "values", VALUES)):
        found = shares[..., place]
        ends = np.maximum(found[:, 0], found[:, -1])
        yield claim_over_seeds(
            f"smoothing/action/{name}",
            found[:, 1:-1].max(axis=1) - ends,
            statement=f"some noise certifies more actions within {NEAR:g} than both the least and "
            f"the most ({name}): share of visited states",
            source=source,
            expected="> 0",
        )
