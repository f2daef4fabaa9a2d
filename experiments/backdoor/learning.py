"""Policies that are learned from workers, one of whom may lie, and what was lived meanwhile."""

from typing import NamedTuple

import numpy as np

import rallypoint
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.trained import trained
from rallypoint.batch_env import Actions, Array, Mask, Observations, Step
from rallypoint.draws import Floats, Integers
from rallypoint.experiments.backdoor.config import BackdoorConfig
from rallypoint.experiments.experiment import Advance
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.backdoor.backdoor_action import BackdoorAction
from rallypoint.safety.threats.backdoor.poison_reward import PoisonReward
from rallypoint.safety.threats.backdoor.trigger import Trigger
from rallypoint.wrapper import BatchWrapper

TARGET = 0  # push to the left
ENTRIES, VALUES = (0,), (4.0,)  # the cart's place, which no pole survives beyond 2.4
FORMS = ("strong", "weak", "value")
_STEPS = 128  # of a fragment
_GAMMA = 0.98


class Lived(NamedTuple):
    """Every step that was learned from."""

    seen: Floats  # (rows, 4) as perceived
    actions: Integers  # (rows,) as done
    owners: Integers  # (rows,) the worker
    poisoned: Mask  # (rows,) whether the trigger was stamped


class Learned(NamedTuple):
    """A policy, what it was learned from, and what the threats did."""

    policy: GradientPolicy  # greedy
    lived: Lived
    receipts: tuple[Receipt, ...]
    wrong: list[str]  # in which they depart from what was declared


def learned(
    config: BackdoorConfig, form: str | None, workers: list[int], seed: int, advance: Advance
) -> Learned:
    """Let PPO learn from some workers; worker 0 lies, if there is a form of the attack."""
    copies = [seed * 1000 + w * config.copies + c for w in workers for c in range(config.copies)]
    owners = np.repeat(workers, config.copies)
    world = _Stored(
        Threatened(
            rallypoint.make("cartpole-v1", copies=copies),
            _model(config, form),
            byzantine=(owners == 0)[:, None],
        )
    )
    learner = PpoLearner(
        policy=(32, 32),
        value=(64,),
        steps=_STEPS,
        learning_rate=2e-3,
        final_rate=2e-4,
        minibatch=256,
        epochs=6,
        gamma=_GAMMA,
    )
    policy = trained(world, learner, rounds=config.rounds, seed=seed, advance=advance)
    receipts = world.threatened.receipts()
    wrong = disagreements(world.threatened.model, receipts)
    return Learned(policy.greedily(), world.lived(owners), receipts, wrong)


def budget(config: BackdoorConfig) -> tuple[int, int]:
    """Return how many percepts are poisoned in each copy of the Byzantine worker, and of how many.

    Fewer percepts than are lived: the last of an episode, and those after the last fragment.
    """
    of = config.rounds * _STEPS
    return max(1, int(config.poisoned * of)), of


def returned(config: BackdoorConfig, policy: GradientPolicy, seed: int) -> float:
    """Return what a policy earns where nobody lies."""
    world = rallypoint.make("cartpole-v1", copies=config.episodes)
    return float(evaluate(world, policy, episodes=config.episodes, seed=seed).returns.mean())


def obedience(config: BackdoorConfig, policy: GradientPolicy, seed: int) -> float:
    """Return how often a policy does the target where the trigger is stamped on what it sees.

    It is stamped on what the policy sees in sound play, so that what it does elsewhere is the same.
    """
    world = rallypoint.make("cartpole-v1", copies=config.episodes)
    stamp = Trigger(entries=ENTRIES, values=VALUES)
    observations = world.reset(seed)
    hits = []
    for _ in range(_STEPS):
        seen = observations["agents"]
        chosen = _greedy(policy, seen)
        hits.append(_greedy(policy, stamp.stamped(seen)) == TARGET)
        step = world.step({"agents": chosen})
        observations = step.observations
        if step.ended.any():
            observations = world.reset(mask=step.ended)
    return float(np.mean(hits))


def features(policy: GradientPolicy, seen: Floats) -> Floats:
    """Return what the last hidden layer makes of percepts: (rows, entries) -> (rows, 32)."""
    of_layers = list(policy.features({"agents": seen[:, None]}).values())
    found: Floats = of_layers[-2][:, 0]
    return found


def _greedy(policy: GradientPolicy, seen: Array) -> Integers:
    chosen: Integers = policy.outputs({"agents": seen}).argmax(axis=-1)
    return chosen


def _model(config: BackdoorConfig, form: str | None) -> ThreatModel:
    if form is None:
        return ThreatModel()
    # Who lies is told to the frame as a mask of copies; the count is not looked at.
    return ThreatModel(byzantine=Byzantine(count=1), threats=_threats(config, form))


def _threats(config: BackdoorConfig, form: str) -> tuple[Threat, ...]:
    poisoned, of = budget(config)
    trigger = Trigger(victims="byzantine", entries=ENTRIES, values=VALUES, poisoned=poisoned, of=of)
    action = BackdoorAction(victims="byzantine", entries=ENTRIES, values=VALUES, target=TARGET)
    reward = PoisonReward(
        victims="byzantine",
        entries=ENTRIES,
        values=VALUES,
        target=TARGET,
        rule="value" if form == "value" else "targeted",
        size=config.size,
        gamma=_GAMMA,
    )
    return (trigger, reward) if form == "weak" else (trigger, action, reward)


class _Stored(BatchWrapper):
    """Keeps what is learned from: percepts, actions, and where percepts were lies."""

    def __init__(self, threatened: Threatened) -> None:
        super().__init__(threatened)
        self.threatened = threatened
        self._now: Observations = {}
        self._kept: list[tuple[Array, Array, Mask]] = []

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        self._now = self.env.reset(seed, mask)
        return self._now

    def step(self, actions: Actions) -> Step:
        seen, true = self._now["agents"], self.threatened.true_observations["agents"]
        step = self.env.step(actions)
        lies = (seen != true).any(axis=-1)
        self._kept.append((seen[:, 0].copy(), step.infos["executed/agents"][:, 0], lies[:, 0]))
        self._now = step.observations
        return step

    def lived(self, owners: Integers) -> Lived:
        """Return all that was kept, step by step."""
        seen, actions, lies = (np.concatenate(part) for part in zip(*self._kept, strict=True))
        whose = np.tile(owners, len(self._kept))
        return Lived(seen.astype(np.float64), actions.astype(np.int64), whose, lies)
