"""Trains all conditions side by side, seed by seed, then judges."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.byzantine_servers import SOURCE, picture
from rallypoint.experiments.byzantine_servers.config import ByzantineServersConfig
from rallypoint.experiments.byzantine_servers.contestants import CONDITIONS, conditions
from rallypoint.experiments.byzantine_servers.measure import seconds_of_servers, train
from rallypoint.experiments.experiment import File, Finding, Metric, Progress
from rallypoint.experiments.findings import noted, over_seeds, summed_up

WITHIN = 0.9  # of the return with one trusted server
Results = Mapping[str, list[dict[str, Any]]]  # by condition, seed by seed


def run(
    config: ByzantineServersConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Yield rows as they are measured, then what is claimed of them."""
    numbered = list(conditions(config))
    found: dict[str, list[dict[str, Any]]] = {condition.name: [] for _, condition in numbered}
    # Workers that doubt play a round again and again, and everybody beside them would have to.
    doubting = [one for one in numbered if one[1].settings.get("filters")]
    groups = [group for group in ([o for o in numbered if o not in doubting], doubting) if group]
    with progress("rounds", len(seeds) * len(groups) * config.rounds) as advance:
        for seed, group in itertools.product(seeds, groups):
            names = [condition.name for _, condition in group]
            yield from noted(found, names, seed, train(config, group, seed, advance))
    yield from summed_up(found, ("return", "learnt", "diameter", "refused"), returns="return")
    yield from _costs(config)
    yield from _judge(config, found)
    yield File("servers.png", picture.curves(config, found))


def _costs(config: ByzantineServersConfig) -> Iterator[Metric]:
    """Tell what a round costs beside computing updates."""
    by_name = {condition.name: condition for condition in CONDITIONS}
    for name in ("trusted", "honest"):
        condition = by_name[name]
        run = condition.run(config, 0).protocol
        pulled = run.contributors if name == "trusted" else run.contributors * run.servers
        exchanged = 0 if name == "trusted" else run.servers * (run.servers - run.server_f - 1)
        yield Metric(
            f"cost/{name}",
            {
                "servers_seconds": seconds_of_servers(config, condition),
                "models_pulled": pulled,
                "updates_pushed": run.contributors * run.servers,
                "models_exchanged": exchanged,
            },
        )


def _of(found: Results, name: str, what: str = "return") -> Floats:
    return over_seeds(found[name], what)


def _judge(config: ByzantineServersConfig, found: Results) -> Iterator[Claim]:
    trusted = _of(found, "trusted")
    liar = f"one server of {config.servers} sending"
    yield claim_over_seeds(
        "byzantine_servers/trusted-learns",
        trusted,
        statement=f"one trusted server learns CartPole in {config.rounds} rounds: return of the "
        "last tenth",
        source=SOURCE,
        expected=">= 400",
    )
    for name in found:
        if name.endswith(", median"):
            lie = name.removesuffix(", median")
            yield claim_over_seeds(
                f"byzantine_servers/median-keeps/{lie.replace(' ', '-')}",
                _of(found, name) / trusted,
                statement=f"median contraction keeps 90 % of the return with one trusted server "
                f"although one of {config.servers} lies: {lie}",
                source=SOURCE,
                expected=f">= {WITHIN}",
            )
    yield claim_over_seeds(
        "byzantine_servers/mean-breaks/random-liar",
        _of(found, "random liar, mean") / trusted,
        statement=f"mean contraction does not keep 90 % with {liar} noise",
        source=SOURCE,
        expected=f"< {WITHIN}",
    )
    none, median = (_of(found, f"random liar, {way}", "diameter") for way in ("none", "median"))
    yield claim_over_seeds(
        "byzantine_servers/contraction-narrows",
        median / none,
        statement=f"with {liar} noise, contraction in every round keeps honest replicas within "
        "half the diameter that they have without it",
        source=SOURCE,
        expected="<= 0.5",
    )
    yield claim_over_seeds(
        "byzantine_servers/contraction-is-needed-for-return",
        _of(found, "random liar, none") / trusted,
        statement=f"without contraction, with {liar} noise, the return falls below 90 % of that "
        f"with one trusted server within {config.rounds} rounds",
        source=SOURCE,
        expected=f"< {WITHIN}",
        documented_limit=True,
    )
    plain, contracted = (_of(found, name, "learnt") for name in ("trusted", "random liar, median"))
    yield claim_over_seeds(
        "byzantine_servers/convergence-overhead",
        contracted / plain - 1,
        statement=f"with {liar} noise, median contraction takes at most 24 % more rounds to a "
        "return of 400 than one trusted server (the published overhead, of another task)",
        source=SOURCE,
        expected="<= 0.24",
    )
