"""Carrying out an assessment: freezing the learner, and comparing it at every theta."""

from typing import Any

from rallypoint.agents.assessment.arms import seed_of
from rallypoint.agents.assessment.exploring import explored
from rallypoint.agents.assessment.findings import Assessment
from rallypoint.agents.assessment.freezing import frozen_networks
from rallypoint.agents.assessment.frozen_tables import FrozenTables, check_local
from rallypoint.agents.assessment.local import Plan as TablesPlan
from rallypoint.agents.assessment.local import assess_tables, frozen_team
from rallypoint.agents.assessment.pairs import Plan as PairsPlan
from rallypoint.agents.assessment.pairs import assess_networks
from rallypoint.agents.assessment.request import Request, told
from rallypoint.agents.tabular.encoding import Encoding, encoding_for
from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.exploration import Growth

_RUNS = 8  # trained under interruption, to see what is tried
_LEADS = tuple(range(16))  # steps from a reset to where updates are looked at, in turn
_FEW_LEADS = (0, 1, 2, 4, 8)  # where each is played anew for every single step
_TABLE_STEPS = 500  # until it is frozen, if nothing else is said


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
        exploration=_growth(request, frozen, encoding),
    )


def _growth(request: Request, frozen: FrozenTables, encoding: Encoding) -> Growth | None:
    """Return how visits grow in training under interruption, where that is asked."""
    if not request.exploration_steps:
        return None
    world = request.arms.as_declared(request.arms.make_world(_RUNS), request.thetas[-1])
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
    return growth


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
    frozen, name, how = frozen_networks(learner, request, world, group)
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
