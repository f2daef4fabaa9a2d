"""Many runs of one attack in one world: rules by seeds, played and learned side by side.

A run's numbers are a function of its setting, attack, rule and seed (and group). Its carts have ids
that no other run's have, drawn from its rule and seed; the world's own seed is the same for all.
Policies start from what the seed alone draws, so that every rule and attack of a seed begins alike.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import rallypoint
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.architecture import Architecture
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.descent import Descent, straight
from rallypoint.agents.gradient.ensemble import dealt
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import FedPgBrLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.reports import Report
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.scsg import Scsg
from rallypoint.agents.gradient.server import Server
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws, stream
from rallypoint.experiments.byzantine_gradient.attacks import threat_model
from rallypoint.experiments.byzantine_gradient.outcome import Outcome
from rallypoint.experiments.byzantine_gradient.rules import aggregator
from rallypoint.experiments.byzantine_gradient.setting import WORLD, Setting
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.updates import UpdateThreats

_WORLD_SEED = 0  # of every world: who meets what there is a matter of the carts' ids
_EVALUATED = 32  # episodes of each policy in the end
_ROOM = 1 << 12  # ids of a run's carts, of which the last half are its server's
_SERVERS = _ROOM // 2
_AHEAD = 512  # draws made at a time; an episode takes up to 500


class Run(NamedTuple):
    """One of the runs that are stacked."""

    rule: str
    seed: int
    group: int | None = None  # of the contributors, where several groups learn a policy each

    @property
    def among_groups(self) -> tuple[int, ...]:
        """What tells its draws from those of other groups of the same rule and seed."""
        return () if self.group is None else (self.group,)


class Stacked(NamedTuple):
    """What came of runs: one outcome each, and the policies."""

    outcomes: list[Outcome]
    architecture: Architecture  # of the policies
    weights: NDArray[np.float32]  # (R, d) of the policies in the end


def train(setting: Setting, attack: str, runs: Sequence[Run]) -> Stacked:
    """Train R runs of one attack in one world."""
    in_updates = [_in_updates(setting, attack, run) for run in runs]
    contributors = Contributors(count=setting.contributors, runs=len(runs))
    world: BatchEnv = rallypoint.make(WORLD, copies=_carts(setting, runs).tolist())
    in_world = threat_model(attack, [0]).in_world()
    if in_world.threats:
        liars = np.stack([threats.byzantine for threats in in_updates])
        world = Threatened(
            world,
            in_world,
            byzantine=contributors.of_copies(world.num_copies, world.num_agents, liars),
        )
    rounds = _rounds(setting, runs, world, contributors, in_updates)
    reports = list(rounds.run(setting.rounds))
    frames = [world] if isinstance(world, Threatened) else []
    greedy = _greedy(rounds, runs)
    outcomes = [
        _outcome(place, reports, greedy[place], rounds.honest[place], [threats, *frames])
        for place, threats in enumerate(in_updates)
    ]
    return Stacked(outcomes, rounds.architecture, rounds.weights)


def _in_updates(setting: Setting, attack: str, run: Run) -> UpdateThreats:
    """Return what threatens a run's updates, and who of its contributors lies."""
    members = np.arange(setting.liars)
    if run.group is not None:
        mine = dealt(setting.workers, setting.groups, seed=run.seed)[run.group]
        members = np.flatnonzero(mine < setting.liars)
    model = threat_model(attack, members.tolist()).at("update")
    return UpdateThreats(model, contributors=setting.contributors, seed=run.seed)


