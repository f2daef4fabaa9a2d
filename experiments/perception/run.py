"""Trains agents, attacks them in every way, and judges by the strongest attack on each."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.perception import HUANG, SUN, ZHANG, picture
from rallypoint.experiments.perception.attacks import ATTACKS, GRADIENT, JUDGED, TRAJECTORY
from rallypoint.experiments.perception.config import CLAIMED, PerceptionConfig
from rallypoint.experiments.perception.measure import Bench

_SMALL, _LARGE = CLAIMED
Found = dict[tuple[str, float], Floats]  # attack and size -> returns (R,)


def run(config: PerceptionConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield rows as they are measured, then what is claimed of them."""
    bench = Bench(config, seeds)
    with progress("training", 1) as advance:
        policy = bench.trained("plain", config.defended_at)
        clean = bench.clean(policy)
        advance()
    yield from _rows(seeds, clean, agent="plain", attack="none", epsilon=0.0)
    found: Found = {}
    with progress("attacks on agents as they are", len(config.epsilons) * len(ATTACKS)) as advance:
        for epsilon in sorted(config.epsilons):
            for kind in ATTACKS:
                measured = bench.attacked(policy, epsilon, kind, "plain")
                found[kind, epsilon] = measured.returns
                yield from _rows(
                    seeds, measured.returns, agent="plain", attack=kind, epsilon=epsilon
                )
                if measured.receipts is not None:
                    yield measured.receipts
                advance()
            yield from _table("plain", epsilon, (clean, bench.certified()), found)
    yield from _judge(clean, found)
    strongest = {epsilon: _worst(found, epsilon) for epsilon in config.epsilons}
    yield claim_over_seeds(
        "P4/certified",
        bench.certified() - np.min(list(strongest.values()), axis=0),
        statement="no attack takes more than can be taken at all: return under the worst of all "
        "sequences of pushes, less that under the strongest attack of any size, in the same "
        "episodes",
        source=f"ours, {HUANG}",
        expected="<= 0 on every seed",
    )
    yield File("attacks.png", picture.attacks(config, clean, found, strongest))
    if config.defences:
        by_way = {"plain": (clean, strongest[config.defended_at])}
        yield from _defended(bench, seeds, progress, by_way)
        yield File("defences.png", picture.defences(config, by_way))


def _defended(
    bench: Bench,
    seeds: tuple[int, ...],
    progress: Progress,
    by_way: dict[str, tuple[Floats, Floats]],
) -> Iterator[Finding]:
    """Attack agents that were trained to stand it, and compare them with those that were not.

    What each returns unharmed and under the strongest attack is added to what is known.
    """
    config = bench.config
    epsilon = config.defended_at
    _, undefended = by_way["plain"]
    with progress("defended agents", len(config.defences) * (1 + len(ATTACKS))) as advance:
        for way in config.defences:
            policy = bench.trained(way, epsilon)
            unharmed = bench.clean(policy)
            yield from _rows(seeds, unharmed, agent=way, attack="none", epsilon=0.0)
            advance()
            found: Found = {}
            for kind in ATTACKS:
                measured = bench.attacked(policy, epsilon, kind, way)
                found[kind, epsilon] = measured.returns
                yield from _rows(seeds, measured.returns, agent=way, attack=kind, epsilon=epsilon)
                if measured.receipts is not None:
                    yield measured.receipts
                advance()
            yield from _table(way, epsilon, (unharmed, bench.certified()), found)
            worst = _worst(found, epsilon)
            by_way[way] = (unharmed, worst)
            yield claim_over_seeds(
                f"P3/{way}",
                worst - undefended,
                statement=f"training with {way} helps against lies of {epsilon:g}: return under "
                "the strongest of the attacks, less that of the agent of the same seed without it",
                source=SUN if way == "pgd" else ZHANG,
                expected="> 0",
            )


def _judge(clean: Floats, found: Found) -> Iterator[Claim]:
    yield claim_over_seeds(
        "P1/clean",
        clean,
        statement="nobody lies: return of PPO on CartPole, of 500",
        source=HUANG,
        expected=">= 475",
    )
    yield claim_over_seeds(
        f"P1/random-{_LARGE:g}",
        found["fgsm", _LARGE] / found["random_percept", _LARGE],
        statement=f"random lies hide how bad it is: return under one step of gradient over that "
        f"under random lies of the same size, {_LARGE:g}",
        source=HUANG,
        expected="<= 0.25",
    )
    yield claim_over_seeds(
        f"P1/fgsm-{_LARGE:g}",
        found["fgsm", _LARGE],
        statement=f"one step of gradient finds lies of {_LARGE:g} that topple every pole: return",
        source=HUANG,
        expected="<= 20",
    )
    beyond = np.abs(found["pgd", _SMALL] - found["fgsm", _SMALL])
    yield claim_over_seeds(
        f"P2/more-steps-{_SMALL:g}",
        beyond,
        statement=f"ten steps of gradient find no more than one, at {_SMALL:g}: difference of the "
        "returns, whichever is lower",
        source=ZHANG,
        expected="<= 10",
    )
    gradient = np.min([found[kind, _SMALL] for kind in GRADIENT], axis=0)
    trajectory = np.min([found[kind, _SMALL] for kind in (*TRAJECTORY, *JUDGED)], axis=0)
    yield claim_over_seeds(
        f"P2/looking-ahead-{_SMALL:g}",
        trajectory / gradient,
        statement="who knows what comes of it in the end finds stronger lies: strongest attack "
        f"that does over strongest that looks at one action, at {_SMALL:g}",
        source=SUN,
        expected="<= 0.75",
    )


def _worst(found: Found, epsilon: float) -> Floats:
    """Return what the strongest attack leaves to each agent: (R,)."""
    worst: Floats = np.min([found[kind, epsilon] for kind in ATTACKS], axis=0)
    return worst


def _table(
    who: str, epsilon: float, known: tuple[Floats, Floats], found: Found
) -> Iterator[Metric]:
    """Tell of the median agent, and which attack is how often the strongest.

    Known is what agents return unharmed, and what no lie can take from them.
    """
    clean, certified = known
    by_attack = np.array([found[kind, epsilon] for kind in ATTACKS])  # (attacks, R)
    strongest = by_attack.argmin(axis=0)
    counts = np.bincount(strongest, minlength=len(ATTACKS)).tolist()
    yield Metric(
        f"{who}-{epsilon:g}",
        {
            "clean": float(np.median(clean)),
            "strongest": float(np.median(by_attack.min(axis=0))),
            "certified": float(np.median(certified)),
            "medians": dict(zip(ATTACKS, np.median(by_attack, axis=1).tolist(), strict=True)),
            "strongest-on": {k: n for k, n in zip(ATTACKS, counts, strict=True) if n},
        },
    )


def _rows(
    seeds: tuple[int, ...], returns: Floats, *, agent: str, attack: str, epsilon: float
) -> Iterator[Row]:
    for seed, found in zip(seeds, returns.tolist(), strict=True):
        where = {"seed": seed, "agent": agent, "attack": attack, "epsilon": epsilon}
        yield Row({**where, "return": found})
