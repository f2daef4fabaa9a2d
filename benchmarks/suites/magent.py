"""magent2's battle and gather: many agents on a grid, in C++."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from timing import Case, Work

from suites import Suite

# name -> module of magent2.environments, settings
_MAPS: dict[str, tuple[str, dict[str, Any]]] = {
    "magent2 battle 16² N=12": ("battle_v4", {"map_size": 16}),
    "magent2 battle 45² N=162": ("battle_v4", {"map_size": 45}),
    "magent2 gather N=495": ("gather_v5", {}),
}
IDS = tuple(f"{name} E=1" for name in _MAPS)


def cases(*, quick: bool) -> Sequence[Case]:
    """Return each map."""
    del quick  # an episode takes half a second
    return [
        Case(row=name, column="E=1", prepare=partial(_episodes, *where))
        for name, where in _MAPS.items()
    ]


SUITE = Suite(cases=cases, packages=("magent2", "pettingzoo", "gymnasium", "numpy"))


def _episodes(module: str, settings: dict[str, Any]) -> Work:
    from importlib import import_module

    import numpy as np

    env = import_module(f"magent2.environments.{module}").parallel_env(**settings)
    env.reset(seed=0)
    num_actions = env.action_space(env.possible_agents[0]).n
    shape = (1000, len(env.possible_agents))  # no episode is longer
    script = np.random.default_rng(0).integers(0, num_actions, shape).tolist()

    def episode() -> int:
        agent_steps = 0
        env.reset()
        for row in script:
            if not env.agents:
                break
            agent_steps += len(env.agents)  # the dead do nothing, and are not counted
            env.step(dict(zip(env.agents, row, strict=False)))
        return agent_steps

    return episode
