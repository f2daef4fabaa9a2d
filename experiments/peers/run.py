"""Trains all conditions side by side, seed by seed, then judges."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import File, Finding, Progress
from rallypoint.experiments.findings import noted, over_seeds, summed_up
from rallypoint.experiments.peers import SOURCE, picture
from rallypoint.experiments.peers.config import PeersConfig
from rallypoint.experiments.peers.contestants import LIES, conditions
from rallypoint.experiments.peers.measure import train

WITHIN = 0.9  # of the return with one trusted server
_LEARNERS = {
    "monna": "peers that step by themselves and mix parameters by MoNNA",
    "agreement": "peers that aggregate each other's updates and agree on parameters by MDA",
}
Results = Mapping[str, list[dict[str, Any]]]  # by condition, seed by seed


def run(config: PeersConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield rows as they are measured, then what is claimed of them."""
    numbered = list(conditions(config))
    found: dict[str, list[dict[str, Any]]] = {condition.name: [] for _, condition in numbered}
    with progress("rounds", len(seeds) * config.rounds) as advance:
        for seed in seeds:
            yield from noted(found, list(found), seed, train(config, numbered, seed, advance))
    means = ("return", "learnt", "before", "diameter")
    yield from summed_up(found, means, returns="return", all_learnt="learnt")
    yield from _judge(config, found)
    yield File("peers.png", picture.curves(config, found))


def _of(found: Results, name: str, what: str = "return") -> Floats:
    return over_seeds(found[name], what)


def _judge(config: PeersConfig, found: Results) -> Iterator[Claim]:
    trusted = _of(found, "one server")
    who = f"{config.f} of {config.peers}"
    yield claim_over_seeds(
        "peers/one-server-learns",
        trusted,
        statement=f"with one trusted server and nobody lying, CartPole is learned in "
        f"{config.rounds} rounds: return of the last tenth",
        source=SOURCE,
        expected=">= 400",
    )
    for arm, words in _LEARNERS.items():
        for lie in LIES:
            if (name := f"{arm}, {lie}") in found:
                lying = "nobody lies" if lie == "none" else f"{who} lie: {lie}"
                yield claim_over_seeds(
                    f"peers/{arm}-keeps/{lie}",
                    _of(found, name) / trusted,
                    statement=f"{words} keep 90 % of the return with one trusted server where "
                    f"{lying}",
                    source=SOURCE,
                    expected=f">= {WITHIN}",
                )
    for lie in LIES:
        if lie != "none" and (name := f"mean, {lie}") in found:
            yield claim_over_seeds(
                f"peers/mean-breaks/{lie}",
                _of(found, name) / trusted,
                statement=f"a mean of parameters does not keep 90 % where {who} lie: {lie}",
                source=SOURCE,
                expected=f"< {WITHIN}",
                documented_limit=lie == "equivocation",
            )
    yield claim_over_seeds(
        "peers/agreement-narrows/equivocation",
        _of(found, "agreement, equivocation", "diameter")
        / _of(found, "no agreement, equivocation", "diameter"),
        statement=f"where {who} tell each peer something else, agreement keeps the honest within a "
        "tenth of the diameter that they have without it",
        source=SOURCE,
        expected="<= 0.1",
    )
    yield claim_over_seeds(
        "peers/agreement-is-needed-for-return/equivocation",
        _of(found, "no agreement, equivocation") / trusted,
        statement=f"without agreement, where {who} tell each peer something else, the return falls "
        f"below 90 % of that with one trusted server within {config.rounds} rounds",
        source=SOURCE,
        expected=f"< {WITHIN}",
        documented_limit=True,
    )
    together, alone = (
        np.nan_to_num(_of(found, name, "learnt"), nan=config.rounds)
        for name in ("monna, reversed", "alone")
    )
    yield claim_over_seeds(
        "peers/together-is-sooner",
        together / alone,
        statement=f"peers that mix by MoNNA although {who} lie reach a return of 400 in fewer "
        "rounds than peers that learn alone (or in the last round, if they never do)",
        source=SOURCE,
        expected="< 1",
    )
