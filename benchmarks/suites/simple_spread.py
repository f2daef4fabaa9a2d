"""mpe2's simple_spread, alone and under SuperSuit."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from timing import Case, Work

from suites import Suite

EPISODE = 25  # its own default
_NUM_ACTIONS = 5


def raw(num_agents: int) -> str:
    """Return the id of the environment as it comes."""
    return f"simple_spread N={num_agents} E=1"


def supersuit(num_agents: int) -> tuple[str, ...]:
    """Return the ids of SuperSuit's vectors of it."""
    return tuple(f"SuperSuit N={num_agents} E={copies}" for copies in (8, 64))


def cases(*, quick: bool) -> Sequence[Case]:
    """Return the environment with more and more agents, and vectors of it."""
    del quick  # these are what everything is compared with
    alone = [
        Case(row=f"simple_spread N={N}", column="E=1", prepare=partial(_alone, N))
        for N in (3, 10, 50)
    ]
    vectors = [
        Case(
            row=f"SuperSuit N={N}",
            column=f"E={E}",
            prepare=partial(_under_supersuit, N, E),
        )
        for N in (3, 10)  # with N=50, one episode of 64 copies would take a minute
        for E in (8, 64)
    ]
    return [*alone, *vectors]


SUITE = Suite(cases=cases, packages=("mpe2", "supersuit", "pettingzoo", "gymnasium", "numpy"))


def make(num_agents: int) -> Any:
    """Return the environment."""
    from mpe2 import simple_spread_v3  # type: ignore[import-untyped]  # it has no annotations

    return simple_spread_v3.parallel_env(N=num_agents, max_cycles=EPISODE, continuous_actions=False)


def vector(num_agents: int, copies: int, base_class: str) -> Any:
    """Return SuperSuit's vector of it: the recommended path from PettingZoo to SB3."""
    import supersuit  # type: ignore[import-untyped]  # it has no annotations

    one = supersuit.pettingzoo_env_to_vec_env_v1(make(num_agents))
    # num_cpus=0: on two cores its own processes were slower than none.
    return supersuit.concat_vec_envs_v1(one, copies, num_cpus=0, base_class=base_class)


def _alone(num_agents: int) -> Work:
    import numpy as np

    env = make(num_agents)
    drawn = np.random.default_rng(0).integers(0, _NUM_ACTIONS, (EPISODE, num_agents)).tolist()
    script = [dict(zip(env.possible_agents, row, strict=True)) for row in drawn]

    def episode() -> int:
        env.reset()
        for actions in script:
            env.step(actions)
        return EPISODE * num_agents

    return episode


def _under_supersuit(num_agents: int, copies: int) -> Work:
    import numpy as np

    env = vector(num_agents, copies, "gymnasium")
    num_rows = copies * num_agents
    script = np.random.default_rng(0).integers(0, _NUM_ACTIONS, (EPISODE, num_rows))
    env.reset()

    def episode() -> int:  # it resets by itself
        for actions in script:
            env.step(actions)
        return EPISODE * num_rows

    return episode