def _rounds(
    setting: Setting,
    runs: Sequence[Run],
    world: BatchEnv,
    contributors: Contributors,
    threats: Sequence[UpdateThreats],
) -> Rounds:
    learner = setting.policy
    networks = learner.architecture(world.groups[0])
    start = [
        networks.initial(
            stream(run.seed, "byzantine_gradient/initial", *run.among_groups),
            scheme=learner.initial,
        )
        for run in runs
    ]
    server = Server(
        np.stack(start),
        [Aggregator.parse(aggregator(run.rule, setting)) for run in runs],
        f=setting.tolerated,
        seeds=[run.seed for run in runs],
        optimiser=learner.server_optimiser,
        pace=learner.pace,
    )
    return Rounds(
        Rollout(world, Draws(_WORLD_SEED, "byzantine_gradient/act", world.copies, ahead=_AHEAD)),
        networks,
        learner,
        contributors,
        server,
        steps=learner.steps,
        seeds=[run.seed for run in runs],
        contribution=learner.contribution,
        threats=threats,
        world_seed=_WORLD_SEED,
        descent=_descent(setting, runs, networks),
    )


def _descent(setting: Setting, runs: Sequence[Run], networks: Architecture) -> Descent:
    """Return what servers do with an aggregate; FedPG-BR's have carts of their own."""
    learner = setting.policy
    if not setting.inner or not isinstance(learner, FedPgBrLearner):
        return straight
    own = learner.own_batch
    carts = np.concatenate([_first_cart(run) + _SERVERS + np.arange(own) for run in runs])
    world = rallypoint.make(WORLD, copies=carts.tolist())
    return Scsg(world, networks, learner, batch=own, seed=_WORLD_SEED)


def _carts(setting: Setting, runs: Sequence[Run]) -> NDArray[np.int64]:
    """Return the ids of the carts, run by run: (R * workers * episodes,)."""
    own = np.arange(setting.contributors * setting.episodes)
    return np.concatenate([_first_cart(run) + own for run in runs])


def _first_cart(run: Run) -> int:
    rng = stream(run.seed, "byzantine_gradient/carts", run.rule, *run.among_groups)
    return int(rng.integers(1 << 50)) * _ROOM


def _greedy(rounds: Rounds, runs: Sequence[Run]) -> NDArray[np.float64]:
    """Return the mean return of each run's policy, taking the likeliest actions: (R,)."""
    carts = np.concatenate([_first_cart(run) + np.arange(_EVALUATED) for run in runs])
    world = rallypoint.make(WORLD, copies=carts.tolist())
    policy = GradientPolicy(rounds.architecture, rounds.weights, world.groups[0], greedy=True)
    # Another seed than any round's: no policy is judged by the starts that it learned from.
    seed = int(stream(_WORLD_SEED, "byzantine_gradient/judged").integers(1 << 62))
    found = evaluate(world, policy, episodes=len(carts), seed=seed)
    mean: NDArray[np.float64] = found.returns[:, 0].reshape(len(runs), -1).mean(axis=1)
    return mean


def _outcome(
    place: int,
    reports: Sequence[Report],
    greedy: float,
    honest: NDArray[np.bool_],
    frames: Sequence[UpdateThreats | Threatened],
) -> Outcome:
    believed = np.stack([report.believed[place] for report in reports])  # (T, n)
    lying = ~honest
    return Outcome(
        returns=[_number(report.returns[place]) for report in reports],
        ratio=[_number(report.ratio[place]) for report in reports],
        cosine=[_number(report.cosine[place]) for report in reports],
        on_liars=believed[:, lying].sum(axis=1).round(4).tolist(),
        honest_believed=_share(believed[:, honest] > 0),
        liars_believed=_share(believed[:, lying] > 0),
        greedy=round(float(greedy), 3),
        receipts=[receipt.to_dict() for frame in frames for receipt in frame.receipts()],
        disagreements=[
            sentence
            for frame in frames
            for sentence in disagreements(frame.model, frame.receipts())
        ],
    )


def _share(believed: NDArray[np.bool_]) -> list[float]:
    """Return the share of contributors by round, (T, n) -> T numbers; 0 of nobody."""
    shares: list[float] = (believed.sum(axis=1) / max(believed.shape[1], 1)).round(4).tolist()
    return shares


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
