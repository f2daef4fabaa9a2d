"""Freezing a learner of networks, whichever kind it is of."""

from typing import Any

import numpy as np

from rallypoint.agents.assessment.arms import seed_of
from rallypoint.agents.assessment.contributors import FrozenContributor, architecture_of
from rallypoint.agents.assessment.minibatches import Frozen
from rallypoint.agents.assessment.request import Named, Request, told
from rallypoint.agents.gradient.learners import GradientLearner
from rallypoint.batch_env import Array, BatchEnv, Group
from rallypoint.draws import Draws, stream
from rallypoint.errors import InvalidConfig

_PROBES = 8  # observations at which the outputs of networks are looked at
_PROBED_STEPS = 16  # of random play, from which they are taken
_SB3_STEPS = 2048  # until it is frozen, if nothing else is said


def frozen_networks(
    learner: Any, request: Request, world: BatchEnv, group: Group
) -> tuple[Frozen, str, str]:
    """Freeze a learner of the only group; return it, its name, and in which state it is.

    Raises:
        InvalidConfig: it cannot be frozen; says what can.
    """
    probes = _probes(world, group, seed_of(request.seed, "probes"))
    if isinstance(learner, GradientLearner):
        _refuse_idle(request, "frozen_after", "contributors are frozen at their start, or at state")
        architecture = architecture_of(learner, group)
        parameters, how = request.state, "Frozen at the parameters that were given."
        if parameters is None:
            parameters = architecture.initial(
                stream(request.seed, "assessment/parameters"), scheme=learner.initial
            )
            how = "Frozen at the parameters that it starts from."
        return FrozenContributor(learner, group, parameters, probes), told(learner), how
    if isinstance(learner, Named) or hasattr(learner, "model"):
        from rallypoint.agents.assessment.closed import FrozenSb3  # torch

        _refuse_idle(request, "state", "an algorithm is its own state")
        trained, how = learner, "Frozen as it was given."
        if isinstance(learner, Named):
            trained, how = _trained(learner, request)
        else:
            _refuse_idle(request, "frozen_after", "this algorithm is trained already")
        agent = trained.summary.get("agent", type(trained.model).__name__)
        return FrozenSb3(trained, probes), str(agent), how
    if all(hasattr(learner, part) for part in ("books", "act", "keeps", "changes")):
        for name in ("state", "frozen_after"):
            _refuse_idle(request, name, "this learner is frozen as it stands")
        return learner, type(learner).__name__, "Frozen as it was given."
    raise InvalidConfig(
        f"{type(learner).__name__} cannot be frozen: a learner is a name, a learner of tables or "
        "of contributors, what train_sb3 returned, or has books, act, keeps and changes (see "
        "rallypoint.agents.assess.Frozen)"
    )


def _refuse_idle(request: Request, name: str, why: str) -> None:
    if getattr(request, name) is not None:
        raise InvalidConfig(f"{why}; leave {name} out")


def _trained(named: Named, request: Request) -> tuple[Any, str]:
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
