"""Interruption: a person overrides what agents do."""

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from rallypoint.batch_env import BatchEnv, Mask
from rallypoint.config import from_dict, keep_plain
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.kinds import IN_OTHER_FORMS
from rallypoint.policies import Policy
from rallypoint.safety.interruption.in_words import in_words
from rallypoint.safety.interruption.initiation import ALWAYS, Initiation
from rallypoint.safety.interruption.operator import Operator
from rallypoint.safety.interruption.sequences import ThetaSequence, check_theta
from rallypoint.safety.interruption.takeover import FREEZE, UNIFORM, Takeover, as_takeover
from rallypoint.safety.known import Known
from rallypoint.safety.limits import as_schedule
from rallypoint.safety.threats import Proposal, Site, State, Threat, register

DRAWN = ("step", "episode")
_NONE_YET = -1

# As for victims: a constructor takes the plain forms of files too, and makes them the checked ones.
if TYPE_CHECKING:
    Where = str | Initiation | dict[str, Any]
    HowLikely = float | ThetaSequence | dict[str, Any] | None
    Instead = str | Takeover | Policy | dict[str, Any]
else:
    Where = Annotated[str | Initiation, IN_OTHER_FORMS]
    HowLikely = Annotated[float | ThetaSequence | None, IN_OTHER_FORMS]
    Instead = Annotated[str | Takeover, IN_OTHER_FORMS]


