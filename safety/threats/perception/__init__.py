"""Threats to perception: what agents are shown, found with more or less knowledge of them.

All of them are kept to the ``reach`` of their budget, by the frame and whatever they propose:

    [[threats]]
    kind = "pgd"
    victims = ["agent_0"]
    budget = { reach = { norm = "linf", step = 0.5, scale = [1.0, 1.0, 0.1, 1.0] } }

=================  ==================================  =======================================
kind               it knows, besides what victims see  what it does
=================  ==================================  =======================================
random_percept     nothing                             shows anything within reach
percept_map        nothing, or the true state          shows the same for the same
fgsm, pgd, mad     the policy, or a surrogate          makes it do something else
critic             its critic, or a surrogate's        makes it think that all is lost
robust_sarsa       the policy, and a judge             makes it do what is worth little
smoothed_pgd       the policy, and the noise on it     pgd, on the policy under noise
learned_percept    nothing                             shows what an attacker learned to show
pa_ad              the policy                          brings about what a director learned to
=================  ==================================  =======================================

A new kind is a ``PerceptionThreat``, or a ``WhiteBox`` if it climbs an objective of what a network
puts out; it says which objective, and how it climbs. Of a smoothed policy that the frame was given
it climbs the network beneath the noise, and ``smoothed_pgd``, which averages over noise, is the
adaptive one; one with a ``surrogate`` is a transfer attack.
"""

import copy
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from gymnasium.spaces import Box

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.config import check_within
from rallypoint.draws import Draws, Floats
from rallypoint.errors import InvalidConfig
from rallypoint.kinds import IN_OTHER_FORMS
from rallypoint.policies import DifferentiablePolicy, Objective, acting_for
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.limits import Budget, Spend, as_budget
from rallypoint.safety.perception.ascent import Climb
from rallypoint.safety.perception.loading import check_followed, network_at
from rallypoint.safety.perception.objectives import CHOICES, log_softmax
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.threats import Proposal, Site, State, Threat

By = Literal["order", "random", "harm"]
BESIDE = 0.5  # share of the way at which a climb begins that cannot begin at the truth
A_LITTLE = Budget(reach=Reach(step=0.1))

# In Python a policy itself will do; files name it, and the hints say what files hold.
if TYPE_CHECKING:
    Surrogate = str | DifferentiablePolicy | None
else:
    Surrogate = Annotated[str | None, IN_OTHER_FORMS]


@dataclass(frozen=True, kw_only=True)
class PerceptionThreat(Threat):
    """Shows victims something else, within the reach of its budget."""

    site: ClassVar[Site] = "observation"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_percept"})
    idle_elsewhere: ClassVar[bool] = True
    takes_all: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("own_percept",)
    budget: Spend = A_LITTLE
    weighs_harm: ClassVar[bool] = False  # whether it can tell whom a lie harms most

    at_most: int | None = None  # victims of a group that are lied to at one step
    by: By = "order"  # which: the first, any (anew at every step), or those it harms most

    def __post_init__(self) -> None:
        """Bring settings into their checked form.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        super().__post_init__()
        if self.at_most is not None and self.at_most < 1:
            raise InvalidConfig(f"at_most is a number of victims >= 1, got {self.at_most}")
        if self.by != "order" and self.at_most is None:
            raise InvalidConfig(
                f"by = {self.by!r} says which few of the victims are lied to; say how many, at_most"
            )
        if self.by == "harm" and not self.weighs_harm:
            raise InvalidConfig(
                f"{self.kind} cannot tell whom it harms most; pick victims by order or random, or "
                "take an attack that climbs, such as pgd"
            )

    @property
    def chance(self) -> float | None:
        """All opportunities are taken, unless some victims are picked; see ``Threat.chance``."""
        return super().chance if self.at_most is None else None

    @property
    def reach(self) -> Reach:
        """How far its lies may go.

        Raises:
            InvalidConfig: nobody said.
        """
        reach = as_budget(self.budget).reach
        if reach is None:
            raise InvalidConfig(
                f"{self.kind} must be told how far lies may go, budget = {{reach = {{norm = "
                '"linf", step = 0.1}}; of a number of a few, reach = {neighbours = "any"}'
            )
        return reach

    def fit(self, env: BatchEnv) -> Self:
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: there is no limit to how far a lie goes.
        """
        del env
        if not self.reach.has_end:
            raise InvalidConfig(
                f"{self.kind} needs a limit to its lies, reach.step or reach.episode; without one "
                "wrong_observation shows whatever it likes"
            )
        return self

    def picked(self, known: Known, candidates: Mask, draws: Draws, harm: Floats | None) -> Mask:
        """Return whom of the candidates (e, n) to lie to.

        Harm (e, n) counts where victims are picked by it, which only a kind may that `weighs_harm`.
        """
        if self.at_most is None:
            return candidates
        if self.by == "random":
            return known.afford(draws.choose(self.at_most, candidates))
        keys = -harm if self.by == "harm" and harm is not None else np.zeros(candidates.shape)
        order = np.where(candidates, keys, np.inf).argsort(axis=1, kind="stable")
        ranks = order.argsort(axis=1, kind="stable")
        return known.afford(candidates & (ranks < self.at_most))


