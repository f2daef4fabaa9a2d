"""Some users lie: by their clicks alone, or in the updates that they send."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.recommender.item_model import Weigh
from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.recommender import OURS
from rallypoint.experiments.recommender.config import MEAN, ROBUST, RecommenderConfig
from rallypoint.experiments.recommender.measure import Condition, Played, last, played

LIES: dict[str, dict[str, Any]] = {
    "reversed": {"kind": "sign_flip", "factor": 30.0},
    "noise": {"kind": "gaussian"},
    "alie": {"kind": "alie"},
    # These ask the very rule what it would make of a lie, and so are found for each anew.
    "optimal_reverse": {"kind": "optimal", "direction": "reverse"},
    "opt_ema": {"kind": "opt_ema"},
}


class Arm(NamedTuple):
    """How a platform learns."""

    rule: str
    weigh: Weigh = "users"

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.rule} of events" if self.weigh == "events" else self.rule


EVENTS, PER_USER = Arm(MEAN, "events"), Arm(MEAN)
ARMS = (EVENTS, PER_USER, *(Arm(rule) for rule in ROBUST))


def findings(
    config: RecommenderConfig,
    seeds: tuple[int, ...],
    honest: dict[str, Played],
    progress: Progress,
) -> Iterator[Finding]:
    """Let promoters click, the more the worse; then let as many send lies."""
    by_clicks: dict[tuple[Arm, int], Played] = {}
    with progress("some only click", len(ARMS) * len(config.clicks)) as advance:
        for arm in ARMS:
            for clicks in config.clicks:
                found = played(config, seeds, _promoting(config, arm, clicks))
                by_clicks[arm, clicks] = found
                at = f"clicks/{arm.name}/{clicks}".replace(" ", "-")
                yield found.account(at)
                yield from _rows(seeds, at, found, honest[arm.rule])
                advance()
    yield from _judge_clicks(config, by_clicks, honest)
    yield File("exposure.png", _picture(config, by_clicks, honest))
    by_lie: dict[tuple[str, str], Played] = {}
    with progress("some send lies", len(LIES) * (1 + len(ROBUST))) as advance:
        for name, lie in LIES.items():
            for rule in (MEAN, *ROBUST):
                found = played(config, seeds, _lying(config, rule, lie))
                by_lie[name, rule] = found
                yield found.account(f"lies/{name}/{rule}")
                yield from _rows(seeds, f"lies/{name}/{rule}", found, honest[rule])
                advance()
    yield from _judge_lies(by_lie, honest)


def _promoting(config: RecommenderConfig, arm: Arm, clicks: int) -> Condition:
    return Condition(
        rule=arm.rule,
        weigh=arm.weigh,
        liars=tuple(range(config.liars)),
        clicks=clicks,
        minority=config.minority,
    )


def _lying(config: RecommenderConfig, rule: str, lie: dict[str, Any]) -> Condition:
    liars = tuple(range(config.liars))
    return Condition(rule=rule, liars=liars, lie=lie, minority=config.minority)


def _rows(seeds: tuple[int, ...], at: str, found: Played, honest: Played) -> Iterator[Finding]:
    values = {
        "rate": found.rate,
        "undue": last(found.undue),
        "engagement": last(found.engagement),
        "moved": moved(found, honest),
    }
    for place, seed in enumerate(seeds):
        told = {name: float(value[place]) for name, value in values.items()}
        yield Row({"condition": at, "seed": seed, **told})
    for name, value in values.items():
        yield Metric(f"{at}/{name}", float(value.mean()))


def moved(found: Played, honest: Played) -> Floats:
    """Return how far the target was moved from where the same rule has it without liars: (R,)."""
    away: Floats = np.linalg.norm(found.target - honest.target, axis=-1).mean(axis=1)
    return away


def _judge_clicks(
    config: RecommenderConfig,
    found: dict[tuple[Arm, int], Played],
    honest: dict[str, Played],
) -> Iterator[Finding]:
    fewest, *_, more, most = (config.clicks[0], *config.clicks)
    by_events, by_users = (
        {clicks: moved(found[arm, clicks], honest[MEAN]) for clicks in config.clicks}
        for arm in (EVENTS, PER_USER)
    )
    yield claim_over_seeds(
        "recommender/unbounded/events",
        _ratio(by_events[most], by_events[fewest]),
        statement=f"{most // fewest} times as many clicks move a mean of events many times as far: "
        "ratio of how far the target's vector is moved",
        source=OURS,
        expected=">= 5 on every seed",
    )
    yield claim_over_seeds(
        "recommender/bounded/users",
        _ratio(by_users[most], by_users[more]),
        statement=f"where every user weighs the same, {most} clicks a round move hardly more than "
        f"{more}: ratio of how far the target's vector is moved",
        source=OURS,
        expected="<= 1.5",
    )
    undue = {arm: last(found[arm, most].undue) for arm in ARMS}
    yield claim_over_seeds(
        "recommender/exposure/events",
        undue[EVENTS],
        statement=f"{config.liars} users of {most} clicks get a mean of events to show their item "
        "to many who would rather have others: share of these",
        source=OURS,
        expected=">= 0.2",
    )
    yield claim_over_seeds(
        "recommender/exposure/users",
        _ratio(undue[PER_USER], undue[EVENTS]),
        statement="where every user weighs the same they reach fewer: share of those reached by "
        "events",
        source=OURS,
        expected="<= 0.6",
    )
    for arm in ARMS:
        if arm.rule == MEAN:
            continue
        yield claim_over_seeds(
            f"recommender/exposure/{arm.rule}",
            undue[arm] - last(honest[arm.rule].undue),
            statement=f"with {arm.rule} of users they reach hardly anybody more than the item does "
            "without them: difference of the shares",
            source=OURS,
            expected="<= 0.05 on every seed",
        )


def _ratio(values: Floats, of: Floats) -> Floats:
    """Return ratios, NaN, which is not measured, where promoters never saw their item: (R,)."""
    ratio: Floats = np.divide(values, of, out=np.full(len(of), np.nan), where=of > 0)
    return ratio


def _judge_lies(
    found: dict[tuple[str, str], Played], honest: dict[str, Played]
) -> Iterator[Finding]:
    def worst(rule: str) -> Floats:
        rates = np.array([found[name, rule].rate for name in LIES])
        least: Floats = rates.min(axis=0) / honest[MEAN].rate
        return least

    yield claim_over_seeds(
        "recommender/lies/mean",
        worst(MEAN),
        statement="users who send any update they like undo what a mean has learned: click rate "
        "under the worst of the lies, as a share of that without",
        source=OURS,
        expected="<= 0.7 on every seed",
    )
    for rule in ROBUST:
        yield claim_over_seeds(
            f"recommender/lies/{rule}",
            worst(rule),
            statement=f"{rule} stands them: click rate under the worst of the lies, as a share of "
            "that of the mean without",
            source=OURS,
            expected=">= 0.9 on every seed",
        )


def _picture(
    config: RecommenderConfig,
    found: dict[tuple[Arm, int], Played],
    honest: dict[str, Played],
) -> bytes:
    figure, axes = plots.new_figure(
        f"{config.liars} of 60 users click on one item wherever they see it",
        "their clicks on a place, where others click once at most",
        "exposure to users who would rather have others",
        size=(7.2, 4.4),
    )
    for arm in ARMS:
        without = last(honest[arm.rule].undue)
        values = [without, *(last(found[arm, clicks].undue) for clicks in config.clicks)]
        plots.curve(axes, [1, *config.clicks], np.stack(values, axis=1), arm.name)
    axes.set_xscale("log")
    axes.set_xticks([1, *config.clicks], ["nobody lies", *map(str, config.clicks)])
    axes.set_ylim(-0.02, 1)
    axes.legend(loc="upper left", frameon=False)
    return plots.png(figure)
