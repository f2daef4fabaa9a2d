"""Our environments: plain NumPy, one thread, the whole contract included."""

from functools import partial

import numpy as np
from goals import Faster, Goal
from peers import RAW, SUPERSUIT
from timing import Case, Work

import rallypoint
from rallypoint.batch_env import BatchEnv
from rallypoint.envs.batch import autoreset

_COPIES = (1, 64, 1024, 4096)
_PEERS = tuple(SUPERSUIT.values())
# (N, copies) of pairs with equal E × N: cost per agent-step must not grow with N.
_PAIRS = (((1000, 1), (10, 100)), ((1000, 64), (10, 6400)))
_VIEW = "ParallelEnv view N=10"
_DRAWN = 8  # drawn beforehand, so that no two steps in a row read the same memory


def cases() -> list[Case]:
    """Return the ring at several sizes, and its PettingZoo view."""
    sizes = [(10, copies) for copies in _COPIES] + [size for pair in _PAIRS for size in pair]
    rings = [
        Case(id=_ring(num_agents, copies), prepare=partial(_batch, num_agents, copies))
        for num_agents, copies in sizes
    ]
    return [*rings, Case(id=_VIEW, prepare=_parallel_view)]


def goals() -> list[Goal]:
    """Return what is compared with what."""
    one, *many = (_ring(10, copies) for copies in _COPIES)
    return [
        Faster(case=one, than=(RAW,), called="simple_spread"),
        *(
            Faster(case=ring, than=_PEERS, called="SuperSuit", least=1000, aim=2000)
            for ring in many
        ),
        *(
            Faster(case=_ring(*large), than=(_ring(*small),), called=_ring(*small)[5:], least=1)
            for large, small in _PAIRS
        ),
        Faster(case=_VIEW, than=(RAW,), called="simple_spread", least=30),
    ]


def _ring(num_agents: int, copies: int) -> str:
    return f"ring N={num_agents} E={copies}"


def _batch(num_agents: int, copies: int) -> Work:
    world = rallypoint.make("gathering-v0", num_agents=num_agents, copies=copies)
    env = autoreset(world)
    shape = (_DRAWN, copies, num_agents)
    drawn = [{"agents": a} for a in np.random.default_rng(0).integers(0, 3, shape)]
    steps = _episode_length(world)
    script = [drawn[i % len(drawn)] for i in range(steps)]
    env.reset(seed=0)

    def episode() -> int:  # one reset of every copy included
        for actions in script:
            env.step(actions)
        return steps * copies * num_agents

    return episode


def _parallel_view() -> Work:
    from rallypoint.envs.views.parallel import ParallelView

    world = rallypoint.make("gathering-v0", num_agents=10)
    env = ParallelView(world)
    steps = _episode_length(world)
    drawn = np.random.default_rng(0).integers(0, 3, (steps, 10)).tolist()
    script = [dict(zip(env.possible_agents, row, strict=True)) for row in drawn]
    env.reset(seed=0)

    def episode() -> int:
        env.reset()
        for actions in script:
            env.step(actions)
        return steps * 10

    return episode


def _episode_length(world: BatchEnv) -> int:
    assert world.time_limit is not None
    return world.time_limit
