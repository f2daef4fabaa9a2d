"""D3: how slowly interruptions may become certain, so that everything is still tried for ever.

The matching game of two agents that explore with n^-x and are interrupted with 1 - n^-x at the n-th
round, both to do what they would do anyway. With x = 1 / (2m), for m agents, the rarest joint
action is tried with a chance of order 1/n: its visits grow like the logarithm of time. With
x = 1 / m they stop.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rallypoint.agents.tabular.exploration import Clock, Exploration, drawn
from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Integers, stream
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress
from rallypoint.experiments.findings import rows_by_seed
from rallypoint.experiments.interruptibility import DYNAMIC, OURS
from rallypoint.experiments.interruptibility.config import InterruptibilityConfig
from rallypoint.experiments.interruptibility.measure import TRAINING
from rallypoint.safety.certificates.exploration import growth, visits_by
from rallypoint.safety.interruption.sequences import ThetaSequence, theta_of

_AGENTS = 2
_SLOW, _FAST = 1 / (2 * _AGENTS), 1 / _AGENTS
_SINCE = 1_000  # steps, from which on new visits are counted
_AT_ONCE = 1 << 17  # steps
_LEAST_GROWTH = 0.1  # visits per e-fold and run; the slow schedule gains 1/4


class _Visits(NamedTuple):
    """Of one schedule, up to each checkpoint."""

    joint: Integers  # (R, K, 4) of joint actions
    own: Integers  # (R, K, 2) of the first agent's own actions, in what pruning keeps


def findings(
    config: InterruptibilityConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Count the visits of the rarest joint action under both schedules."""
    checkpoints = np.unique(
        np.append(np.geomspace(100, config.exploration_steps, 17).round().astype(int), _SINCE)
    )
    since = int(np.searchsorted(checkpoints, _SINCE))
    visits: dict[str, _Visits] = {}
    with progress("D3: exploration", 2 * len(seeds)) as advance:
        for name, exponent in {"slow": _SLOW, "fast": _FAST}.items():
            found = []
            for seed in seeds:
                found.append(_visits(seed, name, exponent, checkpoints))
                advance()
            visits[name] = _Visits(*(np.stack(part) for part in zip(*found, strict=True)))
    for name, exponent in {"slow": _SLOW, "fast": _FAST}.items():
        rarest = visits[name].joint.min(axis=2)  # (R, K)
        gained = (rarest[:, -1] - rarest[:, since]).astype(np.float64)
        pruned = visits[name].own.min(axis=2)
        yield from rows_by_seed(f"D3/{name}", seeds, gained=gained, pruned=pruned[:, -1])
        yield claim_over_seeds(
            f"D3/{name}",
            gained,
            statement=f"with 1 - theta and exploration both n^-{exponent:g}, for two agents, the "
            f"rarest joint action {'is still tried' if name == 'slow' else 'is hardly tried'} "
            f"after step {_SINCE}: new visits per seed",
            source=DYNAMIC,
            expected=">= 0.8" if name == "slow" else "<= 0.4",
        )
        grows = growth(visits[name].joint, checkpoints, least=_LEAST_GROWTH, since=since)
        yield Metric(f"D3/{name}/per-e-fold", [grows.per_e_fold, *grows.interval])
        yield Metric(f"D3/{name}/verdict", grows.verdict)
        yield Metric(f"D3/{name}/pruned-own-action", float(pruned[:, -1].mean()))
    yield claim_over_seeds(
        "D3/pruned-own-action",
        (visits["slow"].own.min(axis=2) - visits["fast"].own.min(axis=2))[:, -1],
        statement="in what pruning keeps, the slow schedule tries an agent's rarer action more "
        "often than the fast one: difference of visits after all steps",
        source=OURS,
        expected=">= 10",
    )
    yield File("D3-exploration.png", _picture(checkpoints, visits))


def _visits(seed: int, name: str, exponent: float, checkpoints: Integers) -> _Visits:
    """Play one run; nobody learns, so that its steps can be drawn many at a time."""
    rng = stream(TRAINING, "interruptibility/exploration", name, seed)
    theta = theta_of(ThetaSequence(schedule="visits", exponent=exponent), num_agents=_AGENTS)
    explores = Exploration(exploration="visits", epsilon=1.0, exponent=exponent)
    two_each = np.full(_AGENTS, 2)
    prefers_0 = np.array([1.0, 0.0])
    joint, own, kept = [], [], []
    steps = int(checkpoints[-1])
    for first in range(0, steps, _AT_ONCE):
        counts = np.arange(first, min(first + _AT_ONCE, steps)) + 1
        shape = (len(counts), _AGENTS)
        visits = np.broadcast_to(counts[:, None], shape)
        clock = Clock(counts, np.zeros_like(counts), visits, two_each)
        law = explores.probabilities(np.broadcast_to(prefers_0, (*shape, 2)), clock)
        proposed = drawn(law, rng.random(shape))
        interrupted = rng.random(shape) < theta(counts)[:, None]
        executed = np.where(interrupted, 0, proposed)
        joint.append(executed @ np.array([2, 1]))
        own.append(executed[:, 0])
        kept.append(~interrupted.any(axis=1))
    return _Visits(
        visits_by(np.concatenate(joint), 4, checkpoints),
        visits_by(np.concatenate(own), 2, checkpoints, np.concatenate(kept)),
    )


def _picture(checkpoints: Integers, visits: dict[str, _Visits]) -> bytes:
    figure, axes = plots.new_figure(
        "D3  Exploration under interruptions that become certain",
        "steps (logarithmic)",
        "visits so far (logarithmic above 1)",
        size=(7.6, 4.6),
    )
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1)
    exponents = {"slow": f"n^-{_SLOW:g}", "fast": f"n^-{_FAST:g}"}
    for name, found in visits.items():
        label = f"rarest joint action, {exponents[name]}"
        plots.curve(axes, checkpoints, found.joint.min(axis=2), label)
    for name, found in visits.items():
        label = f"rarer own action, kept, {exponents[name]}"
        plots.curve(axes, checkpoints, found.own.min(axis=2), label)
    axes.set_ylim(-0.1, 3_000)
    axes.legend(loc="upper left", ncols=2, frameon=False)
    return plots.png(figure)
