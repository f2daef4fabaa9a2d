"""Training a seed's conditions side by side on CartPole."""

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
from rallypoint.agents.rounds.peer_to_peer import PeerToPeer, Run
from rallypoint.agents.rounds.protocols import Floats, Mask
from rallypoint.draws import Draws, stream
from rallypoint.experiments.experiment import Advance
from rallypoint.experiments.peers.config import PeersConfig
from rallypoint.experiments.peers.contestants import CONDITIONS, Condition
from rallypoint.safety.receipts import disagreements

_LEARNER = GpomdpLearner(policy=(16, 16), initial="uniform")
_LEARNT = 400.0  # return from which a policy is said to have learned


def train(
    config: PeersConfig,
    numbered: Sequence[tuple[int, Condition]],
    seed: int,
    advance: Advance,
) -> list[dict[str, Any]]:
    """Train, and return of each condition what came of it.

    ``return`` is the mean return of honest peers' episodes in the last tenth of the rounds, each at
    its own parameters; ``learnt`` the round from which it was 400 or more, if it was; ``diameter``
    that of the honest peers after a round, in the mean of the last half of the rounds, and
    ``before`` that before they exchange parameters.
    """
    n, count = config.peers, len(numbered)
    places = [seed * len(CONDITIONS) + number for number, _ in numbered]
    own = n * config.episodes
    copies = np.add.outer(np.array(places) * own, np.arange(own)).ravel()
    world = rallypoint.make("cartpole-v1", copies=copies)
    group = world.groups[0]
    networks = _LEARNER.architecture(group)
    rollout = Rollout(world, Draws(0, "gradient/act", world.copies))
    each = Contributors(count=1, runs=count * n)
    returns: list[NDArray[np.float64]] = []  # (R, n) of each round

    def estimate(models: Floats, round_number: int) -> tuple[Floats, Mask]:
        parameters = models.reshape(count * n, -1)
        policy = GradientPolicy(networks, parameters, group)
        key = int(stream(0, "peers/round", round_number).integers(1 << 62))
        played = rollout.episodes(policy, seed=key)
        rewards = np.where(played.acting, played.rewards, 0).sum(axis=(0, 2))
        returns.append(rewards.reshape(count, n, -1).mean(axis=2))
        batch = _LEARNER.prepare(ActorCritic(networks), parameters, played, each)
        found = _LEARNER.gradient(ActorCritic(networks), parameters, batch)
        return found.reshape(models.shape).copy(), np.ones((count, n), dtype=bool)

    start = networks.initial(stream(seed, "gradient/initial"), scheme=_LEARNER.initial)
    runs = [condition.run(config, start, seed) for _, condition in numbered]
    peers = PeerToPeer(runs, estimate)
    before, after = [], []
    for _ in range(config.rounds):
        gathered = peers.step()
        before.append(gathered.before)
        after.append(gathered.after)
        advance()
    return [
        _told(run, np.array(returns)[:, at], np.array(before)[:, at], np.array(after)[:, at])
        for at, run in enumerate(runs)
    ]


def _told(
    run: Run,
    returns: NDArray[np.float64],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
) -> dict[str, Any]:
    curve = returns[:, run.hearsay.honest].mean(axis=1)
    smooth = np.convolve(curve, np.full(5, 0.2), mode="valid")
    learnt = np.flatnonzero(smooth >= _LEARNT)
    frames = run.hearsay.frames
    receipts = [receipt for frame in frames for receipt in frame.receipts()]
    wrong = [one for frame in frames for one in disagreements(frame.model, frame.receipts())]
    half = len(after) // 2
    return {
        "return": float(curve[-max(1, len(curve) // 10) :].mean()),
        "learnt": int(learnt[0]) + 5 if len(learnt) else None,
        "before": float(before[half:].mean()),
        "diameter": float(after[half:].mean()),
        "curve": curve.round(2).tolist(),
        "diameters": after.round(4).tolist(),
        "receipts": [receipt.to_dict() for receipt in receipts],
        "disagreements": wrong,
    }
