"""What a learner does with experience that interruptions have touched.

Source: El Mhamdi, Guerraoui, Hendrikx & Maurer (2017), "Dynamic Safe Interruptibility for
Decentralized Multi-Agent Reinforcement Learning", arXiv:1704.02882, where ``drop_any`` restores
what independent learners lose, if their rule is neutral: of a step that is kept Sarsa still reads
the next executed action, which may be an interruption's. The others are for comparison, and three
of them are controls that are known to fail: see each.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

import numpy as np

from rallypoint.agents.tabular.transition import Transition
from rallypoint.draws import Floats, Integers, Mask
from rallypoint.errors import InvalidConfig

Processing = Literal[
    "none",
    "drop_own",
    "drop_any",
    "drop_others",
    "drop_episode",
    "executed_equals_proposed",
    "importance",
]
PROCESSINGS: tuple[Processing, ...] = get_args(Processing)


class KnownInterruption(NamedTuple):
    """How agents are interrupted, for learners that weigh by it and therefore have to know."""

    probability: Floats  # (N, S) of being interrupted, by percept
    law: Floats  # (N, S, A) of what is then done

    def check(self, num_agents: int, num_states: int, num_actions: int) -> None:
        """Refuse what is not known of so many agents, percepts and actions.

        Raises:
            InvalidConfig: other shapes, or numbers that are no probabilities.
        """
        shape = (num_agents, num_states)
        if self.probability.shape != shape or self.law.shape != (*shape, num_actions):
            raise InvalidConfig(
                f"what is known of interruption is probability {shape} and law "
                f"{(*shape, num_actions)}, got {self.probability.shape} and {self.law.shape}"
            )
        happens = self.probability > 0  # elsewhere nobody asks what is done
        sums = np.where(happens, self.law.sum(axis=2), 1)
        is_law = np.isclose(sums, 1).all() and (self.law >= 0).all()
        if not (is_law and ((self.probability >= 0) & (self.probability <= 1)).all()):
            raise InvalidConfig(
                "interruptions are known by probabilities in [0, 1], and by laws of what is done "
                "that are >= 0 and add up to 1 wherever there may be one"
            )


def _all(transition: Transition) -> Mask:
    return transition.present


def _own(transition: Transition) -> Mask:
    """Keep an agent's step unless it was interrupted itself."""
    return transition.present & ~transition.interrupted


def _nobody(transition: Transition) -> Mask:
    """Keep a step in which nobody was interrupted."""
    anybody: Mask = np.logical_or.reduce(_happened(transition), axis=1, keepdims=True)
    return transition.present & ~anybody


def _no_other(transition: Transition) -> Mask:
    """Keep an agent's step unless another was interrupted.

    With the executed action as key: what an agent does itself, a neutral rule is conditioned on.
    """
    happened = _happened(transition)
    nobody_else: Mask = happened.sum(axis=1, keepdims=True) == happened
    return transition.present & nobody_else


def _unchanged(transition: Transition) -> Mask:
    """Keep a step in which every override, if any, did what its agent had proposed anyway.

    A control that fails: an agent's partners are then seen to do what interruptions do too often.
    """
    changed: Mask = (transition.executed != transition.proposed) & transition.present
    anything: Mask = np.logical_or.reduce(changed, axis=1, keepdims=True)
    return transition.present & ~anything


# "drop_episode" keeps everything, until an episode ends; see temporal_difference.
_KEEPS: dict[str, Callable[[Transition], Mask]] = {
    "none": _all,
    "drop_own": _own,
    "drop_any": _nobody,
    "drop_others": _no_other,
    "drop_episode": _all,
    "executed_equals_proposed": _unchanged,
}


def weights(processing: Processing, transition: Transition) -> Mask | Floats:
    """Return what weight each agent's step is learned from with: (E, N); 0 is not at all.

    All are 0 or 1 except with ``importance``: there each partner's action counts by how much
    likelier it is under its policy than under interruption. That is right on average and not in
    law, since the steps that are taken differ; another control.

    Raises:
        InvalidConfig: importance weights of a step whose odds nobody said.
    """
    if processing != "importance":
        return _KEEPS[processing](transition)
    if transition.odds is None:
        raise InvalidConfig(
            "importance weights need to know how agents are interrupted: give train() an "
            "interruption=KnownInterruption(…), or use another processing"
        )
    odds = np.where(transition.present, transition.odds, 1)  # (E, N)
    others = np.where(np.eye(odds.shape[1], dtype=bool), 1, odds[:, None, :])  # (E, N, N)
    return np.where(transition.present, others.prod(axis=2), 0)


def odds_of(
    policy: Floats, interruption: KnownInterruption, percepts: Integers, executed: Integers
) -> Floats:
    """Return how much likelier what was done is under the policy than under interruption: (E, N).

    Args:
        policy: (E, N, A) the law of proposed actions.
        interruption: what else decides.
        percepts: (E, N) seen when actions were chosen.
        executed: (E, N) what was done.
    """
    agents = np.arange(percepts.shape[1])
    probability = interruption.probability[agents, percepts]
    overriding = interruption.law[agents, percepts, executed]
    proposing = np.take_along_axis(policy, executed[:, :, None], axis=2)[:, :, 0]
    whole = (1 - probability) * proposing + probability * overriding
    # What cannot have been done was done all the same: the slot of somebody who is not there.
    return np.divide(proposing, whole, out=np.ones_like(whole), where=whole > 0)


def _happened(transition: Transition) -> Mask:
    return transition.interrupted & transition.present
