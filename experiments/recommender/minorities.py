"""When is a minority heard: how many must it be, and how much must it share with the majority?"""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import claim_over_seeds
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.recommender import OURS
from rallypoint.experiments.recommender.config import MEAN, RecommenderConfig
from rallypoint.experiments.recommender.measure import Condition, Played, played

_RULES = ("multi_krum", "trimmed_mean", "median")
_SKIPPING = "nan_trimmed_mean"


def findings(
    config: RecommenderConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Vary how different a minority is, then how large."""
    by_share: dict[tuple[str, float], Played] = {}
    with progress("how different", len(config.apart) * (1 + len(_RULES))) as advance:
        for apart in config.apart:
            for rule in (MEAN, *_RULES):
                condition = Condition(rule=rule, minority=config.minority, apart=apart)
                by_share[rule, apart] = played(config, seeds, condition)
                advance()
            for rule in _RULES:
                learned = by_share[rule, apart].learned(by_share[MEAN, apart])
                yield Metric(f"apart/{apart:g}/{rule}", learned.mean(axis=0).tolist())
    yield File("minority.png", _picture(config, by_share))
    enough = 2 * config.liars + 1
    with progress("how many", 4) as advance:
        for minority in (enough - 1, enough):
            pair = []
            for rule in (MEAN, _SKIPPING):
                pair.append(played(config, seeds, Condition(rule=rule, minority=minority)))
                advance()
            learned = pair[1].learned(pair[0])[:, 1]
            for seed, value in zip(seeds, learned, strict=True):
                yield Row({"condition": f"size/{minority}", "seed": seed, "learned": float(value)})
            is_enough = minority == enough
            yield claim_over_seeds(
                f"recommender/size/{minority}",
                learned,
                statement=f"a rule that skips the silent and tolerates {config.liars} liars learns "
                f"{'most' if is_enough else 'nothing'} of the tastes of {minority}, whom it "
                f"{'can' if is_enough else 'cannot'} tell from liars: share of what the mean "
                "learns",
                source=OURS,
                expected=">= 0.7 on every seed" if is_enough else "<= 0.05 on every seed",
            )


def _picture(config: RecommenderConfig, found: dict[tuple[str, float], Played]) -> bytes:
    figure, axes = plots.new_figure(
        f"{config.minority} of 60 users have tastes of their own",
        "how different: 0, as all others … 1, nothing in common",
        "learned of them, share of what the mean learns",
        size=(7.2, 4.2),
    )
    for rule in _RULES:
        learned = [found[rule, apart].learned(found[MEAN, apart])[:, 1] for apart in config.apart]
        plots.curve(axes, config.apart, np.stack(learned, axis=1), rule)
    axes.axhline(1, color="black", linestyle=":", linewidth=1)
    axes.set_ylim(-0.05, 1.1)
    axes.legend(loc="lower left", frameon=False)
    return plots.png(figure)
