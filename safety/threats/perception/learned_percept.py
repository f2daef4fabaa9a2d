"""A learned adversary: shows what an attacker learned to show."""

import copy
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Group
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.kinds import IN_OTHER_FORMS
from rallypoint.policies import Policy
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.enforcement.proposals import inside
from rallypoint.safety.known import Known
from rallypoint.safety.perception.decoding import Decoder, Pushes, Seats
from rallypoint.safety.perception.ledger import Measure
from rallypoint.safety.perception.loading import policy_at
from rallypoint.safety.threats import Proposal, State, register
from rallypoint.safety.threats.perception import PerceptionThreat
from rallypoint.safety.uniform_actions import uniform_actions

RANDOM = "random"

if TYPE_CHECKING:
    Attacker = str | Policy
else:
    Attacker = Annotated[str, IN_OTHER_FORMS]


@dataclass(frozen=True, kw_only=True)
class Guided(PerceptionThreat):
    """Asks an attacker, for each victim, what to do to what it sees."""

    # Who says: the folder of an agent that was trained on `adversary_view`, "package.module:name",
    # or "random", which is nobody who has learned.
    attacker: Attacker = RANDOM

    _attacker: ClassVar[Any] = None  # of an instance that was fitted to a world

    @abstractmethod
    def decoder(self, known: Known | None) -> Decoder:
        """Return what the attacker's actions are; of a known policy, where it takes one."""

    def fit(self, env: BatchEnv) -> Self:
        """Return it with its attacker; see ``Threat.fit``.

        Raises:
            InvalidConfig: there is no such attacker, or its actions are others.
            UnreadableFile: no agent was trained into that folder, or for other spaces.
        """
        super().fit(env)
        groups = self._seats(env)
        fitted = copy.copy(self)
        if self.attacker != RANDOM:
            attacker = policy_at(self.attacker, Seats(env, groups))
            object.__setattr__(fitted, "_attacker", attacker)
            _rehearse(attacker, groups, env)
        return fitted

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Ask, and show."""
        truths, name = known.own_percept, known.group.name
        assert known.reach is not None, "fitted"
        measure, decoder = known.reach.measure, self.decoder(known)
        if self._attacker is None:
            actions = uniform_actions(decoder.space(measure), truths.shape[1], draws)
        else:
            attacker = known.reach.asked(self._attacker)
            actions = attacker.act({name: truths}, draws)[name]
        where = self.picked(known, known.affordable, draws, None)
        lies = decoder.lies(actions, truths, known.reach.rooms(where), measure)
        return Proposal(where, known.reach.confined(lies, truths, where)), state

    def _seats(self, env: BatchEnv) -> tuple[Group, ...]:
        """Return the groups as attackers see them: the same, but for what is done."""
        concerned = groups_concerned(self, env)
        return tuple(
            group._replace(
                action_space=self.decoder(None).space(Measure(self.reach, group, self.kind))
            )
            for group in env.groups
            if group in concerned
        )


@register
@dataclass(frozen=True, kw_only=True)
class LearnedPercept(Guided):
    """Agents see what an attacker learned to show them.

    The attacker is a policy: it sees what its victim would see in truth, and its action is an
    offset in [-1, 1] of the reach, entry by entry, or, of a number of a few, which neighbour is
    shown (0: none). ``rallypoint.agents.adversary`` trains it.

    Source: Zhang, Chen, Boning & Hsieh (2021), "Robust Reinforcement Learning on State Observations
    with Learned Optimal Adversary", ICLR, arXiv:2101.08452.
    """

    kind: ClassVar[str] = "learned_percept"

    def decoder(self, known: Known | None) -> Decoder:
        """Push as it says."""
        del known
        return Pushes()


def _rehearse(attacker: Any, groups: tuple[Group, ...], env: BatchEnv) -> None:
    draws = Draws(0, "threats/learned_percept/rehearsal", env.copies)
    for group in groups:
        space: Any = group.observation_space
        nothing = np.zeros((env.num_copies, len(group.agents), *space.shape), dtype=space.dtype)
        wanted = (*nothing.shape[:2], *(group.action_space.shape or ()))
        try:
            chosen: Array = attacker.act({group.name: nothing}, draws)[group.name]
        # Whatever somebody's policy raises, this world is none that it can act in.
        except Exception as error:
            raise InvalidConfig(
                f"the attacker cannot act on what group {group.name!r} sees: "
                f"{type(error).__name__}: {error}"
            ) from error
        if chosen.shape != wanted or not inside(group.action_space, chosen).all():
            raise InvalidConfig(
                f"the attacker of group {group.name!r} must do {group.action_space}, and does "
                f"{chosen.shape} of {chosen.dtype}; train it on adversary_view with the same reach"
            )
