"""Whoever is furthest from the others is left out: whom does that hit, and what helps?"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rallypoint.agents.recommender.trust import TrustedMean, favourites, trust
from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats, Integers
from rallypoint.experiments.experiment import Finding, Metric, Progress, Row
from rallypoint.experiments.recommender import OURS
from rallypoint.experiments.recommender.config import TOPICS, USERS, RecommenderConfig
from rallypoint.experiments.recommender.measure import Condition, Played, last, played
from rallypoint.safety.defences.score_equaliser import equalise

_CALIBRATION = 2  # root seed of the platforms that corrections are found on
_ARMS = ("as trusted", "equalised")


class Watched:
    """A trusted mean that notes whom it leaves out, and how far everybody is trusted."""

    def __init__(self, rule: TrustedMean) -> None:
        """Watch a rule."""
        self._rule = rule
        self.trusts: list[Floats] = []  # (U,) of each round and platform
        self.favourites: list[Integers] = []  # (U,) likewise
        self.left_out: list[Floats] = []  # (U,) likewise, 1 or 0

    def __call__(self, updates: Floats, profiles: Floats) -> Floats:
        """Combine as the rule does."""
        self.trusts.append(trust(updates))
        self.favourites.append(favourites(profiles))
        out = np.ones(len(updates))
        out[self._rule.believed(updates, profiles)] = 0
        self.left_out.append(out)
        return self._rule(updates, profiles)


class _Found(NamedTuple):
    """What a correction comes to, on one seed."""

    left_out: tuple[float, float]  # share of majority and minority where nobody lies
    rates: Floats  # (2,) click rates of both where nobody lies
    passes: float  # share of rounds in which liars of the minority are believed
    undue: float  # exposure of their item

    @property
    def gap(self) -> float:
        """How much more often the minority is left out."""
        return self.left_out[1] - self.left_out[0]


def findings(
    config: RecommenderConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Trust as it is, then equalised by favourite topic; without liars, and with some who fake."""
    found: dict[str, list[_Found]] = {arm: [] for arm in _ARMS}
    with progress("trust of a minority", len(seeds)) as advance:
        for seed in seeds:
            for arm, correction in zip(_ARMS, ((), corrected(config, seed)), strict=True):
                rule = TrustedMean(f=config.liars, correction=correction)
                here, faked = _measured(config, seed, rule)
                found[arm].append(here)
                yield faked.account(f"fakers/{arm.replace(' ', '-')}/{seed}")
                told = here._asdict() | {"rates": here.rates.tolist()}
                yield Row({"condition": f"trust/{arm}", "seed": seed, **told})
            advance()
    for arm, each in found.items():
        at = f"trust/{arm.replace(' ', '-')}"
        yield Metric(f"{at}/left-out", np.mean([one.left_out for one in each], axis=0).tolist())
        yield Metric(f"{at}/rates", np.mean([one.rates for one in each], axis=0).tolist())
        yield Metric(f"{at}/fakers-pass", float(np.mean([one.passes for one in each])))
        yield Metric(f"{at}/fakers-undue", float(np.mean([one.undue for one in each])))
    yield from _judge(config, found)


def corrected(config: RecommenderConfig, seed: int) -> tuple[float, ...]:
    """Return the correction that makes both groups equally trusted, by favourite topic: (r,)."""
    watched = Watched(TrustedMean(f=config.liars))
    condition = Condition(rule=watched, minority=config.minority, root=_CALIBRATION)
    played(config, (seed,), condition)
    trusts, topics = np.array(watched.trusts), np.array(watched.favourites)  # (calls, U)
    is_minority = np.arange(USERS) >= USERS - config.minority
    means, shares = [], []
    for who in (~is_minority, is_minority):
        means.append(trusts[:, who].mean())
        counts = np.bincount(topics[:, who].ravel(), minlength=TOPICS)
        shares.append(counts / counts.sum())
    found = equalise(np.zeros(TOPICS), np.array(shares), means=means)
    return tuple(found.correction.tolist())


def _measured(config: RecommenderConfig, seed: int, rule: TrustedMean) -> tuple[_Found, Played]:
    honest = Watched(rule)
    alone = played(config, (seed,), Condition(rule=honest, minority=config.minority))
    out = np.array(honest.left_out).mean(axis=0)  # (U,)
    fakers = tuple(range(USERS - config.liars, USERS))
    attacked = Watched(rule)
    condition = Condition(
        rule=attacked, liars=fakers, clicks=config.clicks[-1], minority=config.minority
    )
    faked = played(config, (seed,), condition)
    passed = 1 - np.array(attacked.left_out)[:, list(fakers)].mean()
    first = USERS - config.minority
    here = _Found(
        (float(out[:first].mean()), float(out[first:].mean())),
        last(alone.rates)[0],
        float(passed),
        float(last(faked.undue)[0]),
    )
    return here, faked


def _judge(config: RecommenderConfig, found: dict[str, list[_Found]]) -> Iterator[Finding]:
    before, after = (found[arm] for arm in _ARMS)
    yield claim_over_seeds(
        "recommender/trust/gap",
        [one.gap for one in before],
        statement=f"of who leaves out the {config.liars} furthest from the coordinate median an "
        "honest minority is left out more often than the majority: difference of the shares",
        source=OURS,
        expected=">= 0.05 on every seed",
    )
    yield claim_over_seeds(
        "recommender/trust/equalised",
        np.abs([one.gap for one in after]),
        statement="with trust equalised by favourite topic it is left out about as often: "
        "difference of the shares, either way",
        source=OURS,
        expected="<= 0.1",
    )
    yield claim_over_seeds(
        "recommender/trust/served",
        [two.rates[1] - one.rates[1] for one, two in zip(before, after, strict=True)],
        statement="and is served better: its click rate, by how much it rises",
        source=OURS,
        expected="> 0",
    )
    yield claim_over_seeds(
        "recommender/trust/fakers",
        [one.passes for one in after],
        statement=f"liars with the minority's tastes and {config.clicks[-1]} clicks are left out "
        "all the same: share of rounds in which they are believed",
        source=OURS,
        expected="<= 0.15",
    )
