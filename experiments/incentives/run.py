"""Regret against a principal who knows the agent, what a lie costs, and what obedience costs."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import claim_over_seeds
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import Advance, File, Finding, Metric, Progress, Row
from rallypoint.experiments.incentives import OURS, SOURCE
from rallypoint.experiments.incentives.config import IncentivesConfig
from rallypoint.experiments.incentives.measure import (
    PRINCIPALS,
    PUBLISHED,
    Game,
    Instance,
    agents_for,
    played,
)

_STAGE = 10_000  # rounds of the published figure


def run(config: IncentivesConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield games with each agent, then what is claimed of them."""
    found: dict[tuple[str, str, int], Game] = {}
    total = sum(config.horizons) * len(PRINCIPALS) * 3
    with progress("principals and agents", total) as advance:
        for rounds in config.horizons:
            for at, game in _games(config, seeds, rounds, advance):
                found[(*at, rounds)] = game
                yield from _rows(seeds, *at, rounds, game)
    yield from _judge(config, found)
    with progress("the price of an interruption", 1) as advance:
        yield from _obedience(config, seeds)
        advance()
    yield File("regret.png", _picture(config, found))


def _games(
    config: IncentivesConfig, seeds: tuple[int, ...], rounds: int, advance: Advance
) -> Iterator[tuple[tuple[str, str], Game]]:
    for name, principal in PRINCIPALS.items():
        for kind, agent in agents_for(PUBLISHED, rounds, config.bribe).items():
            pair = (principal(PUBLISHED, rounds), agent)
            yield (name, kind), played(seeds, config.games, pair, rounds=rounds)
            advance(rounds)


def _rows(
    seeds: tuple[int, ...], name: str, kind: str, rounds: int, game: Game
) -> Iterator[Finding]:
    for place, seed in enumerate(seeds):
        yield Row(
            {
                "principal": name,
                "agent": kind,
                "rounds": rounds,
                "seed": seed,
                "regret": float(game.last[place]),
                "overpaid": float(game.overpaid[place]),
            }
        )
    yield Metric(f"regret/{name}/{kind}/{rounds}", float(game.last.mean()))


def _judge(config: IncentivesConfig, found: dict[tuple[str, str, int], Game]) -> Iterator[Finding]:
    stage = _STAGE if _STAGE in config.horizons else config.horizons[-1]
    ipa, oracle = found["ipa", "selfish", stage], found["oracle", "selfish", stage]
    search = PUBLISHED.num_arms * np.log2(stage)
    yield claim_over_seeds(
        "incentives/ipa-near-oracle",
        ipa.last / (1.5 * oracle.last + search),
        statement=f"after {stage} rounds IPA regrets at most 1.5 times what a principal does that "
        "knows the agent, and one for every round of its search: regret as a share of that",
        source=SOURCE,
        expected="<= 1 on every seed",
    )
    for shorter, longer in zip(config.horizons, config.horizons[1:], strict=False):
        more = longer / shorter
        ratio = found["ipa", "selfish", longer].last / found["ipa", "selfish", shorter].last
        yield claim_over_seeds(
            f"incentives/ipa-growth/{longer}",
            ratio,
            statement=f"{more:g} times as many rounds, {longer} for {shorter}, multiply the "
            "regret of IPA by less than their square root and a tenth: growth",
            source=SOURCE,
            expected=f"<= {1.1 * np.sqrt(more):.4g}",
        )
    for name, chance in (
        ("epsilon_greedy", "with probability 500 / t, as published,"),
        ("tuned_epsilon_greedy", "as seldom as suits this instance"),
    ):
        yield claim_over_seeds(
            f"incentives/{name.replace('_', '-')}-above",
            found[name, "selfish", stage].last / ipa.last,
            statement=f"after {stage} rounds a principal that explores {chance} regrets more than "
            "IPA, however exactly it concludes what is sure: ratio of regrets",
            source=SOURCE if name == "epsilon_greedy" else OURS,
            expected="> 1",
            documented_limit=name == "tuned_epsilon_greedy",
        )
    lied_to = found["ipa", "lying", stage]
    yield claim_over_seeds(
        "incentives/a-lie-pays",
        lied_to.overpaid / config.bribe,
        statement=f"an agent that asks for {config.bribe:g} too much while IPA searches is paid "
        "that in every round ever after: what it is paid beyond the least, as a share of it",
        source=OURS,
        expected=">= 0.8",
    )
    learning = found["ipa", "learning", stage].last - ipa.last
    yield claim_over_seeds(
        "incentives/learning-agent",
        learning,
        statement=f"an agent that must learn its interests misleads the search: more regret of IPA "
        f"after {stage} rounds than with one that knows them",
        source=OURS,
        expected="> 0",
    )


def _obedience(config: IncentivesConfig, seeds: tuple[int, ...]) -> Iterator[Finding]:
    """Arm 1 is to be interrupted, arm 0 to go on: what does it take to be obeyed?"""
    rounds = config.horizons[0]
    instance = Instance(means=(0.2, 0.9), interests=(1.0, config.interrupted_interest))
    price = 1.0 - config.interrupted_interest
    agent = agents_for(instance, rounds, config.bribe)["selfish"]
    principal = PRINCIPALS["ipa"](instance, rounds)
    game = played(seeds, config.games, (principal, agent), rounds=rounds, instance=instance)
    yield Metric("obedience/price", price)
    yield Metric("obedience/accepted", float(game.arms[:, 1].mean()))
    yield claim_over_seeds(
        "incentives/obedience",
        np.abs(game.overpaid),
        statement=f"an agent to whom going on is worth {price:g} more than being interrupted "
        "accepts an interruption for just that: what IPA pays beyond it, in the second half",
        source=OURS,
        expected="<= 0.005 on every seed",
    )


def _picture(config: IncentivesConfig, found: dict[tuple[str, str, int], Game]) -> bytes:
    rounds = config.horizons[-1]
    figure, axes = plots.new_figure(
        "Regret against the best arm for the least incentive",
        "round",
        "regret so far",
        size=(7.2, 4.4),
    )
    shown = np.linspace(0, rounds - 1, 60).astype(int)
    wanted = [(name, "selfish") for name in PRINCIPALS]
    for name, kind in [*wanted, ("ipa", "lying"), ("ipa", "learning")]:
        label = f"{name}, {kind} agent".replace("_", " ")
        plots.curve(axes, shown + 1, found[name, kind, rounds].regret[:, shown], label, every=8)
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", frameon=False)
    return plots.png(figure)
