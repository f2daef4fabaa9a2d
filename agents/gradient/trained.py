"""A policy trained in one call: one learner, in this process, one run, one kind of world."""

from collections.abc import Callable

import numpy as np

from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import GradientLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.server import Server
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws, stream
from rallypoint.safety.aggregation import Aggregator


def trained(
    world: BatchEnv,
    learner: GradientLearner,
    *,
    rounds: int,
    seed: int,
    advance: Callable[[], None] = lambda: None,
) -> GradientPolicy:
    """Train the policy of a world's only group from scratch, and return it as it acts by draws.

    Args:
        world: as many copies as a fragment has rows at a time.
        learner: that learns, with all that can be set about it.
        rounds: how many updates.
        seed: of everything.
        advance: called after each round.

    Raises:
        InvalidConfig, NotOffered: a world or spaces that it cannot learn from.
        Diverged: parameters are not finite any more.
    """
    (group,) = world.groups
    networks = learner.architecture(group)
    start = networks.initial(stream(seed, "gradient/trained"), scheme=learner.initial)
    server = server_of_one(learner, networks, start, seed)
    loop = Rounds(
        Rollout(world, Draws(seed, "gradient/trained/policy", world.copies)),
        networks,
        learner,
        Contributors(who="workers", count=1, runs=1),
        server,
        steps=learner.steps,
        seeds=[seed],
        contribution=learner.contribution,
        world_seed=seed,
    )
    for _ in loop.run(rounds):
        advance()
    return GradientPolicy(networks, np.array(loop.weights[0]), group)


def server_of_one(
    learner: GradientLearner, networks: Architecture, start: Parameters, seed: int
) -> Server:
    """Return the server of a learner whose updates are its own, from parameters (d,) on."""
    return Server(
        start[None],
        [Aggregator.parse("mean")],
        f=0,
        seeds=[seed],
        optimiser=learner.server_optimiser,
        pace=learner.pace,
        riders=learner.riders(networks),
    )
