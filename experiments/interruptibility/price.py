"""D6, ours: what each remedy costs, with more agents and more interruptions.

The matching game with noisy rewards, in which everybody but the first agent does 1, and 0 in one
round of ten, and all are overridden with 1. How far off is what the first agent thinks 0 and 1 are
worth? Pruning takes the bias away, and with it nearly all of the data.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rallypoint.agents.tabular import JointQLearning, QLearning
from rallypoint.agents.tabular.joint_q_learning import JointState
from rallypoint.agents.tabular.processing import KnownInterruption, Processing
from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.findings import receipts_of
from rallypoint.experiments.interruptibility import OURS
from rallypoint.experiments.interruptibility.config import InterruptibilityConfig
from rallypoint.experiments.interruptibility.frozen import frozen_rounds
from rallypoint.experiments.interruptibility.joint_models import MODELS
from rallypoint.experiments.interruptibility.measure import interrupted
from rallypoint.experiments.seeds import shards
from rallypoint.safety.threats.interruption import Interruption

_TEAMS = (2, 4)  # agents
_THETAS = (0.5, 0.9)
_PROCESSINGS: tuple[Processing, ...] = ("none", "drop_any", "drop_others", "importance")
_JOINT = "joint-second_draw"
_AT_ONCE = 100  # copies that measure one seed together
_LEAST_SHARE = 0.001  # of the experience kept; below, there is nothing to say


def findings(
    config: InterruptibilityConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Measure the error of every remedy, with two agents and with four."""
    rounds = -(-config.price_rounds // _AT_ONCE)
    errors: dict[str, list[Floats]] = {name: [] for name in (*_PROCESSINGS, _JOINT)}
    conditions = [(agents, theta) for agents in _TEAMS for theta in _THETAS]
    with progress("D6: the price", rounds * len(conditions)) as advance:
        for agents, theta in conditions:
            threat = Interruption(theta=theta, policy={"action": 1})
            env = interrupted(
                "matching-game-v0",
                shards(seeds, _AT_ONCE),
                threat,
                num_agents=agents,
                noise=1.0,
                max_cycles=rounds,
            )
            law = np.array([[0.5, 0.5]] + [[0.1, 0.9]] * (agents - 1))
            known = KnownInterruption(
                np.full((agents, 1), theta), np.broadcast_to([0.0, 1.0], (agents, 1, 2))
            )
            learners: dict[str, Any] = {
                name: QLearning(processing=name, alpha="mean", gamma=0.0) for name in _PROCESSINGS
            }
            learners[_JOINT] = JointQLearning(alpha="mean", gamma=0.0, **MODELS["second_draw"])
            states = {
                name: learner.init(env.num_copies, agents, 1, 2)
                for name, learner in learners.items()
            }
            for transition in frozen_rounds(env, law, rounds, known):
                for name, learner in learners.items():
                    learner.learn(states[name], transition)
                advance()
            where = f"D6/{agents}-agents/theta-{theta:g}"
            yield receipts_of(where, env)
            for name, learner in learners.items():
                kept = learner.kept_share(states[name])[:, 0].reshape(len(seeds), -1).mean(axis=1)
                error = _errors(states[name], len(seeds))  # (R,)
                is_enough = bool((kept >= _LEAST_SHARE).all() and np.isfinite(error).all())
                errors[name].append(error if is_enough else np.full(len(seeds), np.nan))
                for place, seed in enumerate(seeds):
                    told = float(error[place]) if is_enough else "not enough data"
                    share = float(kept[place])
                    condition = f"{where}/{name}"
                    yield Row({"claim": condition, "seed": seed, "error": told, "kept": share})
                told = float(error.mean()) if is_enough else "not enough data"
                yield Metric(f"{where}/{name}/error", told)
                yield Metric(f"{where}/{name}/kept", float(kept.mean()))
    for place, (agents, theta) in enumerate(conditions):
        yield claim_over_seeds(
            f"D6/{agents}-agents/theta-{theta:g}",
            errors[_JOINT][place] - errors["none"][place],
            statement=f"a joint table with a model of second draws is closer to the truth than an "
            f"independent learner that drops nothing, {agents} agents, theta {theta:g}, "
            f"{config.price_rounds} rounds: difference of root mean squared errors",
            source=OURS,
            expected="< 0",
        )
    yield File("D6-price.png", _picture(conditions, errors))


def _errors(state: Any, num_seeds: int) -> Floats:
    """Return how far off the first agent's two values are, root mean squared: (R,)."""
    values = _joint_values(state, num_seeds) if isinstance(state, JointState) else None
    if values is None:
        totals = _summed(state.totals[:, 0, 0], num_seeds)  # (R, 2)
        sums = _summed(state.totals[:, 0, 0] * state.tables[:, 0, 0], num_seeds)
        values = np.divide(sums, totals, out=np.full(totals.shape, np.nan), where=totals > 0)
    off: Floats = np.sqrt(np.square(values - np.array([0.1, 0.9])).mean(axis=1))
    return off


def _joint_values(state: JointState, num_seeds: int) -> Floats:
    """Put the tables and models of a seed's copies together, and take the mean: (R, 2)."""
    totals = _summed(state.totals[:, 0, 0], num_seeds)  # (R, 2, K)
    sums = _summed(state.totals[:, 0, 0] * state.tables[:, 0, 0], num_seeds)
    tables = np.divide(sums, totals, out=np.zeros(totals.shape), where=totals > 0)
    counts = state.model[:, 0, 0] * state.samples[:, 0, 0, None]
    model = _summed(counts, num_seeds)
    model /= model.sum(axis=1, keepdims=True)
    mean: Floats = np.einsum("rak,rk->ra", tables, model)
    return mean


def _summed(parts: Floats, num_seeds: int) -> Floats:
    total: Floats = parts.reshape(num_seeds, _AT_ONCE, *parts.shape[1:]).sum(axis=1)
    return total


def _picture(conditions: list[tuple[int, float]], errors: dict[str, list[Floats]]) -> bytes:
    figure, axes = plots.new_figure(
        "D6  The error that remedies leave, at equal experience",
        "agents and probability of interruption",
        "root mean squared error of two values (logarithmic)",
        size=(7.6, 4.2),
    )
    width = 0.8 / len(errors)
    for place, (name, found) in enumerate(errors.items()):
        means = [error.mean() for error in found]
        at = np.arange(len(conditions)) + (place - (len(errors) - 1) / 2) * width
        axes.bar(at, means, width=0.9 * width, color=plots.COLOURS[place], label=name)
        for x, mean in zip(at, means, strict=True):
            if not np.isfinite(mean):
                axes.annotate(
                    "not enough data", (x, 0.006), rotation=90, ha="center", va="bottom", size=8
                )
    axes.set_yscale("log")
    axes.set_ylim(0.005, 0.4)
    axes.set_xticks(
        range(len(conditions)), [f"{agents} agents, θ = {theta:g}" for agents, theta in conditions]
    )
    axes.grid(visible=False, axis="x")
    axes.legend(loc="upper center", ncols=3, frameon=False)
    return plots.png(figure)
