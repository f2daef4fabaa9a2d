"""Threats: what is injected on purpose, one kind to a file.

To add one, write ``safety/threats/<kind>.py`` (or a module of your own package that the entry
point group ``rallypoint.threats`` names):

    @register
    @dataclass(frozen=True, kw_only=True)
    class Doze(Threat):
        \"\"\"Agents doze off now and then, and do nothing until they wake.\"\"\"

        kind: ClassVar[str] = "doze"
        site: ClassVar[Site] = "action"

        odds: float = 0.1  # of dozing off, at each step
        steps: int = 3  # until an agent wakes

        @property
        def needs(self) -> frozenset[str]:
            return frozenset({"noop"})

        def init(self, E: int, N: int) -> State:
            return {"left": np.zeros((E, N), dtype=np.int64)}

        def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
            dozes_off = draws.random(known.opportunities.shape[1:]) < self.odds
            left = np.where(dozes_off, self.steps, np.maximum(state["left"] - 1, 0))
            return Proposal(known.affordable & (left > 0), known.still), {"left": left}

and check it with ``rallypoint.safety.conformance.assert_is_threat("doze")``. A threat only
proposes. The frame (``rallypoint.safety.frame``) keeps it to its victims, schedule and budget,
shows it what it declared to know, remembers its state, and writes down what it really did. One
that sees more declares it, ``knowledge: tuple[str, ...] = ("true_state",)``, and what it cannot do
without also in ``must_know``. Where victims are few it is quicker to work on them alone:
``known.few("actions")`` are the rows (k, …) of the opportunities, and a proposal may hold values
of those that it touches alone, row by row.

Where it follows from what is there, from each agent's by itself, values may be a function of that:
``Proposal(known.affordable, np.negative)`` tells the opposite of what was earned. At each step the
frame calls it with the rows (k, …), read-only, of those who come to be touched, as the threats
before left them: at site observation of ``own_percept``, at action and interruption of ``actions``,
at feedback of ``own_feedback``, which is to be declared. See ``Threat.is_steady``.

**Sites** say where on the way of the data a threat stands. At every moment the frame asks them in
this order; at one site, threats are asked in the order of the threat model, each seeing what those
before it made of things.

=============  ===============================  ==============================  ==================
site           when it is asked                 ``where`` (E, N) says           ``values`` are
=============  ===============================  ==============================  ==================
presence       after a reset and after each     who is down from now on, until  None
               step, before anybody observes    the copy is reset
observation    then, before policies choose     whose percept is replaced       (E, N, …) percepts
action         when actions are proposed        who does something else         (E, N, …) actions
interruption   then, before the world moves     whom a person overrides         (E, N, …) actions
feedback       when the world has moved         who is told another reward      (E, N) rewards,
                                                                                or one cost
update         when updates are sent            whose update is replaced        (f_real, d) updates
transport      then, on their way               whose update loses some         (f_real, d) updates
server         when parameters are sent         whose parameters are replaced   (f_real, d) models
=============  ===============================  ==============================  ==================

Step k is the moment at which k steps have been taken since the reset. A crash due at step 0 is
therefore part of the reset, and one due at step k comes at the end of the step before: the
observation on which policies choose at step k already lacks the removed. The last observation of
an episode may still be a lie (it is an ordinary one); nobody crashes any more at its end. What is
told of a step belongs to the step: threats to feedback that act at step k lie about what was earned
by the actions of step k. They, and threats to updates, have a page of their own:
``rallypoint.safety.threats.feedback`` and ``rallypoint.safety.threats.update``.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar, get_args

from rallypoint import config
from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.draws import Draws, Floats, check_seed
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.registry import Registry
from rallypoint.safety.limits import (
    EVERY_STEP,
    NO_LIMIT,
    Spend,
    Victims,
    When,
    as_budget,
    as_schedule,
    as_victims,
)

Site = Literal[
    "presence", "observation", "action", "interruption", "feedback", "update", "transport", "server"
]
SITES: tuple[Site, ...] = get_args(Site)
# Where rows of numbers are on their way, round by round: the world's steps are over by then.
OF_ROUNDS: tuple[Site, ...] = ("update", "transport", "server")
State = dict[str, Array]  # first axis E (update threats: contributor)
# Makes of what is there in some cells (k, …), of each by itself, what is said of them: (k, …).
Change = Callable[[Array], Array]
Kind = TypeVar("Kind", bound="type[Threat]")

KNOWLEDGE = (
    *("own_percept", "percepts", "true_state", "regions", "actions", "own_feedback", "geometry"),
    *("policy", "value", "simulator", "own_update", "colluders", "honest_updates", "aggregator"),
)


class Proposal(NamedTuple):
    """What a threat would like to do now."""

    where: Mask  # (E, N)
    # (E, N, …), read where `where` is true; or of these alone, (k, …) or what makes them.
    values: Array | Change | None = None  # None at site presence
    odds: Floats | None = None  # (E, N) chance that it touched each opportunity, if it is known


@dataclass(frozen=True, kw_only=True)
class Threat(config.Config, ABC):
    """One threat and its limits, as plain settings; fields of a subclass are its own keys.

    A subclass that checks its own settings calls ``super().__post_init__()`` first.
    """

    kind: ClassVar[str]  # its name in files and in the registry
    site: ClassVar[Site]
    must_know: ClassVar[frozenset[str]] = frozenset()  # knowledge it cannot do without
    lasting: ClassVar[frozenset[str]] = frozenset()  # names of the state that outlasts episodes
    idle_elsewhere: ClassVar[bool] = False  # need not be asked about groups without victims of its
    takes_all: ClassVar[bool] = False  # whether it takes every opportunity

    victims: Victims = "all"  # "all", "byzantine", names and indices, or a share
    when: When = EVERY_STEP
    budget: Spend = NO_LIMIT
    knowledge: tuple[str, ...] = ()  # the views it may see
    seed: int | None = None  # of this threat's draws; those of all threats' if not given

    def __post_init__(self) -> None:
        """Bring the limits into their checked form.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        config.keep_plain(self)
        object.__setattr__(self, "victims", as_victims(self.victims))
        object.__setattr__(self, "when", as_schedule(self.when))
        object.__setattr__(self, "budget", as_budget(self.budget))
        if self.seed is not None:
            check_seed(self.seed)
        for view in self.knowledge:
            if view not in KNOWLEDGE:
                raise InvalidConfig(f"no view is called {view!r}{did_you_mean(view, KNOWLEDGE)}")
        object.__setattr__(self, "knowledge", tuple(sorted(set(self.knowledge))))
        if lacking := sorted(self.must_know - set(self.knowledge)):
            raise InvalidConfig(
                f"{self.kind} cannot do without the knowledge of {', '.join(lacking)}; "
                f"declare knowledge = {sorted(self.must_know | set(self.knowledge))}"
            )

    @classmethod
    def facts(cls) -> dict[str, Any]:
        """Return where it stands and what it declares to know, unless it is told otherwise."""
        defaults: dict[str, Any] = {setting.name: setting.default for setting in fields(cls)}
        return {"site": cls.site, "knowledge": list(defaults["knowledge"])}

    @property
    def needs(self) -> frozenset[str]:
        """What the world must have: names of its optional parts, or "noop".

        A threat to presence takes agents out of the world if it needs ``remove``, and freezes
        them (they stay, visible and alive, and do nothing) if it needs ``noop``.
        """
        return frozenset()

    @property
    def chance(self) -> float | None:
        """How likely it takes each opportunity, on a coin of its own; None if that depends."""
        return 1.0 if self.takes_all else None

    @property
    def is_steady(self) -> bool:
        """Whether what it proposes follows from its opportunities and a state that stays as it is.

        In an episode, and after it if it has no state, the frame does not ask it again, then, while
        its opportunities are the same and no budget limits it. Values may be a function.
        """
        return False

    @property
    def skips_first(self) -> bool:
        """Whether it may let pass each agent's first opportunity in an episode, chance or no."""
        return False

    @property
    def groups_draw_alike(self) -> bool:
        """Whether every group gets the same numbers, so that one coin can be everybody's.

        Such a threat draws as often in one group as in another.
        """
        return False

    def fit(self, env: BatchEnv) -> "Threat":
        """Return this threat as it acts in a world: with files read and names looked up.

        The frame calls it once, before the first step. Itself, if there is nothing to look up.

        Raises:
            InvalidConfig: what it is told to do cannot be meant in this world; says why.
        """
        del env
        return self

    def init(self, E: int, N: int) -> State:
        """Return what it remembers at the start of E copies' episodes; nothing, if memoryless.

        N is the number of agents of one group: the frame keeps a state for each group. What
        ``lasting`` names is kept when episodes begin, and begins anew with a seeded reset only.
        """
        del E, N
        return {}

    def begin(self, state: State, draws: Draws) -> State:
        """Return what it remembers when episodes have begun: after ``init``, with draws.

        A pure function of the rows of the copies whose episodes begin, as ``apply`` is.
        """
        del draws
        return state

    def foretold(self, state: State) -> Mask | None:
        """Say whom it is set to touch in this episode, wherever it may: (E, N); None if open."""
        del state
        return None

    def in_words(self) -> dict[str, str]:
        """Say what it does, for people: ``does``, and whatever else its kind has to tell."""
        return {"does": inspect.cleandoc(type(self).__doc__ or "").partition("\n")[0]}

    @abstractmethod
    def apply(self, state: State, known: Any, draws: Any) -> tuple[Any, State]:
        """Say what to do now, and what to remember: a ``Proposal``, and a state.

        A pure function: nothing that comes in is written to, the same comes of the same, and what
        happens in one copy depends on that copy's rows alone. It is asked at every moment, also
        when it may touch nobody, so that it can remember; and once for each group. E is smaller
        than in ``init`` when only some copies are reset.

        Args:
            state: as ``init`` or the last call returned it, for the same copies.
            known: ``opportunities`` and what else is said in ``Known``, and the declared views.
            draws: its own ``Draws``, one stream for each copy.

        At site update, and at those after it, all three are others: see
        ``rallypoint.safety.threats.update``.
        """

    def to_dict(self) -> dict[str, Any]:
        """Return it as a table of a threat file; what is None is left out."""
        plain = config.to_dict(self)
        limits = {key: plain.pop(key) for key in ("victims", "when", "budget", "knowledge")}
        told: dict[str, Any] = _without_none({"kind": self.kind, **limits, **plain})
        return told


def from_dict(table: Mapping[str, Any], *, where: str = "threat") -> Threat:
    """Make the threat that a table of a threat file describes.

    Raises:
        InvalidConfig: no kind, an unknown key, or a value that cannot be meant.
        UnknownName: no such kind; names the nearest.
        Unavailable: a kind whose module does not import; says why.
    """
    if not isinstance(table, Mapping) or not isinstance(table.get("kind"), str):
        raise InvalidConfig(
            f'{where} is a table with a kind, such as kind = "crash", got {table!r}'
        )
    found = threats[table["kind"]]
    settings = {key: value for key, value in table.items() if key != "kind"}
    return config.from_dict(found, settings, where=f"{where} ({found.kind})")


def register(kind: Kind) -> Kind:
    """Register a kind of threat under its name."""
    threats.add(kind.kind, kind)
    return kind


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value


threats: Registry[type[Threat]] = Registry(
    "threat",
    __name__,
    *("backdoor", "feedback", "perception", "server", "teammate", "transport", "update"),
)
