"""Runs both problems with every server under every attack, then judges."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.findings import means_over_seeds, over_seeds
from rallypoint.experiments.kardam import SOURCE, picture
from rallypoint.experiments.kardam.config import KardamConfig
from rallypoint.experiments.kardam.contestants import (
    ATTACKS,
    UNDER_ATTACK,
    Condition,
    conditions,
)
from rallypoint.experiments.kardam.policies import learn
from rallypoint.experiments.kardam.quadratic import descend

KEEPS = 0.8  # of the return without liars, to count as learning
Results = Mapping[Condition, list[dict[str, Any]]]  # seed by seed


def run(config: KardamConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield rows as they are measured, then what is claimed of them."""
    rivals = list(conditions(config))
    convex: dict[Condition, list[dict[str, Any]]] = {rival: [] for rival in rivals}
    with progress("quadratic", len(seeds) * len(rivals)) as advance:
        for rival in rivals:
            for seed in seeds:
                found = descend(config, rival, seed)
                convex[rival].append(found)
                yield Row({"problem": "quadratic", "seed": seed, **_of(rival), **found})
                advance()
    yield from _metrics("quadratic", convex)
    for n, f in zip(config.contributors, config.liars, strict=True):
        yield from _judge_quadratic(convex, n, f)
    learned: dict[Condition, list[dict[str, Any]]] = {rival: [] for rival in rivals}
    for n in config.contributors:
        for rate, is_buffered in ((config.policy_rate, False), (config.buffer_rate, True)):
            group = [r for r in rivals if r.n == n and (r.server == "buffered") == is_buffered]
            for seed, rival, found in learn(config, group, seeds, progress, rate=rate):
                learned[rival].append(found)
                yield Row({"problem": "policy gradients", "seed": seed, **_of(rival), **found})
    yield from _metrics("policies", learned)
    for n, f in zip(config.contributors, config.liars, strict=True):
        yield from _judge_policies(learned, n, f)
        curves = {
            (rival.server, rival.attack): np.array([one["curve"] for one in found], dtype=float)
            for rival, found in learned.items()
            if rival.n == n
        }
        yield File(f"policies-{n}.png", picture.curves(config, n, f, curves))


def _of(rival: Condition) -> dict[str, Any]:
    return {"server": rival.server, "attack": rival.attack, "n": rival.n, "f": rival.f}


def _metrics(problem: str, results: Results) -> Iterator[Metric]:
    """Tell of every condition what became of gradients, in the mean over seeds."""
    for rival, found in results.items():
        names = [name for name in found[0] if name not in ("curve", "reached")]
        yield Metric(f"{problem}/{rival.label}", means_over_seeds(found, names))


def _values(results: Results, server: str, attack: str, n: int, name: str) -> Floats:
    """Return what was measured of a condition, seed by seed; NaN where there is nothing."""
    for rival, found in results.items():
        if (rival.server, rival.attack, rival.n) == (server, attack, n):
            return over_seeds(found, name)
    raise KeyError(server)


def _judge_quadratic(found: Results, n: int, f: int) -> Iterator[Claim]:
    yield claim_over_seeds(
        f"kardam/quadratic/published-refuses/n={n}",
        _values(found, "published", "none", n, "honest_refused"),
        statement=f"on a quadratic, with delays and n = {n} contributors of whom nobody lies, the "
        "published filters refuse at least 90 % of gradients: differences over several versions "
        "are divided by the length of one step",
        source=SOURCE,
        expected=">= 0.9",
    )
    yield claim_over_seeds(
        f"kardam/quadratic/version-distance-refuses/n={n}",
        _values(found, "version distance", "none", n, "honest_refused_lipschitz"),
        statement=f"divided by the distance of the versions used, n = {n}, the Lipschitz filter "
        "refuses at most 10 % of gradients if nobody lies",
        source=SOURCE,
        expected="<= 0.1",
    )
    yield claim_over_seeds(
        f"kardam/quadratic/frequency-refuses/n={n}",
        _values(found, "frequency only", "none", n, "honest_refused_frequency"),
        statement=f"the frequency filter alone refuses at least 40 % of gradients if nobody lies "
        f"and all n = {n} come equally often",
        source=SOURCE,
        expected=">= 0.4",
    )
    for per, what in (("gradients", "computed gradient"), ("applied", "applied update")):
        taken = _reached(found, "version distance", "none", n, per)
        bare = _reached(found, "unfiltered", "none", n, per)
        yield claim_over_seeds(
            f"kardam/quadratic/slowdown-per-{what.replace(' ', '-')}/n={n}",
            taken / bare - 1,
            statement=f"filtered by version distance, descent takes fewer than f/n = {f}/{n} more "
            f"steps per {what} than unfiltered, if nobody lies",
            source=SOURCE,
            expected=f"< {f / n:.4f}",
            documented_limit=per == "gradients",
        )
    for attack in ATTACKS:
        if attack != "none":
            yield claim_over_seeds(
                f"kardam/quadratic/buffered-reaches/n={n}/{attack.replace(' ', '-')}",
                _values(found, "buffered", attack, n, "reached"),
                statement=f"a robust rule over a buffer comes near the minimum although {f} of "
                f"{n} contributors send {attack}",
                source=SOURCE,
                expected=">= 1 on every seed",
            )


def _reached(found: Results, server: str, attack: str, n: int, name: str) -> Floats:
    """Return how much it took to come near the minimum; NaN where it did not."""
    reached = _values(found, server, attack, n, "reached").astype(bool)
    return np.where(reached, _values(found, server, attack, n, name), np.nan)


def _judge_policies(found: Results, n: int, f: int) -> Iterator[Claim]:
    bare = _values(found, "unfiltered", "none", n, "return")
    yield claim_over_seeds(
        f"kardam/policies/unfiltered-learns/n={n}",
        bare,
        statement=f"on CartPole, asynchronous policy gradients of n = {n} learn if nobody lies and "
        "nothing is filtered: return of the last tenth",
        source=SOURCE,
        expected=">= 400",
    )
    yield claim_over_seeds(
        f"kardam/policies/published-does-not-learn/n={n}",
        _values(found, "published", "none", n, "return") / bare,
        statement=f"with the published filters, n = {n} and nobody lying, at most half of that "
        "return is reached: gradients of policies are not smooth in their parameters",
        source=SOURCE,
        expected="<= 0.5",
    )
    for attack in ATTACKS:
        name = attack.replace(" ", "-")
        lied_to = f"with {f} of {n} sending {attack}" if attack != "none" else "if nobody lies"
        yield claim_over_seeds(
            f"kardam/policies/buffered-learns/n={n}/{name}",
            _values(found, "buffered", attack, n, "return") / bare,
            statement="a robust rule over a buffer of the last update of each contributor keeps "
            f"{KEEPS:.0%} of the unfiltered, unattacked return {lied_to}, for as many gradients",
            source=SOURCE,
            expected=f">= {KEEPS}",
        )
        if attack == "none":
            continue
        best = np.max(
            [
                _values(found, server, attack, n, "return")
                for server in UNDER_ATTACK
                if server != "buffered"
            ],
            axis=0,
        )
        yield claim_over_seeds(
            f"kardam/policies/no-filter-learns/n={n}/{name}",
            best / bare,
            statement=f"{lied_to}, no server that judges gradients one by one, filtered or not, "
            f"keeps {KEEPS:.0%} of the return, not even the best of them on each seed",
            source=SOURCE,
            expected=f"< {KEEPS}",
        )
