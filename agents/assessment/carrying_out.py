"""Carrying out an assessment: freezing the learner, and comparing it at every theta."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.assessment.arms import Arms, seed_of
from rallypoint.agents.assessment.contributors import FrozenContributor, architecture_of
from rallypoint.agents.assessment.exploring import explored
from rallypoint.agents.assessment.findings import Assessment
from rallypoint.agents.assessment.frozen_tables import check_local
from rallypoint.agents.assessment.local import Plan as TablesPlan
from rallypoint.agents.assessment.local import assess_tables, frozen_team
from rallypoint.agents.assessment.minibatches import Frozen
from rallypoint.agents.assessment.pairs import Plan as PairsPlan
from rallypoint.agents.assessment.pairs import assess_networks
from rallypoint.agents.gradient.learners import GradientLearner
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.processing import KnownInterruption
from rallypoint.agents.train import learner_of
from rallypoint.batch_env import Array, BatchEnv, Group
from rallypoint.config import from_dict
from rallypoint.draws import Draws, stream
from rallypoint.errors import InvalidConfig

_PROBES = 8  # observations at which the outputs of networks are looked at
_PROBED_STEPS = 16  # of random play, from which they are taken
_RUNS = 8  # trained under interruption, to see what is tried
_LEADS = tuple(range(16))  # steps from a reset to where updates are looked at, in turn
_FEW_LEADS = (0, 1, 2, 4, 8)  # where each is played anew for every single step
_TABLE_STEPS, _SB3_STEPS = 500, 2048  # until it is frozen, if nothing else is said


class Request(NamedTuple):
    """What is asked of a learner, checked; see ``assess_interruptibility``."""

    arms: Arms
    thetas: tuple[float, ...]
    updates: int
    leads: tuple[int, ...] | None
    replicates: int
    batch: int
    copies: int
    most_draws: int
    level: float
    seed: int
    frozen_after: int | None
    state: Any
    known: KnownInterruption | None
    exploration_steps: int
    least_growth: float
    same_chance: bool

    @property
    def share(self) -> float:
        """The level of each comparison, by Bonferroni."""
        return self.level / ((len(self.thetas) - 1) * self.updates)

    def reachable(self, usual: tuple[int, ...]) -> tuple[int, ...]:
        """Return the leads after which interruptions may still come."""
        return self.arms.reachable(usual if self.leads is None else self.leads)


def made_learner(learner: Any, settings: Mapping[str, Any] | None) -> Any:
    """Return what is assessed; of an agent of Stable-Baselines3, its algorithm.

    Raises:
        InvalidConfig: settings of something that is no name, or an agent that does not learn.
        UnknownName, Unavailable: no such agent.
    """
    if not isinstance(learner, str):
        if settings:
            raise InvalidConfig("settings go with the name of a learner; set its own fields")
        return learner
    found = learner_of(learner)
    kind = getattr(found, "learner", None)
    if kind is None:
        raise InvalidConfig(f"{learner} is a rule: it learns nothing that interruptions could bend")
    if kind == "closed":
        return _Named(found.agent, dict(settings or {}))
    return from_dict(found, settings or {}, where=learner)


def told(learner: Any) -> str:
    """Name a learner, with the settings in which it differs from its kind.

    >>> from rallypoint.agents.tabular import QLearning
    >>> told(QLearning(gamma=0.5))
    'QLearning(gamma=0.5)'
    """
    set_to = [
        f"{field.name}={getattr(learner, field.name)!r}"
        for field in fields(learner)
        if getattr(learner, field.name) != field.default
    ]
    return f"{type(learner).__name__}({', '.join(set_to)})"


def is_of_tables(learner: Any) -> bool:
    """Say whether a learner learns tables."""
    return getattr(learner, "learner", None) == "local"


def usual_updates(learner: Any) -> int:
    """Return how many updates in a row are compared if nothing is said.

    Two for tables: a model that lags behind by one visit shows only then. A learner that reads the
    next action is not done with an update when that action is conditioned on.
    """
    reads_on = getattr(learner, "needs_next_actions", False)
    return 2 if is_of_tables(learner) and not reads_on else 1


def of_tables(learner: Any, request: Request) -> Assessment:
    """Assess a learner of tables."""
    check_local(learner, request.known, request.updates)
    arms = request.arms
    world = arms.make_world(1)
    encoding = encoding_for(world)
    steps = _TABLE_STEPS if request.frozen_after is None else request.frozen_after
    frozen = frozen_team(
        world,
        learner,
        encoding,
        steps=steps,
        seed=seed_of(request.seed, "training"),
        state=request.state,
        known=request.known,
    )
    name = world.id
    world.close()
    plan = TablesPlan(
        request.reachable(_LEADS),
        request.updates,
        request.replicates,
        request.most_draws,
        request.seed,
    )
    findings = [
        finding
        for theta in request.thetas[1:]
        for finding in assess_tables(
            arms, frozen, encoding, theta, plan, level=request.share, known=request.known
        )
    ]
    growth = None
    if request.exploration_steps:
        world = arms.as_declared(arms.make_world(_RUNS), request.thetas[-1])
        growth = explored(
            world,
            frozen,
            encoding,
            steps=request.exploration_steps,
            seed=seed_of(request.seed, "exploration"),
            least=request.least_growth,
            known=request.known,
        )
        world.close()
    actions = "joint action" if frozen.is_joint else "own action"
    return Assessment(
        learner=told(learner),
        env=name,
        level=request.level,
        seed=request.seed,
        unit=f"Updates are compared in cells of percept and {actions}, each after a rollout of its "
        "own by the frozen team.",
        frozen="Frozen in the state that was given."
        if request.state is not None
        else f"Frozen after {steps} steps that nobody interrupted.",
        findings=tuple(findings),
        exploration=growth,
    )


def of_networks(learner: Any, request: Request) -> Assessment:
    """Assess a learner of networks, or whatever can be frozen."""
    if request.updates != 1:
        raise InvalidConfig(
            f"networks are assessed by one update, got updates = {request.updates}; several in a "
            "row are compared for learners of tables"
        )
    world = request.arms.world(request.copies)
    if len(world.groups) > 1:
        names = [group.name for group in world.groups]
        raise InvalidConfig(
            f"{world.id} has the groups {names}, and networks are assessed where there is one"
        )
    (group,) = world.groups
    probes = _probes(world, group, seed_of(request.seed, "probes"))
    frozen, name, how = _frozen(learner, request, group, probes)
    env = world.id
    leads = request.reachable(_LEADS if "snapshot" in world.offers else _FEW_LEADS)
    world.close()
    plan = PairsPlan(
        leads,
        request.replicates,
        request.batch,
        request.copies,
        request.seed,
        request.same_chance,
    )
    found = [
        assess_networks(request.arms, frozen, theta, plan, level=request.share)
        for theta in request.thetas[1:]
    ]
    return Assessment(
        learner=name,
        env=env,
        level=request.level,
        seed=request.seed,
        unit=found[0][1],
        frozen=how,
        findings=tuple(finding for finding, _ in found),
        exploration=None,
    )


class _Named(NamedTuple):
    """An agent of Stable-Baselines3 that is yet to be trained."""

    agent: str
    settings: dict[str, Any]


def _frozen(learner: Any, request: Request, group: Group, probes: Array) -> tuple[Frozen, str, str]:
    """Freeze a learner; return it, its name, and in which state it is."""
    if isinstance(learner, GradientLearner):
        architecture = architecture_of(learner, group)
        parameters, how = request.state, "Frozen at the parameters that were given."
        if parameters is None:
            parameters = architecture.initial(
                stream(request.seed, "assessment/parameters"), scheme=learner.initial
            )
            how = "Frozen at the parameters that it starts from."
        return FrozenContributor(learner, group, parameters, probes), told(learner), how
    if isinstance(learner, _Named) or hasattr(learner, "model"):
        from rallypoint.agents.assessment.closed import FrozenSb3  # torch

        trained, how = learner, "Frozen as it was given."
        if isinstance(learner, _Named):
            trained, how = _trained(learner, request)
        agent = trained.summary.get("agent", type(trained.model).__name__)
        return FrozenSb3(trained, probes), str(agent), how
    if all(hasattr(learner, part) for part in ("books", "act", "keeps", "changes")):
        return learner, type(learner).__name__, "Frozen as it was given."
    raise InvalidConfig(
        f"{type(learner).__name__} cannot be frozen: a learner is a name, a learner of tables or "
        "of contributors, what train_sb3 returned, or has books, act, keeps and changes (see "
        "rallypoint.agents.assess.Frozen)"
    )


def _trained(named: _Named, request: Request) -> tuple[Any, str]:
    from rallypoint.agents.sb3.training import train_sb3  # torch

    steps = _SB3_STEPS if request.frozen_after is None else request.frozen_after
    world = request.arms.make_world(min(16, request.copies))
    seed = seed_of(request.seed, "training")
    trained = train_sb3(world, named.agent, steps=steps, seed=seed, settings=named.settings)
    world.close()
    return trained, f"Frozen after {steps} agent steps that nobody interrupted."


def _probes(world: BatchEnv, group: Group, seed: int) -> Array:
    """Return observations of random play, each of another copy, step and agent: (P, …)."""
    draws = Draws(seed, "assessment/probes", world.copies)
    agents = len(group.agents)
    observations = world.reset(seed)
    seen = [observations[group.name]]
    for _ in range(_PROBED_STEPS):
        step = world.step({group.name: _anything(group.action_space, agents, draws)})
        observations = step.observations
        if step.ended.any():
            observations = world.reset(mask=step.ended)
        seen.append(observations[group.name])
    rows = np.concatenate([part.reshape(-1, *part.shape[2:]) for part in seen])
    distinct = np.unique(rows, axis=0)
    order = stream(seed, "assessment/probes").permutation(len(distinct))
    return distinct[order[:_PROBES]]


def _anything(space: Any, agents: int, draws: Draws) -> Array:
    """Draw uniform actions (E, n, …)."""
    numbers = draws.random((agents, *space.shape))
    if hasattr(space, "low"):
        drawn = space.low + numbers * (space.high - space.low)
        within: Array = np.clip(drawn, space.low, space.high).astype(space.dtype)
        return within
    counts = space.nvec if hasattr(space, "nvec") else space.n
    found: Array = (np.floor(numbers * counts) + getattr(space, "start", 0)).astype(space.dtype)
    return found
