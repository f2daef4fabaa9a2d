"""From a lie to its end: a policy is imitated from teammates, and one of them is forgotten."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

import rallypoint
from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Draws, Floats, Mask, stream
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.unlearning.config import UnlearningConfig
from rallypoint.safety.defences.unlearning import Logistic, contributions, unlearn

_OURS = "ours: detect, forget, and compare with training again"
_SCALES = np.array([2.4, 2.0, 0.2, 2.0])  # of position, velocity, angle and angular velocity
_EXPERT = np.array([0.3, 0.6, 3.0, 2.0])  # pushes to the side that this points to
_COPIES, _STEPS = 2, 200  # of each teammate's play
_SLIPS = 0.3  # how often the expert's hand slips, so that it sees more than its own path
_MU = 0.01
_ARMS = ("poisoned", "forgotten", "again")


class Seen(NamedTuple):
    """What teammates saw and said they would do."""

    features: Floats  # (rows, 5)
    said: Floats  # (rows,) -1 to the left, 1 to the right
    owners: Floats  # (rows,)


def findings(
    config: UnlearningConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Poison, detect, forget and train again."""
    returns = np.empty((len(seeds), len(_ARMS)))
    named = np.empty(len(seeds))
    with progress("a teammate lies, is found and forgotten", len(seeds)) as advance:
        for place, seed in enumerate(seeds):
            audit, returns[place] = _lived(config, seed)
            liar = _liar(config, seed)
            honest = np.delete(audit, liar)
            named[place] = audit[liar] / honest.max()
            arms = dict(zip(_ARMS, returns[place].tolist(), strict=True))
            yield Row({"chain": "imitation", "seed": seed, "named": float(named[place]), **arms})
            advance()
    for arm, of_arm in zip(_ARMS, returns.mean(axis=0).tolist(), strict=True):
        yield Metric(f"chain/{arm}/return", of_arm)
    yield from _judge(config, named, returns)
    yield File("chain.png", _picture(config, returns))


def _liar(config: UnlearningConfig, seed: int) -> int:
    return int(stream(seed, "unlearning/liar").integers(config.teammates))


def _lived(config: UnlearningConfig, seed: int) -> tuple[Floats, list[float]]:
    seen = _taught(config, seed)
    lies = seen.owners == _liar(config, seed)
    head = Logistic(seen.features, np.where(lies, -1.0, seen.said), mu=_MU)
    optimum = head.optimum()
    audit = contributions(head, seen.owners.astype(np.int64), optimum)
    found = seen.owners == audit.argmax()
    rng = stream(seed, "unlearning/chain")
    forgotten = unlearn(head, found, optimum, steps=5 * config.steps, rng=rng).parameters
    again = head.only(~lies).optimum()
    tested = [_return(config, seed, policy) for policy in (optimum, forgotten, again)]
    return audit, tested


def _taught(config: UnlearningConfig, seed: int) -> Seen:
    """Let every teammate show what it would do: always what the expert does."""
    copies = [seed * 1000 + k for k in range(_COPIES * config.teammates)]
    env = rallypoint.make("cartpole-v1", copies=copies)
    draws = Draws(seed, "unlearning/slips", copies)
    env.reset(seed=0)
    features, said = [], []
    for _ in range(_STEPS):
        felt = env.state() / _SCALES
        right = (felt * _EXPERT).sum(axis=1) > 0
        features.append(np.column_stack([felt, np.ones(len(copies))]))
        said.append(np.where(right, 1.0, -1.0))
        step = env.step({"agents": (right ^ (draws.random() < _SLIPS))[:, None].astype(np.int64)})
        if step.ended.any():
            env.reset(mask=step.ended)
    owners = np.tile(np.arange(len(copies)) // _COPIES, _STEPS).astype(np.float64)
    return Seen(np.concatenate(features), np.concatenate(said), owners)


def _return(config: UnlearningConfig, seed: int, policy: Floats) -> float:
    copies = [seed * config.episodes + k for k in range(config.episodes)]
    env = rallypoint.make("cartpole-v1", copies=copies)
    env.reset(seed=1)
    lengths = np.zeros(len(copies))
    stands: Mask = np.ones(len(copies), dtype=bool)
    while stands.any():
        felt = np.column_stack([env.state() / _SCALES, np.ones(len(copies))])
        step = env.step({"agents": ((felt * policy).sum(axis=1) > 0)[:, None].astype(np.int64)})
        lengths += stands
        stands &= ~step.ended
        if step.ended.any():
            env.reset(mask=step.ended)
    return float(lengths.mean())


def _judge(config: UnlearningConfig, named: Floats, returns: Floats) -> Iterator[Finding]:
    poisoned, forgotten, again = returns.T
    yield claim_over_seeds(
        "unlearning/chain/named",
        named,
        statement="the optimum moves further without the liar's data than without anybody "
        "else's: its distance over the largest of the others",
        source=_OURS,
        expected="> 1 on every seed",
    )
    yield claim_over_seeds(
        "unlearning/chain/harm",
        poisoned / again,
        statement=f"one of {config.teammates} teammates who says left whatever it sees harms the "
        "imitated policy: its return as a share of training without it",
        source=_OURS,
        expected="<= 0.8",
    )
    yield claim_over_seeds(
        "unlearning/chain/mended",
        (forgotten - poisoned) / (again - poisoned),
        statement="forgetting what the audit names mends most of the harm: share of the way from "
        "the poisoned policy's return to that of training again",
        source=_OURS,
        expected=">= 0.8",
    )


def _picture(config: UnlearningConfig, returns: Floats) -> bytes:
    figure, axes = plots.new_figure(
        f"One of {config.teammates} teammates lies",
        "",
        "return on CartPole, of 500",
        size=(5.2, 4.0),
    )
    for place in range(len(_ARMS)):
        axes.plot(
            np.full(len(returns), place),
            returns[:, place],
            "o",
            color=plots.COLOURS[place],
            alpha=0.6,
        )
        axes.plot([place - 0.2, place + 0.2], [returns[:, place].mean()] * 2, "-k", marker="")
    axes.set_xticks(range(len(_ARMS)), ["poisoned", "liar forgotten", "trained again\nwithout it"])
    axes.set_ylim(0, 515)
    return plots.png(figure)