@dataclass(frozen=True, kw_only=True)
class WhiteBox(PerceptionThreat):
    """Climbs an objective of what a policy puts out, by its gradient.

    A subclass says which objective and how it climbs.
    """

    knowledge: tuple[str, ...] = ()  # follows from the surrogate, if it is not given
    # A policy to climb in the place of the one that acts: the folder of an agent that was trained,
    # or "package.module:name". Lies that harm another policy than they were made for transfer.
    surrogate: Surrogate = None
    # It acts only where the likeliest action is so much likelier than the least likely one: at the
    # moments that matter, as in Lin et al. (2017), "Tactics of Adversarial Attack on Deep
    # Reinforcement Learning Agents", IJCAI, arXiv:1703.06748.
    least_gap: float = 0.0

    looks_at: ClassVar[tuple[str, ...]] = ("own_percept", "policy")
    weighs_harm: ClassVar[bool] = True

    @property
    def chance(self) -> float | None:
        """Not known where it waits for moments that matter."""
        return None if self.least_gap else super().chance

    _network: ClassVar[Any] = None  # the surrogate, of an instance that was fitted to a world

    def __post_init__(self) -> None:
        """Bring settings into their checked form.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        acting = ("policy",) if self.least_gap else ()
        needed = ("own_percept",) if self.surrogate is not None else (*self.looks_at, *acting)
        if not self.knowledge:
            object.__setattr__(self, "knowledge", needed)
        super().__post_init__()
        if lacking := sorted(set(needed) - set(self.knowledge)):
            raise InvalidConfig(
                f"{self.kind} cannot do without the knowledge of {', '.join(lacking)}; declare it, "
                "or give it a surrogate to look into instead"
            )
        check_within(self, "[0, 1]", "least_gap")

    @property
    @abstractmethod
    def climb(self) -> Climb:
        """How it climbs.

        Raises:
            InvalidConfig: settings that cannot be meant.
        """

    def is_flat(self, network: Any) -> bool:
        """Whether its objective has no slope at the truth, so that it must begin beside it."""
        del network
        return False

    @abstractmethod
    def objective(self, known: Known, network: Any, truths: Array) -> Objective:
        """Return what is climbed, for percepts (e, n, …) as they are in truth."""

    def fit(self, env: BatchEnv) -> Self:
        """Return it with the surrogate it looks into; see ``Threat.fit``.

        Raises:
            InvalidConfig: what agents see has no gradient, or there is no such surrogate.
            UnreadableFile: no agent was trained into that folder.
        """
        super().fit(env)
        concerned = groups_concerned(self, env)
        for group in concerned:
            space: Any = group.observation_space
            if not isinstance(space, Box) or space.dtype.kind != "f":
                raise InvalidConfig(
                    f"{self.kind} follows a gradient with respect to real numbers, and group "
                    f"{group.name!r} sees {space}; random_percept and percept_map need none"
                )
        fitted = copy.copy(self)
        if self.surrogate is not None:
            object.__setattr__(fitted, "_network", network_at(self.surrogate, env, concerned))
        return fitted

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Climb, and show where it led to."""
        return self._climbed(self.network(known), state, known, draws)

    def _climbed(
        self, network: Any, state: State, known: Known, draws: Draws
    ) -> tuple[Proposal, State]:
        check_followed(network)
        truths, name = known.own_percept, known.group.name
        candidates = known.affordable
        if self.least_gap:
            candidates = candidates & (self._gap(known, truths) >= self.least_gap)
        assert known.reach is not None, "fitted"
        rooms = known.reach.rooms(candidates, self.at_most)
        objective = self.objective(known, network, truths)
        measure = known.reach.measure
        climb = self.climb
        if not climb.scatter and self.is_flat(network):
            climb = replace(climb, scatter=BESIDE)
        lies = climb.lies(network, objective, truths, rooms=rooms, measure=measure, draws=draws)
        harm = None
        if self.by == "harm":
            after, before = (
                objective(network.outputs({name: shown}))[0] for shown in (lies, truths)
            )
            harm = after - before
        where = self.picked(known, candidates, draws, harm)
        return Proposal(where, known.reach.confined(lies, truths, where)), state

    def network(self, known: Known) -> Any:
        """Return what is climbed: the policy, unless a subclass says otherwise."""
        return self.looked_into(known)

    def looked_into(self, known: Known) -> Any:
        """Return the policy that acts, or the surrogate."""
        name = known.group.name
        if self._network is None:
            return acting_for(known.policy, name)
        assert known.reach is not None, "fitted"
        return known.reach.asked(acting_for(self._network, name))

    def _gap(self, known: Known, truths: Array) -> Floats:
        """Return how much likelier the likeliest action is than the least likely one: (e, n)."""
        policy = self.looked_into(known)
        if policy.reads not in CHOICES:
            raise InvalidConfig(
                f"least_gap compares how likely actions are, and this policy's are read as "
                f"{policy.reads!r}; leave it out, or give the attack a schedule"
            )
        law = np.exp(log_softmax(policy.outputs({known.group.name: truths})))
        gap: Floats = np.ptp(law, axis=-1)
        return gap
