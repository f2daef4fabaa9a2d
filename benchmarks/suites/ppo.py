"""PPO of Stable-Baselines3 end to end: its own rollouts and its own updates, on one torch thread.

Equal on all sides: agents, copies, steps of a rollout, minibatches, epochs, and a net of 64 × 64
units. Not equal: the world, what is seen of it (13 numbers of the ring, 25 of the torus, 6 N of
simple_spread) and how long an episode lasts.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from goals import Faster, Goal
from timing import Case, Work

from suites import Suite, simple_spread, worlds

SECTION = "minibatch"
_COPIES, _STEPS, _EPOCHS, _UNITS = 64, 32, 10, [64, 64]
_MINIBATCHES = (2048, 256)
_LEAST = 5  # times SuperSuit, at the first minibatch
_NOTHING = "no environment"
_SIDES = {  # whose environment -> for how many agents
    "SuperSuit": (10, 3),
    "ring": (10, 3),
    "torus": (10, 3),
    _NOTHING: (10, 3),
}
_WHY = f"PPO's own updates remain, and the rows with {_NOTHING} show how little else there is"


def cases(*, quick: bool) -> Sequence[Case]:
    """Return a run for each environment and minibatch; one update is a piece of work."""
    return [
        Case(
            row=_row(side, num_agents),
            column=f"B={minibatch}",
            prepare=partial(_iterations, side, num_agents, minibatch),
            rounds=1 if quick else 3,
            seconds=0.2 if quick else 1.5,  # episodes end in some iterations only
        )
        for minibatch in _MINIBATCHES
        for side, numbers in _SIDES.items()
        for num_agents in (numbers[:1] if quick else numbers)
    ]


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return how much faster learning is expected to be."""
    del quick  # what is not timed is not compared
    theirs, *ours = _SIDES
    return [
        Faster(
            section=SECTION,
            row=_row(side, num_agents),
            column=f"B={minibatch}",
            case=f"{_row(side, num_agents)} B={minibatch}",
            than=(f"{_row(theirs, num_agents)} B={minibatch}",),
            called="SuperSuit",
            least=_LEAST if minibatch == _MINIBATCHES[0] and side in worlds.WORLDS else None,
            why=_WHY,
        )
        for side in ours
        for num_agents in _SIDES[side]
        for minibatch in _MINIBATCHES
    ]


SUITE = Suite(
    cases=cases,
    goals=goals,
    packages=("stable-baselines3", "torch", "supersuit", "mpe2", "rallypoint", "numpy"),
)


def _row(side: str, num_agents: int) -> str:
    return f"PPO, {side} N={num_agents}"


def _iterations(side: str, num_agents: int, minibatch: int) -> Work:
    import torch
    from stable_baselines3 import PPO

    torch.set_num_threads(1)
    env = _env(side)(num_agents)
    model = PPO(
        "MlpPolicy",
        env,
        n_steps=_STEPS,
        batch_size=minibatch,
        n_epochs=_EPOCHS,
        policy_kwargs={"net_arch": _UNITS},
        device="cpu",
    )
    num_rows = _STEPS * _COPIES * num_agents
    model.learn(num_rows)  # resets, and makes what is made once

    def iteration() -> int:
        model.learn(num_rows, reset_num_timesteps=False)
        return num_rows

    return iteration


def _env(side: str) -> Callable[[int], Any]:
    if side in worlds.WORLDS:
        return partial(_ours, worlds.WORLDS[side])
    return _still if side == _NOTHING else _supersuit


def _supersuit(num_agents: int) -> Any:
    return simple_spread.vector(num_agents, _COPIES, "stable_baselines3")


def _ours(id: str, num_agents: int) -> Any:
    import rallypoint
    from rallypoint.envs.views.sb3 import Sb3View

    return Sb3View(rallypoint.make(id, num_agents=num_agents, copies=_COPIES))


def _still(num_agents: int) -> Any:
    from suites.still import StillVecEnv

    return StillVecEnv(_COPIES * num_agents)
