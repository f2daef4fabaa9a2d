"""Our worlds: plain NumPy, one thread, the whole contract included."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from goals import Faster, Goal
from timing import Case, Work

from suites import Suite, jaxmarl_spread, magent, simple_spread, vmas_spread

WORLDS = {"ring": "gathering-v0", "torus": "torus-v0"}
COPIES = (1, 64, 1024, 4096)
SECTION = "copies"
_NUM_AGENTS = (3, 10, 50, 1000)
# (N, copies) of pairs with equal E × N: cost per agent-step must not grow with N.
_PAIRS = (((1000, 1), (10, 100)), ((1000, 64), (10, 6400)))
_TIMES_SUPERSUIT = {"ring": (1000, 2000), "torus": (400, None)}  # least, aim
_LARGE = 1_000_000  # agents in a step
_SHORT = 10  # steps of an episode where it is large, instead of 50 or 65
_LOOP = "a compiled loop has no Python between two steps; called step by step, JaxMARL is slower"


def id_of(world: str, num_agents: int, copies: int) -> str:
    """Return the id of a size."""
    return f"{world} N={num_agents} E={copies}"


def cases(*, quick: bool) -> Sequence[Case]:
    """Return each world at several sizes."""
    sizes = [(N, E) for N in _NUM_AGENTS for E in COPIES]
    sizes += [(1, 1), *(small for _, small in _PAIRS)]  # one alone: what its view is beside
    return [
        Case(
            row=f"{world} N={N}",
            column=f"E={E}",
            prepare=partial(episodes, world, N, E),
            rounds=3 if N * E >= _LARGE else None,
        )
        for world in WORLDS
        for N, E in sorted(sizes)
        if not (quick and N * E >= _LARGE)
    ]


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return what is compared with what."""
    del quick  # what is not timed is not compared
    return [goal for world in WORLDS for goal in _goals(world)]


SUITE = Suite(cases=cases, goals=goals, packages=("rallypoint", "numpy"))


def _goals(world: str) -> Iterator[Goal]:
    of_world = partial(_beside, world)
    least, aim = _TIMES_SUPERSUIT[world]
    yield of_world(10, 1, (simple_spread.raw(10),), "simple_spread")
    for copies in COPIES[1:]:
        peers = simple_spread.supersuit(10)
        yield of_world(10, copies, peers, "SuperSuit", least=least, aim=aim)
    for copies in COPIES[1:]:
        yield of_world(10, copies, magent.IDS, "magent2", least=1)
    for num_agents in vmas_spread.NUM_AGENTS:
        for copies in COPIES:
            peer = vmas_spread.id_of(num_agents, copies)
            yield of_world(num_agents, copies, (peer,), "VMAS", least=1)
    for num_agents in jaxmarl_spread.NUM_AGENTS:
        for copies in COPIES:
            called = jaxmarl_spread.id_of(num_agents, copies, compiled=False)
            yield of_world(num_agents, copies, (called,), "JaxMARL", least=1)
        for copies in COPIES:
            loop = jaxmarl_spread.id_of(num_agents, copies, compiled=True)
            yield of_world(num_agents, copies, (loop,), "JaxMARL's loop", least=1, why=_LOOP)
    for large, small in _PAIRS:
        peer = id_of(world, *small)
        yield of_world(*large, (peer,), "equal E × N", least=1)


def _beside(
    world: str,
    num_agents: int,
    copies: int,
    than: tuple[str, ...],
    called: str,
    *,
    least: float | None = None,
    aim: float | None = None,
    why: str = "",
) -> Faster:
    return Faster(
        section=SECTION,
        row=f"{world} N={num_agents}",
        column=f"E={copies}",
        case=id_of(world, num_agents, copies),
        than=than,
        called=called,
        least=least,
        aim=aim,
        why=why,
    )


def episodes(
    world: str, num_agents: int, copies: int, *, around: Callable[[Any], Any] | None = None
) -> Work:
    """Get a world ready, in what is put around it."""
    import rallypoint

    short = {"max_cycles": _SHORT} if num_agents * copies >= _LARGE else {}  # so more resets
    made = rallypoint.make(WORLDS[world], num_agents=num_agents, copies=copies, **short)
    return played(made, made.time_limit or 0, around)


def played(made: Any, steps: int, around: Callable[[Any], Any] | None = None) -> Work:
    """Play episodes of a batch of one group, whose actions are one of a few, at random."""
    import numpy as np

    from rallypoint.envs.batch import autoreset

    env = autoreset(made if around is None else around(made))
    (group,) = made.groups
    # Several, so that no two steps in a row read the same memory.
    size = made.num_copies * made.num_agents
    shape = (2 if size >= _LARGE else 8, made.num_copies, made.num_agents)
    drawn = np.random.default_rng(0).integers(0, group.action_space.n, shape)
    script = [{group.name: drawn[i % len(drawn)]} for i in range(steps)]
    env.reset(seed=0)

    def episode() -> int:  # one reset of every copy included
        for actions in script:
            env.step(actions)
        return steps * size

    return episode
