"""Nobody lies: what the rules cost then, and whom."""

from collections.abc import Generator, Iterator

from rallypoint.claims import claim_over_seeds
from rallypoint.experiments.experiment import Finding, Metric, Progress, Row
from rallypoint.experiments.recommender import OURS
from rallypoint.experiments.recommender.config import COMPARING, ERASING, MEAN, RecommenderConfig
from rallypoint.experiments.recommender.measure import Condition, Played, last, played

RULES = (MEAN, *COMPARING, *ERASING)


def findings(
    config: RecommenderConfig, seeds: tuple[int, ...], progress: Progress
) -> Generator[Finding, None, dict[str, Played]]:
    """Let platforms learn from honest users; return what was played, by rule."""
    found: dict[str, Played] = {}
    with progress("nobody lies", len(RULES)) as advance:
        for rule in RULES:
            found[rule] = played(config, seeds, Condition(rule=rule, minority=config.minority))
            yield from _rows(seeds, rule, found)
            advance()
    yield from _judge(found)
    return found


def _rows(seeds: tuple[int, ...], rule: str, found: dict[str, Played]) -> Iterator[Finding]:
    here, learned = found[rule], found[rule].learned(found[MEAN])
    for place, seed in enumerate(seeds):
        yield Row(
            {
                "condition": f"honest/{rule}",
                "seed": seed,
                "rate": float(here.rate[place]),
                "rates": last(here.rates)[place].tolist(),
                "ndcg": float(last(here.ndcg)[place]),
                "learned": learned[place].tolist(),
            }
        )
    yield Metric(f"honest/{rule}/rate", float(here.rate.mean()))
    yield Metric(f"honest/{rule}/ndcg", float(last(here.ndcg).mean()))
    yield Metric(f"honest/{rule}/learned", learned.mean(axis=0).tolist())


def _judge(found: dict[str, Played]) -> Iterator[Finding]:
    mean = found[MEAN]
    for rule in (*COMPARING, *ERASING):
        yield claim_over_seeds(
            f"recommender/honest/{rule}",
            found[rule].rate / mean.rate,
            statement=f"where nobody lies, {rule} is clicked on almost as often as the mean: "
            "ratio of click rates",
            source=OURS,
            expected=">= 0.95 on every seed",
            documented_limit=rule == "median",
        )
    for rule in ERASING:
        majority, minority = found[rule].learned(mean).T
        yield claim_over_seeds(
            f"recommender/minority-pays/{rule}",
            majority - minority,
            statement=f"what {rule} costs, the minority pays: what is learned of the majority's "
            "tastes, as a share of what the mean learns, less the same of the minority's",
            source=OURS,
            expected="> 0 on every seed",
        )
    yield claim_over_seeds(
        "recommender/minority-erased/median",
        found["median"].learned(mean)[:, 1],
        statement="the coordinate median learns nothing of a minority's topics, which most users "
        "have nothing to say about: share of what the mean learns",
        source=OURS,
        expected="<= 0.05 on every seed",
    )
    for rule in COMPARING:
        majority, minority = found[rule].learned(mean).T
        yield claim_over_seeds(
            f"recommender/minority-kept/{rule}",
            minority,
            statement=f"{rule} learns most of what the mean does of the minority's tastes: share",
            source=OURS,
            expected=">= 0.85 on every seed",
        )
