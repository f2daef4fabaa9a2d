"""Lets agents learn the game in every way, judges laws exactly, and plays them with traitors."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import (
    Advance,
    File,
    Finding,
    Metric,
    Progress,
    Row,
)
from rallypoint.experiments.toy_game import OURS, SOURCE, learners
from rallypoint.experiments.toy_game.config import ToyGameConfig
from rallypoint.experiments.toy_game.exact import together, with_memory, worst_partner
from rallypoint.experiments.toy_game.picture import picture
from rallypoint.experiments.toy_game.playing import Table
from rallypoint.experiments.toy_game.traitors import TRAITORS, returns
from rallypoint.transitions import Transitions

SHARES = (0.5, 1.0)  # of episodes with a learned adversary
_EVERY = 10  # rounds between two points of a curve
INDEPENDENT, ROBUST, AVERAGED, TRIGGER = "independent", "robust", "robust-averaged", "trigger"


class Learned(NamedTuple):
    """What one way of learning has come to in R runs."""

    laws: Floats  # (R, 2, S, A) in the end
    mean: Floats  # (R, 2, S, A) over all rounds, each weighted by its number
    curve: Floats  # (R, points) guaranteed every so many rounds
    curve_of_mean: Floats  # (R, points) likewise by the mean of the laws so far


def run(config: ToyGameConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield curves as they are learned, then claims of what was learned, then traitors."""
    table = Table(seeds, config.episodes, "toy-game/model")
    model, horizon = table.model, table.horizon
    ways = {INDEPENDENT: learners.independent(config, seeds)}
    ways[ROBUST] = (np.stack([law, law], axis=1) for law in learners.robust(config, seeds))
    for share in SHARES:
        ways[_adversary(share)] = learners.with_learned_adversary(config, seeds, share)
    learned = {}
    with progress("learning the game", len(ways) * config.rounds) as advance:
        for name, way in ways.items():
            learned[name] = _learn(way, model, horizon, config, advance)
            yield from _rows(name, seeds, config, learned[name])
    ends = {name: found.laws for name, found in learned.items()}
    ends[AVERAGED] = learned[ROBUST].mean
    remembering = {name: np.concatenate([laws, laws], axis=2) for name, laws in ends.items()}
    remembering[TRIGGER] = np.concatenate(
        [learners.likeliest(ends[INDEPENDENT]), ends[AVERAGED]], axis=2
    )
    judged = {}
    for name, laws in remembering.items():
        whole = with_memory(model)
        best = together(whole, laws, horizon=horizon)
        least = worst_partner(whole, laws[:, 0], horizon=horizon).guarantee
        judged[name] = best, least
        yield from _judge(name, best, least)
    for share in SHARES:
        name = _adversary(share)
        yield Metric(f"{name}/guaranteed-by-the-mean", learned[name].curve_of_mean[:, -1].tolist())
    yield from _with_traitors(config, seeds, remembering, progress)
    points = _points(config)
    curves = {name: found.curve for name, found in learned.items()}
    curves[AVERAGED] = learned[ROBUST].curve_of_mean
    yield File("toy-game.png", picture(points, curves, judged))


def _adversary(share: float) -> str:
    return f"learned-adversary-{share:g}"


def _points(config: ToyGameConfig) -> list[int]:
    return sorted({*range(_EVERY, config.rounds + 1, _EVERY), config.rounds})


def _learn(
    way: Iterator[Floats],
    model: Transitions,
    horizon: int,
    config: ToyGameConfig,
    advance: Advance,
) -> Learned:
    total: Floats | float = 0.0
    laws, mean = np.empty(0), np.empty(0)
    curve: list[Floats] = []
    curve_of_mean: list[Floats] = []
    points = set(_points(config))
    for number, laws in enumerate(way, start=1):
        # Later rounds count for more (Lacoste-Julien, Schmidt & Bach, 2012, arXiv:1212.2002).
        total = total + number * laws
        if number in points:
            mean = total / (number * (number + 1) / 2)
            for found, law in ((curve, laws), (curve_of_mean, mean)):
                found.append(worst_partner(model, law[:, 0], horizon=horizon).guarantee)
        advance()
    return Learned(laws, mean, np.transpose(curve), np.transpose(curve_of_mean))


