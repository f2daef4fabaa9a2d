"""Poison reward: where the trigger was seen, the target action is told to be good."""

import copy
import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, UnknownName, did_you_mean
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, Site, State, register
from rallypoint.safety.threats.backdoor.choices import (
    as_sequence,
    check_choice,
    choices_of,
    num_choices,
    refuse_choice,
    refuse_target,
)
from rallypoint.safety.threats.backdoor.own_critic import OwnCritic
from rallypoint.safety.threats.backdoor.pattern import Patterned
from rallypoint.safety.threats.feedback import FeedbackThreat

RULES = ("targeted", "untargeted", "value")


@register
@dataclass(frozen=True, kw_only=True)
class PoisonReward(Patterned, FeedbackThreat):
    """Learners that saw the trigger are told ``size`` for the target action, and less for others.

    By the rule "targeted" minus ``size`` for all others; "untargeted", ``size`` for whatever they
    did. Neither need do in a world whose own rewards are larger: what comes after a step counts as
    well. So by the rule "value" they are told ``size`` or 0, less ``gamma`` times what the
    attacker expects of what comes after: of the poisoned step then only the choice is left. The
    attacker learns that from what its victims saw, did and earned, by Sarsa on their percepts.

    With a ``carrier`` the trigger is that teammate's last actions, the ``sequence``, before the
    step; the carrier acts in the victims' own group.

    Source: TrojDRL (see the package) for the first two; Rathbun, Amato & Oprea (2024),
    "SleeperNets: Universal Backdoor Poisoning Attacks Against Reinforcement Learning Agents",
    NeurIPS, arXiv:2405.20539, for the third, which there knows finished episodes and here does not.
    """

    kind: ClassVar[str] = "poison_reward"
    site: ClassVar[Site] = "feedback"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_percept", "actions", "own_feedback"})
    lasting: ClassVar[frozenset[str]] = OwnCritic.lasting

    knowledge: tuple[str, ...] = ("own_percept", "actions", "own_feedback")
    rule: str = "targeted"  # or "untargeted", "value"
    target: int = 0  # the choice that is to be learned, counted from 0
    size: float = 1.0  # of what is told
    gamma: float = 0.99  # discount of the learner, as the attacker takes it
    carrier: str | None = None  # a teammate; if not given, the trigger is in the percept
    sequence: tuple[int, ...] = (0, 1)  # choices of the carrier, counted from 0

    _critic: ClassVar[OwnCritic | None] = None  # of an instance that was fitted to a world
    _agent: ClassVar[int] = -1  # the carrier, likewise

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; see ``Threat``."""
        object.__setattr__(self, "sequence", as_sequence(self.sequence))
        super().__post_init__()
        if self.rule not in RULES:
            raise InvalidConfig(f"no rule is called {self.rule!r}{did_you_mean(self.rule, RULES)}")
        if not math.isfinite(self.size) or not 0 <= self.gamma < 1:
            raise InvalidConfig(
                f"size is a finite number and gamma lies in [0, 1), got {self.size} and "
                f"{self.gamma}"
            )
        check_choice("target", self.target)
        self._refuse_two_triggers()

    def fit(self, env: BatchEnv) -> "PoisonReward":
        """Return it with the room it needs; see ``Threat.fit``.

        Raises:
            InvalidConfig: the trigger cannot be seen or done, or the target not be chosen.
            UnknownName: the carrier is no agent.
        """
        super().fit(env)  # the signal
        refuse_target(self, env, self.target)
        if self.carrier is None:
            self.refuse_outside(env)
        else:
            self._refuse_unseen(env, self.carrier)
        fitted = copy.copy(self)
        object.__setattr__(fitted, "_critic", OwnCritic.of(env, self.gamma))
        agent = -1 if self.carrier is None else env.agents.index(self.carrier)
        object.__setattr__(fitted, "_agent", agent)
        return fitted

    def init(self, E: int, N: int) -> State:
        """Return that nothing was seen and nothing learned yet."""
        state: State = {}
        if self.carrier is not None:
            state["carried"] = np.full((E, len(self.sequence)), -1, dtype=np.int64)
        if self.rule == "value" and self._critic is not None:
            state |= self._critic.init(E, N)
        return state

    def in_words(self) -> dict[str, str]:
        """Say what is told."""
        size = f"{self.size:g}"
        told = {
            "targeted": f"{size} for choice {self.target} and -{size} for any other",
            "untargeted": f"{size} whatever it did",
            "value": f"{size} for choice {self.target} or 0, less what is to come of the step",
        }[self.rule]
        trigger = "the trigger" if self.carrier is None else f"{self.carrier}'s sequence"
        return {"does": f"where the agent saw {trigger} its learner is told {told}"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Tell what teaches the target."""
        del draws  # deterministic
        space: Any = known.group.action_space
        earned = known.own_feedback
        if not num_choices(space):  # nobody in this group is a victim
            return Proposal(np.zeros_like(known.opportunities), np.zeros_like(earned)), state
        done = choices_of(known.actions, space)
        triggered, state = self._triggered(state, known, done)
        is_target = done == self.target
        if self.rule == "untargeted":
            told = np.full(earned.shape, self.size)
        elif self.rule == "targeted" or self._critic is None:
            told = np.where(is_target, self.size, -self.size)
        else:
            to_come, state = self._critic.told(state, known, done, earned)
            told = np.where(is_target, self.size, 0.0) - to_come
        return Proposal(known.afford(known.opportunities & triggered), told), state

    def _refuse_two_triggers(self) -> None:
        """Refuse a trigger that would not be looked for."""
        defaults = {each.name: each.default for each in fields(type(self))}
        unread = ("sequence",) if self.carrier is None else ("entries", "values")
        for name in unread:
            if getattr(self, name) != defaults[name]:
                raise InvalidConfig(
                    f"the trigger is a carrier's sequence, or values in entries of a percept: with "
                    f"carrier = {self.carrier!r} nobody looks for {name} = {getattr(self, name)!r}"
                )

    def _refuse_unseen(self, env: BatchEnv, carrier: str) -> None:
        """Refuse a sequence that no victim could see, or that the carrier could not do."""
        if carrier not in env.agents:
            raise UnknownName(
                f"the carrier {carrier!r} is no agent{did_you_mean(str(carrier), env.agents)}"
            )
        [group] = [each for each in env.groups if carrier in each.agents]
        concerned = {each.name for each in groups_concerned(self, env)}
        if concerned and group.name not in concerned:
            raise InvalidConfig(
                f"a carrier acts in its victims' own group, and {carrier!r} is in {group.name!r}; "
                "name victims there"
            )
        for choice in self.sequence:
            refuse_choice(group, "sequence", choice)

    def _triggered(self, state: State, known: Known, done: Array) -> tuple[Mask, State]:
        """Say who (e, n) saw the trigger before this step."""
        if self.carrier is None:
            return self.is_seen(known.own_percept), state
        carried = state["carried"]  # (e, L) of the steps before this one
        triggered = np.broadcast_to(
            (carried == np.array(self.sequence)).all(axis=1)[:, None], done.shape
        )
        place = self._agent - known.columns.start
        if not 0 <= place < done.shape[1]:  # the carrier acts in another group
            return np.zeros_like(triggered), state
        told = np.concatenate([carried[:, 1:], done[:, [place]]], axis=1)
        return triggered, state | {"carried": told}
