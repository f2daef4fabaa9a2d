"""Training a seed's conditions side by side on CartPole."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rallypoint
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import GpomdpLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.rounds.protocols import Floats
from rallypoint.agents.rounds.replicated import Replication
from rallypoint.draws import Draws, stream
from rallypoint.experiments.byzantine_servers.config import ByzantineServersConfig
from rallypoint.experiments.byzantine_servers.contestants import CONDITIONS, Condition
from rallypoint.experiments.experiment import Advance
from rallypoint.safety.receipts import disagreements

_LEARNER = GpomdpLearner(policy=(16, 16), initial="uniform")
_LEARNT = 400.0  # return from which a policy is said to have learned


def train(
    config: ByzantineServersConfig,
    numbered: Sequence[tuple[int, Condition]],
    seed: int,
    advance: Advance,
) -> list[dict[str, Any]]:
    """Train, and return of each condition what came of it.

    ``return`` is the mean return of honest workers' episodes in the last tenth of the rounds, at
    the parameters that each was sent, unless a lying server alone sent them; ``learnt`` the round
    from which it was 400 or more, if it was; ``diameter`` that of the honest replicas before they
    come together, in the mean of the last half of the rounds.
    """
    runs = [condition.run(config, seed) for _, condition in numbered]
    n = config.contributors
    places = [seed * len(CONDITIONS) + number for number, _ in numbered]
    own = n * config.episodes
    world = rallypoint.make(
        "cartpole-v1", copies=np.add.outer(np.array(places) * own, np.arange(own)).ravel()
    )
    group = world.groups[0]
    networks = _LEARNER.architecture(group)
    rollout = Rollout(world, Draws(0, "gradient/act", world.copies))
    each = Contributors(count=1, runs=len(runs) * n)
    returns: list[NDArray[np.float64]] = []  # (R, n) of each round

    def estimate(models: Floats, round_number: int, attempt: int) -> Floats:
        parameters = models.reshape(len(runs) * n, -1)
        policy = GradientPolicy(networks, parameters, group)
        key = int(stream(0, "byzantine_servers/round", round_number, attempt).integers(1 << 62))
        played = rollout.episodes(policy, seed=key)
        rewards = np.where(played.acting, played.rewards, 0).sum(axis=(0, 2))
        brought = rewards.reshape(len(runs), n, -1).mean(axis=2)
        if attempt:
            returns[-1] = brought
        else:
            returns.append(brought)
        batch = _LEARNER.prepare(ActorCritic(networks), parameters, played, each)
        found = _LEARNER.gradient(ActorCritic(networks), parameters, batch)
        return found.reshape(models.shape).copy()

    start = networks.initial(stream(seed, "gradient/initial"), scheme=_LEARNER.initial)
    servers = [condition.servers(config, start, seed) for _, condition in numbered]
    replication = Replication(runs, servers, estimate)
    diameters, refused, lied_to = [], [], []
    for _ in range(config.rounds):
        gathered = replication.step()
        diameters.append(gathered.diameters)
        lied_to.append(replication.is_lied_to)
        refused.append(gathered.refused)
        advance()
    counted = np.where(lied_to, np.nan, returns)  # (rounds, R, n)
    return [
        _told(
            at,
            replication,
            counted[:, at],
            np.stack(diameters)[:, at],
            np.stack(refused)[:, at],
        )
        for at in range(len(runs))
    ]


def _told(
    at: int,
    replication: Replication,
    returns: NDArray[np.float64],
    diameters: NDArray[np.float64],
    refused: Floats,
) -> dict[str, Any]:
    run = replication.runs[at]
    honest = np.ones(run.protocol.contributors, dtype=bool)
    if run.threats is not None:
        honest = ~run.threats.liars
    curve = np.nanmean(returns[:, honest], axis=1)
    smooth = np.convolve(curve, np.full(5, 0.2), mode="valid")
    learnt = np.flatnonzero(smooth >= _LEARNT)
    frames = [frame for frame in (run.server_threats, run.threats) if frame is not None]
    receipts = [receipt for frame in frames for receipt in frame.receipts()]
    wrong = [one for frame in frames for one in disagreements(frame.model, frame.receipts())]
    return {
        "return": float(curve[-max(1, len(curve) // 10) :].mean()),
        "learnt": int(learnt[0]) + 5 if len(learnt) else None,
        "diameter": float(diameters[len(diameters) // 2 :].mean()),
        "refused": None if np.isnan(refused).all() else float(np.nanmean(refused)),
        "curve": curve.round(2).tolist(),
        "diameters": diameters.round(4).tolist(),
        "receipts": [receipt.to_dict() for receipt in receipts],
        "disagreements": wrong,
    }


def seconds_of_servers(
    config: ByzantineServersConfig, condition: Condition, *, size: int = 386, repeats: int = 30
) -> float:
    """Return the CPU seconds that a round takes apart from computing updates, in the median."""
    updates = stream(0, "byzantine_servers/timing").standard_normal((1, config.contributors, size))
    found = updates.astype(np.float32)
    replication = Replication(
        [condition.run(config, 0)],
        [condition.servers(config, np.zeros(size, dtype=np.float32), 0)],
        lambda *_: found.copy(),
    )
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        replication.step()
        taken.append(time.process_time() - began)
    return float(np.median(taken))
