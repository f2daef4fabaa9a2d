"""The interfaces of other libraries: our view, the floor under it, and how each is driven."""

from collections.abc import Callable
from typing import Any, NamedTuple

from pettingzoo.utils.conversions import parallel_to_aec

from rallypoint.envs.views.aec import aec_view
from rallypoint.envs.views.parallel import ParallelView
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.envs.views.single import SingleView
from rallypoint.envs.views.vector import VectorView
from suites.bare import BareParallel, BareSingle, BareVecEnv, BareVectorEnv

Drive = Callable[[Any, Any], Callable[[], int]]  # env, actions (T, rows) -> an episode


def in_dicts(env: Any, drawn: Any) -> Callable[[], int]:
    """Drive a ParallelEnv."""
    script = [dict(zip(env.possible_agents, row, strict=True)) for row in drawn.tolist()]

    def episode() -> int:
        env.reset()
        for actions in script:
            env.step(actions)
        return int(drawn.size)

    return episode


def in_turn(env: Any, drawn: Any) -> Callable[[], int]:
    """Drive an AECEnv."""
    script = drawn.reshape(-1).tolist()

    def episode() -> int:
        env.reset()
        for action in script:
            env.last()
            env.step(action)
        return len(script)

    return episode


def in_rows(env: Any, drawn: Any) -> Callable[[], int]:
    """Drive a vector, which resets by itself."""
    script = list(drawn)
    env.reset()

    def episode() -> int:
        for actions in script:
            env.step(actions)
        return int(drawn.size)

    return episode


def alone(env: Any, drawn: Any) -> Callable[[], int]:
    """Drive a gymnasium.Env."""
    script = drawn.reshape(-1).tolist()

    def episode() -> int:
        env.reset()
        for action in script:
            env.step(action)
        return len(script)

    return episode


class Interface(NamedTuple):
    """A type of another library."""

    view: Callable[[Any], Any]  # world -> ours
    bare: Callable[[Any], Any]  # world -> the floor under it
    drive: Drive


INTERFACES = {
    "ParallelEnv": Interface(ParallelView, BareParallel, in_dicts),
    "AECEnv": Interface(aec_view, lambda world: parallel_to_aec(BareParallel(world)), in_turn),
    "VectorEnv": Interface(VectorView, BareVectorEnv, in_rows),
    "VecEnv": Interface(Sb3View, BareVecEnv, in_rows),
    "gymnasium.Env": Interface(SingleView, BareSingle, alone),
}
