"""Learning again from what is stored: without suspect steps, or without their whole episodes."""

import numpy as np

from rallypoint.agents.gradient.actor_critic import ActorCritic, Loss
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.optimisers import Adam
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.draws import Floats, Mask, stream
from rallypoint.experiments.backdoor.learning import GAMMA, Lived

_PASSES, _ROWS, _RATE = 6, 512, 2e-3
_MOST = 20.0  # how much more than an average step one may count
_RIDGE = 1e-3


def by_episode(lived: Lived, suspects: Mask) -> Mask:
    """Return the steps of whole episodes, about as many as there are suspects.

    Those whose steps are suspected most often leave first.
    """
    lengths = np.bincount(lived.episodes)
    shares = np.bincount(lived.episodes, weights=suspects) / lengths
    order = np.argsort(-shares, kind="stable")
    leaves = np.zeros(len(lengths), dtype=bool)
    leaves[order[np.cumsum(lengths[order]) <= suspects.sum()]] = True
    out: Mask = leaves[lived.episodes]
    return out


def learned_again(policy: GradientPolicy, lived: Lived, out: Mask, seed: int) -> GradientPolicy:
    """Let a new policy imitate what was done, each step as far as it was told to be worth it.

    Steps are weighted by the exponential of their advantage, in standard deviations. What a step
    was worth is the discounted sum of what was told after it; what is out was told to nobody.

    Args:
        policy: whose group and architecture the new one has.
        lived: what is stored.
        out: (rows,) what is left out.
        seed: of the new policy, and of the order of steps.

    Source: Peng, Kumar, Zhang & Levine (2019), "Advantage-Weighted Regression: Simple and Scalable
    Off-Policy Reinforcement Learning", arXiv:1910.00177.
    """
    worth: Floats = _returns(np.where(out, 0, lived.rewards), lived)[~out]
    seen = lived.seen[~out]
    shown, actions = seen.astype(np.float32), lived.actions[~out]
    gains: Floats = worth - _expected(seen, worth)
    counts = np.minimum(np.exp(gains / max(gains.std(), 1e-9)), _MOST).astype(np.float32)
    made = architecture_for(policy.group, policy=(32, 32), value=None)
    networks, rng = ActorCritic(made), stream(seed, "backdoor/stored")
    parameters, adam = made.initial(rng)[None], Adam()
    moments, time = adam.init(parameters), 0
    for _ in range(_PASSES):
        order = rng.permutation(len(seen))
        for rows in np.split(order[: len(order) // _ROWS * _ROWS], len(order) // _ROWS):
            weights = counts[rows][None, None]
            batch = Batch(shown[rows][None, None], actions[rows][None, None], weights, weights)
            told = networks.tell(parameters, batch)
            update = networks.gradient(batch, told, Loss(-weights / np.float32(_ROWS)))
            parameters, moments = adam.step(parameters, update[:, 0], moments, _RATE, time)
            time += 1
    return GradientPolicy(made, parameters[0], policy.group, greedy=True)


def _returns(rewards: Floats, lived: Lived) -> Floats:
    """Return the discounted rewards from each step to the end of its episode."""
    goes_on = np.append(np.diff(lived.episodes) == 0, False).reshape(lived.copies, -1)
    told = rewards.reshape(lived.copies, -1)
    worth, after = np.empty_like(told), np.zeros(lived.copies)
    for step in range(told.shape[1] - 1, -1, -1):
        after = told[:, step] + GAMMA * goes_on[:, step] * after
        worth[:, step] = after
    return worth.ravel()


def _expected(seen: Floats, worth: Floats) -> Floats:
    """Return what steps with such percepts are worth, by a regression on their squares."""
    scaled = seen / np.maximum(np.abs(seen).max(axis=0), 1e-9)
    first, second = np.triu_indices(seen.shape[1])
    shown = np.hstack([np.ones((len(seen), 1)), scaled, scaled[:, first] * scaled[:, second]])
    square = shown.T @ shown + _RIDGE * len(seen) * np.eye(shown.shape[1])
    expected: Floats = shown @ np.linalg.solve(square, shown.T @ worth)
    return expected