@register
@dataclass(frozen=True, kw_only=True)
class Interruption(Threat):
    """A person overrides agents' actions, now and then or from then on; no episode ends by it.

    At each step an agent is interrupted with chance theta times the initiation, each on a coin of
    its own or all on one::

        Interruption(initiation={"region": "I"}, theta=0.5, draw="episode", policy={"action": 0})

    Source: the interruptible policy of Orseau & Armstrong (2016), "Safely Interruptible Agents",
    UAI, section 2; independently for each of several agents in El Mhamdi, Guerraoui, Hendrikx &
    Maurer (2017), "Dynamic Safe Interruptibility for Decentralized Multi-Agent Reinforcement
    Learning", NIPS. One coin for an episode as in DeepMind's safe_interruptibility (Leike et al.,
    2017, "AI Safety Gridworlds", arXiv:1711.09883).
    """

    kind: ClassVar[str] = "interruption"
    site: ClassVar[Site] = "interruption"
    lasting: ClassVar[frozenset[str]] = frozenset({"turns", "keys", "visits"})
    idle_elsewhere: ClassVar[bool] = True

    initiation: Where = ALWAYS  # where it may begin; see `Initiation`
    theta: HowLikely = None  # in [0, 1), or see `ThetaSequence`; 0.5 if not given, none for a log
    policy: Instead = FREEZE  # "freeze", "uniform", or see `Takeover`
    resume_after: int = 0  # steps for which it goes on after each time it fired
    draw: str = "step"  # one coin a "step", or an "episode"
    shared: bool = False  # whether one coin is for all agents of a copy

    _operator: ClassVar[Operator | None] = None  # of an instance that was fitted to a world

    def __post_init__(self) -> None:
        """Bring settings into their checked form.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        self._check_parts()
        if not self.knowledge:
            # What follows from the other settings need not be said twice, but for what agents
            # propose: who looks at that declares it.
            object.__setattr__(self, "knowledge", tuple(self._takes_to_know() - {"actions"}))
        super().__post_init__()
        if lacking := sorted(self._takes_to_know() - set(self.knowledge) - self._implied()):
            known = sorted(set(self.knowledge) | set(lacking))
            raise InvalidConfig(
                f"this interruption cannot do without the knowledge of {', '.join(lacking)}; "
                f"declare knowledge = {known}"
            )
        if as_schedule(self.when).probability < 1:
            raise InvalidConfig(
                "theta is how likely an interruption is; leave probability out of when"
            )

    def _check_parts(self) -> None:
        keep_plain(self)
        for key, kind in (("initiation", Initiation), ("theta", ThetaSequence)):
            if isinstance(value := getattr(self, key), dict):
                object.__setattr__(self, key, from_dict(kind, value, where=key))
        if not isinstance(self.initiation, Initiation) and self.initiation != ALWAYS:
            raise InvalidConfig(
                f"initiation in a word is {ALWAYS!r}, got {self.initiation!r}; a region is "
                f"{{region = {str(self.initiation)!r}}}"
            )
        object.__setattr__(self, "policy", as_takeover(self.policy))
        self._check_coins()

    def _check_coins(self) -> None:
        if self.draw not in DRAWN:
            raise InvalidConfig(
                f"a coin is drawn for a step or an episode, not a {self.draw!r}"
                f"{did_you_mean(str(self.draw), DRAWN)}"
            )
        if self.resume_after < 0:
            raise InvalidConfig(f"resume_after counts steps, from 0, got {self.resume_after!r}")
        if self.follows_log:
            if self.theta is not None or self.shared or self.draw != "step":
                raise InvalidConfig(
                    "a log is followed to the letter: leave theta, draw and shared out"
                )
        elif self.theta is None:
            object.__setattr__(self, "theta", 0.5)
        elif not isinstance(self.theta, ThetaSequence):
            check_theta(self.theta)
        if self.draw == "episode" and self._counts_visits:
            raise InvalidConfig(
                "a coin for an episode is drawn before any state is visited, so its theta cannot "
                "follow visits; a schedule of log follows episodes then"
            )

    @property
    def parts(self) -> tuple[str | Initiation, float | ThetaSequence, str | Takeover]:
        """Initiation, theta (0 for a log) and policy in their checked form."""
        checked: Any = (self.initiation, self.theta or 0.0, self.policy)
        parts: tuple[str | Initiation, float | ThetaSequence, str | Takeover] = checked
        return parts

    @property
    def follows_log(self) -> bool:
        """Whether it does what people did, as a log has it."""
        return isinstance(self.initiation, Initiation) and self.initiation.log is not None

    @property
    def chance(self) -> float | None:
        """Theta, where it is one number for everywhere and each step has a coin of its own."""
        _, theta, _ = self.parts
        is_plain = self.initiation == ALWAYS and self.draw == "step"
        if isinstance(theta, ThetaSequence) or not is_plain or self.resume_after:
            return None
        return theta

    @property
    def is_steady(self) -> bool:
        """The coin of an episode falls once; what draws, or goes on, is asked again."""
        return (
            self.draw == "episode"
            and self.initiation == ALWAYS
            and not self.resume_after
            and not self._policy_draws
        )

    @property
    def needs(self) -> frozenset[str]:
        """What its initiation and its policy are made of."""
        parts = {"true_state": "state", "regions": "regions"}
        views = self._takes_to_know()
        needs = {part for view, part in parts.items() if view in views}
        return frozenset(needs | ({"noop"} if self.policy == FREEZE else set()))

    @property
    def groups_draw_alike(self) -> bool:
        """One coin for all agents is one for all groups."""
        return self.shared

    def fit(self, env: BatchEnv) -> "Interruption":
        """Return it with its files read and its names looked up; see ``Threat.fit``."""
        if self.shared and len(env.groups) > 1 and self._policy_draws:
            raise InvalidConfig(
                f"one coin for all agents of {len(env.groups)} groups goes with a policy that "
                "draws nothing, as freeze and given actions do"
            )
        fitted = copy.copy(self)
        object.__setattr__(fitted, "_operator", Operator(self, env))
        return fitted

    def init(self, E: int, N: int) -> State:
        """Return coins, counts, and how long each interruption goes on."""
        state: State = {}
        if self.follows_log or self._counts_turns:
            first = _NONE_YET if self.draw == "episode" or self.follows_log else 0
            state["turns"] = np.full(E, first, dtype=np.int64)
        if isinstance(self.theta, ThetaSequence) and self.theta.by_visits:
            state["keys"] = np.zeros((E, self.theta.states), dtype=np.uint64)
            state["visits"] = np.zeros((E, self.theta.states), dtype=np.int64)
        if self.draw == "episode":
            state["coin"] = np.ones((E, N))
        if self.resume_after:
            state["left"] = np.zeros((E, N), dtype=np.int64)
        return state

    def begin(self, state: State, draws: Draws) -> State:
        """Count episodes, and draw their coins."""
        begun = dict(state)
        by_episode = self.draw == "episode" or self.follows_log
        if "turns" in state and by_episode:
            begun["turns"] = state["turns"] + 1
        if "coin" in state:
            shape = state["coin"].shape
            drawn = draws.random()[:, None] if self.shared else draws.random(shape[1:])
            begun["coin"] = np.broadcast_to(drawn, shape).copy()
        return begun

    def foretold(self, state: State) -> Mask | None:
        """Say for whom the coin of this episode has fallen; None if each step has its own."""
        if "coin" not in state or self._operator is None:
            return None
        counts = state["turns"] + 1 if "turns" in state else np.ones(len(state["coin"]), np.int64)
        set_to: Mask = state["coin"] < self._operator.theta(counts)[:, None]
        return set_to

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Interrupt whom the coins have fallen for, where interruptions may begin.

        Raises:
            InvalidConfig: it was not fitted to a world.
        """
        if self._operator is None:
            raise InvalidConfig("an interruption acts in a world: fit(env) it first, as frames do")
        return self._operator.act(state, known, draws)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a table of a threat file; see ``Threat.to_dict``.

        Raises:
            InvalidConfig: a function or a policy was given itself, and not by its address.
        """
        for part, name in (
            (self.initiation, "function"),
            (self.theta, "function"),
            (self.policy, "policy"),
        ):
            if not isinstance(given := getattr(part, name, None), str | None):
                raise InvalidConfig(
                    f'{given!r} cannot be written down; give its address, "package.module:name"'
                )
        return super().to_dict()

    def in_words(self) -> dict[str, str]:
        """Say where it begins, how likely it is, and what is done."""
        return in_words(self)

    def _takes_to_know(self) -> frozenset[str]:
        views = {"true_state"} if self._counts_visits else set()
        if isinstance(self.policy, Takeover) and self.policy.sees:
            views.add("own_percept")
        found = self.initiation.knowledge if isinstance(self.initiation, Initiation) else ()
        return frozenset(views.union(found))

    def _implied(self) -> set[str]:
        return {"regions"} if "true_state" in self.knowledge else set()

    @property
    def _counts_visits(self) -> bool:
        return isinstance(self.theta, ThetaSequence) and self.theta.by_visits

    @property
    def _counts_turns(self) -> bool:
        return isinstance(self.theta, ThetaSequence) and not self.theta.by_visits

    @property
    def _policy_draws(self) -> bool:
        return self.policy == UNIFORM or (isinstance(self.policy, Takeover) and self.policy.sees)
