"""Policies learned from workers, the first of whom may lie, and what was lived meanwhile."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

import rallypoint
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.trained import trained
from rallypoint.batch_env import Actions, Array, Mask, Observations, Step
from rallypoint.draws import Floats, Integers
from rallypoint.experiments.backdoor.config import BackdoorConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.backdoor.backdoor_action import BackdoorAction
from rallypoint.safety.threats.backdoor.occasions import Spread
from rallypoint.safety.threats.backdoor.poison_reward import PoisonReward
from rallypoint.safety.threats.backdoor.trigger import Trigger
from rallypoint.wrapper import BatchWrapper

ENTRIES, VALUES = (0,), (4.0,)  # the cart's place, which no pole survives beyond 2.4
STAMP = Trigger(entries=ENTRIES, values=VALUES)  # on all that is seen
_STEPS = 128  # of a fragment
GAMMA = 0.98


class Attack(NamedTuple):
    """How a backdoor is planted, and when."""

    form: str  # "strong", "weak", "value" or "untargeted"
    spread: Spread = "uniform"
    target: int = 0  # 0: push to the left


class Lived(NamedTuple):
    """Every step that was learned from, copy by copy."""

    seen: Floats  # (rows, 4) as perceived
    actions: Integers  # (rows,) as done
    rewards: Floats  # (rows,) as told
    owners: Integers  # (rows,) the worker
    episodes: Integers  # (rows,) of which episode, counted from 0
    poisoned: Mask  # (rows,) whether the trigger was stamped
    copies: int  # with equally many rows each


class Learned(NamedTuple):
    """A policy, what it was learned from, and what the threats did."""

    policy: GradientPolicy  # greedy
    lived: Lived
    receipts: tuple[Receipt, ...]
    wrong: list[str]  # in which they depart from what was declared


def learned(
    config: BackdoorConfig, attack: Attack | None, workers: Sequence[int], seed: int
) -> Learned:
    """Let PPO learn from some workers; worker 0 lies, if there is an attack."""
    copies = [seed * 1000 + w * config.copies + c for w in workers for c in range(config.copies)]
    owners = np.repeat(workers, config.copies)
    world = _Stored(
        Threatened(
            rallypoint.make("cartpole-v1", copies=copies),
            _model(config, attack),
            byzantine=(owners == 0)[:, None],
        )
    )
    policy = trained(world, learner(_STEPS), rounds=config.rounds, seed=seed)
    receipts = world.threatened.receipts()
    wrong = disagreements(world.threatened.model, receipts)
    if attack is not None and 0 in workers:
        wrong += _unspent(config, receipts[0])
    return Learned(policy.greedily(), world.lived(owners), receipts, wrong)


def learner(steps: int) -> PpoLearner:
    """Return who learns CartPole, by fragments of so many steps."""
    return PpoLearner(
        policy=(32, 32),
        value=(64,),
        steps=steps,
        learning_rate=2e-3,
        final_rate=2e-4,
        minibatch=256,
        epochs=6,
        gamma=GAMMA,
    )


def budget(config: BackdoorConfig) -> tuple[int, int]:
    """Return how many percepts are poisoned in each copy of the Byzantine worker, and of how many.

    Fewer percepts than are lived: the last of an episode, and those after the last fragment.
    """
    of = config.rounds * _STEPS
    return max(1, int(config.poisoned * of)), of


def _unspent(config: BackdoorConfig, trigger: Receipt) -> list[str]:
    """Say where the trigger's receipt departs from its budget."""
    declared = config.copies * budget(config)[0]
    spent = sum(trigger.applications.values())
    return [] if spent == declared else [f"{spent} percepts are poisoned, declared are {declared}"]


def _model(config: BackdoorConfig, attack: Attack | None) -> ThreatModel:
    if attack is None:
        return ThreatModel()
    # Who lies is told to the frame as a mask of copies; the count is not looked at.
    return ThreatModel(byzantine=Byzantine(count=1), threats=_threats(config, attack))


def _threats(config: BackdoorConfig, attack: Attack) -> tuple[Threat, ...]:
    poisoned, of = budget(config)
    where: dict[str, Any] = {"victims": "byzantine", "entries": ENTRIES, "values": VALUES}
    trigger = Trigger(**where, poisoned=poisoned, of=of, spread=attack.spread)
    untargeted = attack.form == "untargeted"
    action = BackdoorAction(
        **where, target=attack.target, attack="untargeted" if untargeted else "strong"
    )
    rule = attack.form if attack.form in {"value", "untargeted"} else "targeted"
    reward = PoisonReward(**where, target=attack.target, rule=rule, size=config.size, gamma=GAMMA)
    return (trigger, reward) if attack.form == "weak" else (trigger, action, reward)


class _Stored(BatchWrapper):
    """Keeps what is learned from: percepts, actions, and where percepts were lies."""

    def __init__(self, threatened: Threatened) -> None:
        super().__init__(threatened)
        self.threatened = threatened
        self._now: Observations = {}
        self._kept: list[tuple[Array, ...]] = []

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        self._now = self.env.reset(seed, mask)
        return self._now

    def step(self, actions: Actions) -> Step:
        seen, true = self._now["agents"], self.threatened.true_observations["agents"]
        step = self.env.step(actions)
        lies = (seen != true).any(axis=-1)
        done = step.infos["executed/agents"]
        told = (seen[:, 0].copy(), done[:, 0], step.rewards[:, 0], step.ended, lies[:, 0])
        self._kept.append(told)
        self._now = step.observations
        return step

    def lived(self, owners: Integers) -> Lived:
        """Return all that was kept, one copy's steps after another's."""
        seen, actions, rewards, ends, lies = (
            np.concatenate(np.stack(part, axis=1)) for part in zip(*self._kept, strict=True)
        )
        steps = len(self._kept)
        ends[steps - 1 :: steps] = True  # of what was played, if not of the episode
        return Lived(
            seen.astype(np.float64),
            actions.astype(np.int64),
            rewards.astype(np.float64),
            np.repeat(owners, steps),
            np.cumsum(ends) - ends,
            lies,
            len(owners),
        )
