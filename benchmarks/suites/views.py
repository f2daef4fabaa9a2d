"""Our worlds as other libraries' types, beside the same world alone and the barest conversion."""

from collections.abc import Iterator, Sequence
from functools import partial

from goals import Faster, Goal
from timing import Case, Work

from suites import Suite, simple_spread, worlds

SECTION = "views"
# interface -> agents, copies
_SIZES: dict[str, tuple[int, tuple[int, ...]]] = {
    "ParallelEnv": (10, (1,)),
    "AECEnv": (10, (1,)),
    "VectorEnv": (10, (64, 1024)),
    "VecEnv": (10, (64, 1024)),
    "gymnasium.Env": (1, (1,)),
}
# The rest is the world, and the conversion that the interface asks for; a view also checks actions
# and keeps account of who is there, and of returns. That may take a quarter of the whole.
_OF_BARE = 0.75
_BRIDGE = "simple_spread N=10, our bridge"
_BRIDGED = (8, 64)  # copies


def cases(*, quick: bool) -> Sequence[Case]:
    """Return each world through each view, and through the barest that would do."""
    del quick  # milliseconds each
    of_views = [
        Case(
            row=_row(world, interface, bare=bare),
            column=f"E={copies}",
            prepare=partial(_episodes, world, interface, copies, bare=bare),
        )
        for world in worlds.WORLDS
        for interface, (_, sizes) in _SIZES.items()
        for bare in (False, True)
        for copies in sizes
    ]
    bridges = [
        Case(row=_BRIDGE, column=f"E={copies}", prepare=partial(_bridge, copies))
        for copies in _BRIDGED
    ]
    return [*of_views, *bridges]


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return what a view may cost, and how far it is ahead of what it is used instead of."""
    del quick  # what is not timed is not compared
    return [*_against_worlds(), *_against_peers()]


SUITE = Suite(
    cases=cases,
    goals=goals,
    packages=("rallypoint", "pettingzoo", "gymnasium", "stable-baselines3", "torch", "numpy"),
)


def _row(world: str, interface: str, *, bare: bool = False) -> str:
    num_agents, _ = _SIZES[interface]
    return f"{world} N={num_agents} as {interface}{', bare' * bare}"


def _against_worlds() -> Iterator[Goal]:
    for world in worlds.WORLDS:
        for interface, (num_agents, sizes) in _SIZES.items():
            itself = [worlds.id_of(world, num_agents, copies) for copies in sizes]
            floor = [f"{_row(world, interface, bare=True)} E={copies}" for copies in sizes]
            for called, least, others in (
                ("BatchEnv", None, itself),
                ("bare conversion", _OF_BARE, floor),
            ):
                for copies, other in zip(sizes, others, strict=True):
                    yield Faster(
                        section=SECTION,
                        row=_row(world, interface),
                        column=f"E={copies}",
                        case=f"{_row(world, interface)} E={copies}",
                        than=(other,),
                        called=called,
                        least=least,
                    )


def _against_peers() -> Iterator[Goal]:
    for world in worlds.WORLDS:
        row = _row(world, "ParallelEnv")
        yield Faster(
            section=worlds.SECTION,
            row=row,
            column="E=1",
            case=f"{row} E=1",
            than=(simple_spread.raw(10),),
            called="simple_spread",
            least=30 if world == "ring" else None,
        )
    for copies, peer in zip(_BRIDGED, simple_spread.supersuit(10), strict=True):
        yield Faster(
            section=SECTION,
            row=_BRIDGE,
            column=f"E={copies}",
            case=f"{_BRIDGE} E={copies}",
            than=(peer,),
            called="SuperSuit",
        )


def _episodes(world: str, interface: str, copies: int, *, bare: bool) -> Work:
    import numpy as np

    import rallypoint
    from suites.interfaces import INTERFACES

    num_agents, _ = _SIZES[interface]
    made = rallypoint.make(worlds.WORLDS[world], num_agents=num_agents, copies=copies)
    chosen = INTERFACES[interface]
    env = (chosen.bare if bare else chosen.view)(made)
    shape = (made.time_limit or 0, copies * num_agents)
    drawn = np.random.default_rng(0).integers(0, made.groups[0].action_space.n, shape)
    return chosen.drive(env, drawn)


def _bridge(copies: int) -> Work:
    import numpy as np

    from rallypoint.envs.views.adapter import adapt
    from rallypoint.envs.views.sb3 import Sb3View
    from suites.interfaces import in_rows

    env = Sb3View(adapt(partial(simple_spread.make, 10), copies=copies))
    shape = (simple_spread.EPISODE, env.num_envs)
    return in_rows(env, np.random.default_rng(0).integers(0, 5, shape))
