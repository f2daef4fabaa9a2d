"""Other people's environments: mpe2's simple_spread, alone and under SuperSuit."""

import warnings
from functools import partial
from typing import Any

import numpy as np
from timing import Case, Work

EPISODE = 25  # simple_spread's own default
NUM_ACTIONS = 5
_NUM_AGENTS = 10

RAW = f"simple_spread N={_NUM_AGENTS}"
SUPERSUIT = {copies: f"SuperSuit N={_NUM_AGENTS} E={copies}" for copies in (8, 64)}


def cases() -> list[Case]:
    """Return the peers; each is imported when it is prepared."""
    vectors = [
        Case(id=SUPERSUIT[copies], prepare=partial(_supersuit, copies)) for copies in SUPERSUIT
    ]
    return [Case(id=RAW, prepare=_simple_spread), *vectors]


def _make() -> Any:
    warnings.simplefilter("ignore")  # about their own dependencies
    from mpe2 import simple_spread_v3  # type: ignore[import-untyped]  # it has no annotations

    return simple_spread_v3.parallel_env(
        N=_NUM_AGENTS, max_cycles=EPISODE, continuous_actions=False
    )


def _simple_spread() -> Work:
    env = _make()
    drawn = np.random.default_rng(0).integers(0, NUM_ACTIONS, (EPISODE, _NUM_AGENTS)).tolist()
    script = [dict(zip(env.possible_agents, row, strict=True)) for row in drawn]

    def episode() -> int:
        env.reset()
        for actions in script:
            env.step(actions)
        return EPISODE * _NUM_AGENTS

    return episode


def _supersuit(copies: int) -> Work:
    import supersuit  # type: ignore[import-untyped]  # it has no annotations

    one = supersuit.pettingzoo_env_to_vec_env_v1(_make())
    env = supersuit.concat_vec_envs_v1(one, copies, num_cpus=0, base_class="gymnasium")
    num_rows = copies * _NUM_AGENTS
    script = np.random.default_rng(0).integers(0, NUM_ACTIONS, (EPISODE, num_rows))
    env.reset()

    def episode() -> int:  # it resets by itself
        for actions in script:
            env.step(actions)
        return EPISODE * num_rows

    return episode
