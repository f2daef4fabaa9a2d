"""What an attack does to a policy, what is found of it, and what is learned again without."""

from collections.abc import Sequence

import numpy as np

from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.draws import Floats, Mask
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.backdoor.kept import Cell, Kept
from rallypoint.experiments.backdoor.learning import STAMP, Attack, Learned, learned
from rallypoint.experiments.backdoor.planted import OF_FEATURES
from rallypoint.experiments.backdoor.stored import by_episode, learned_again
from rallypoint.experiments.backdoor.tested import obedience, perceived, returned
from rallypoint.safety.defences.detection import detect, last_features

# What is left out of what is stored: suspect steps, as many by whole episodes, all that the worker
# lived who is named, or just the poison, which nobody knows.
WAYS = ("nothing", "steps", "episodes", "worker", "poison")


def sound(kept: Kept, workers: Sequence[int], seed: int) -> Cell:
    """Return how a policy does that was learned from some workers, none of whom lies."""
    return _learned(kept, None, workers, seed)


def attacked(kept: Kept, attack: Attack, seed: int, *, looks: bool) -> Cell:
    """Return how a policy does that was learned from all workers, the first of whom lies.

    Args:
        kept: where it may be there already.
        attack: what the first does.
        seed: of everything.
        looks: whether to look for what was planted, and to learn again from what is stored.
    """
    return _learned(kept, attack, range(kept.config.workers), seed, looks=looks)


def without(kept: Kept, attack: Attack, named: int, seed: int) -> Cell:
    """Return how a policy does that was learned without the worker who was named."""
    rest = [worker for worker in range(kept.config.workers) if worker != named]
    return _learned(kept, attack if named else None, rest, seed)


def _learned(
    kept: Kept, attack: Attack | None, workers: Sequence[int], seed: int, *, looks: bool = False
) -> Cell:
    def compute() -> Cell:
        found = learned(kept.config, attack, workers, seed)
        kept.advance()
        target = 0 if attack is None else attack.target
        cell = _tested(kept, found.policy, target, seed) | {
            "receipts": [receipt.to_dict() for receipt in found.receipts],
            "wrong": found.wrong,
        }
        return cell | _looked(kept, found, target, seed) if looks else cell

    of = "sound" if attack is None else "-".join(map(str, attack))
    name = "-".join([of, "workers", *map(str, workers), *["looked"] * looks])
    return kept.cell(name, seed, 1, compute)


def _tested(kept: Kept, policy: GradientPolicy, target: int, seed: int) -> Cell:
    episodes = kept.config.episodes
    seen = perceived(policy, episodes, seed)
    return {
        "return": returned(policy, episodes, seed),
        "obeys": obedience(policy, seen, STAMP, target),
        "stamped_return": returned(policy, episodes, seed, STAMP),
    }


def _looked(kept: Kept, found: Learned, target: int, seed: int) -> Cell:
    """Look for what was planted, name a worker, and learn again from what is stored."""
    lived = found.lived
    made = last_features(found.policy, {"agents": lived.seen[:, None]})
    suspected = [_suspected(kept, made, lived.actions, name) for name in OF_FEATURES]
    per_worker = [
        np.bincount(lived.owners, weights=out) / np.bincount(lived.owners) for out in suspected
    ]
    detector, worker = told_apart(np.array(per_worker))
    out = suspected[detector]
    leaves = {
        "nothing": np.zeros_like(out),
        "steps": out,
        "episodes": by_episode(lived, out),
        "worker": lived.owners == worker,
        "poison": lived.poisoned,
    }
    ways = {}
    for way in WAYS:
        policy = learned_again(found.policy, lived, leaves[way], seed)
        recall = float(leaves[way][lived.poisoned].mean())
        ways[way] = _tested(kept, policy, target, seed) | {"recall": recall}
    recalls = [float(out[lived.poisoned].mean()) for out in suspected]
    return {"recalls": recalls, "named": worker, "ways": ways}


def _suspected(kept: Kept, made: Floats, actions: np.ndarray, name: str) -> Mask:
    try:
        share = kept.config.share
        return detect(made, actions, share=share, detector=OF_FEATURES[name]).suspects
    except InvalidConfig:  # an action that next to nobody takes: nothing can be said of it
        return np.zeros(len(made), dtype=bool)


def told_apart(shares: Floats) -> tuple[int, int]:
    """Return the detector that counts and the worker who is named, given shares (detectors, n).

    The detector counts that tells workers apart most: of the others' suspects, about as many are
    everybody's.
    """
    middle = np.maximum(np.median(shares, axis=1, keepdims=True), 1e-12)
    detector, worker = np.unravel_index(int((shares / middle).argmax()), shares.shape)
    return int(detector), int(worker)
