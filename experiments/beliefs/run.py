"""Lets teams learn, plays them afterwards, and compares them seed by seed."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.beliefs import SOURCE
from rallypoint.experiments.beliefs.config import BeliefsConfig
from rallypoint.experiments.beliefs.picture import picture
from rallypoint.experiments.beliefs.teams import (
    BELIEVING,
    BLIND,
    REMEMBERING,
    TEAMS,
    TOLD,
    Earned,
    Learned,
    earned,
    learning,
)
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.findings import receipts_of

_EVERY = 5  # rounds between two points of a curve
_KINDS = ("drawn", "peace", "war")


def run(config: BeliefsConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield curves and returns, seed by seed, then what beliefs are worth."""
    returns: dict[str, list[Earned]] = {team: [] for team in TEAMS}
    curves: dict[str, list[list[float]]] = {team: [] for team in TEAMS}
    points = list(range(0, config.rounds, _EVERY))
    with progress("teams learning", len(seeds) * len(TEAMS) * config.rounds) as advance:
        for seed in seeds:
            for team in TEAMS:
                curve: list[float] = []
                for number, found in enumerate(learning(team, config, seed)):
                    if isinstance(found, Learned):
                        returns[team].append(earned(team, found, config, seed))
                        yield from _told(team, seed, returns[team][-1])
                        continue
                    advance()
                    if number in points:
                        curve.append(found.earned)
                        told = {"team": team, "seed": seed, "round": number}
                        yield Row({**told, "earned": found.earned, "lost": found.lost})
                curves[team].append(curve)
    for team, of_seeds in returns.items():
        for kind in _KINDS:
            yield Metric(f"{team}/{kind}", [getattr(found, kind) for found in of_seeds])
    yield from _claims({team: np.array([e.drawn for e in r]) for team, r in returns.items()})
    ends = {
        team: np.array([[getattr(e, k) for k in _KINDS] for e in r]) for team, r in returns.items()
    }
    yield File("beliefs.png", picture(points, {t: np.array(c) for t, c in curves.items()}, ends))


def _told(team: str, seed: int, found: Earned) -> Iterator[Finding]:
    yield receipts_of(f"{team}/seed-{seed}", found.frame)
    yield Row({"team": team, "seed": seed, **{kind: getattr(found, kind) for kind in _KINDS}})


def _claims(by_team: dict[str, Floats]) -> Iterator[Claim]:
    yield _claim(
        "beliefs/gain",
        by_team[BELIEVING] - by_team[BLIND],
        "PPO that learns together with beliefs to act on them earns more, in episodes as Nature "
        "draws them, than PPO that sees the state alone: by so much of an episode's return",
    )
    yield _claim(
        "beliefs/over-memory",
        by_team[BELIEVING] - by_team[REMEMBERING],
        "and more than PPO that is shown what the same network makes of the past before it has "
        "learned anything, so that it is the belief and not a memory that helps",
    )
    yield _claim(
        "beliefs/over-truth",
        by_team[BELIEVING] - by_team[TOLD],
        "and more than PPO that is told who is hostile: beliefs follow what was done, and so tell "
        "something of the type, too",
    )


def _claim(id: str, values: Floats, statement: str) -> Claim:
    return claim_over_seeds(id, values, statement=statement, source=SOURCE, expected="> 0")