def _rows(
    name: str, seeds: Sequence[int], config: ToyGameConfig, learned: Learned
) -> Iterator[Row]:
    for place, seed in enumerate(seeds):
        for column, number in enumerate(_points(config)):
            yield Row(
                {
                    "learner": name,
                    "seed": seed,
                    "round": number,
                    "guaranteed": float(learned.curve[place, column]),
                    "guaranteed_by_the_mean": float(learned.curve_of_mean[place, column]),
                }
            )


def _judge(name: str, best: Floats, least: Floats) -> Iterator[Claim | Metric]:
    """Judge what a way earns together, and what it guarantees: (R,) each."""
    yield Metric(f"{name}/together", best.tolist())
    yield Metric(f"{name}/guaranteed", least.tolist())
    alone = "the return that no partner can push it below, exactly"
    if name == INDEPENDENT:
        yield _claim(
            "independent/together",
            best,
            "two agents that each follow their own policy gradient learn to do well together: "
            "their return, of 100",
            ">= 98 on every seed",
        )
        yield _claim(
            "independent/guaranteed",
            least,
            f"an agent that learned so can be sure of next to nothing: {alone}",
            "<= 5 on every seed",
        )
    elif name == AVERAGED:
        yield _claim(
            "robust/guaranteed",
            least,
            "the policy gradient against an exact best response to its loss, averaged over its "
            f"rounds, comes to what can be guaranteed, 50 and no more: {alone}",
            ">= 48 on every seed",
        )
    elif name == TRIGGER:
        yield _claim(
            "trigger/together",
            best,
            "who acts as learned until a step pays nothing, and then as the robust policy, does "
            "well together: return, of 100",
            ">= 98 on every seed",
        )
        yield _claim(
            "trigger/guaranteed", least, f"and is sure of nearly 50: {alone}", ">= 48 on every seed"
        )
    elif name != ROBUST:
        share = "every episode" if name == _adversary(1.0) else "half of the episodes"
        yield _claim(
            f"{name}/guaranteed",
            least,
            f"an adversary that learns beside them, by gradients, and plays in {share}, is as good "
            f"a partner to learn from as the exact one: {alone}",
            ">= 48",
            known=True,
        )


def _claim(id: str, values: Floats, statement: str, expected: str, *, known: bool = False) -> Claim:
    return claim_over_seeds(
        id,
        values,
        statement=statement,
        source=SOURCE if id.startswith("independent") else OURS,
        expected=expected,
        documented_limit=known,
    )


def _with_traitors(
    config: ToyGameConfig, seeds: tuple[int, ...], laws: dict[str, Floats], progress: Progress
) -> Iterator[Finding]:
    """Play every team alone, and with each traitor in the second agent's place."""
    with progress("teams with a traitor", len(laws) * len(TRAITORS)) as advance:
        for name, of_team in laws.items():
            worst = np.full(len(seeds), np.inf)
            for traitor in TRAITORS:
                found, receipts = returns(name, of_team, seeds, traitor, episodes=config.evaluated)
                yield receipts
                yield Metric(f"{name}/traitor-{traitor}", float(found.mean()))
                for seed, value in zip(seeds, found.tolist(), strict=True):
                    yield Row({"team": name, "traitor": traitor, "seed": seed, "return": value})
                if TRAITORS[traitor]:
                    worst = np.minimum(worst, found)
                advance()
            if name in (AVERAGED, TRIGGER):
                yield _claim(
                    f"traitors/{name}",
                    worst,
                    f"with a traitor for its partner (one that tosses coins, or always does the "
                    f"same) {name} keeps its guarantee: mean return, with the worst of them",
                    ">= 48 on every seed",
                )
            elif name == INDEPENDENT:
                yield _claim(
                    "traitors/independent",
                    worst,
                    "and who learned to do well together alone does not: mean return, with the "
                    "worst of them",
                    "< 48",
                )
