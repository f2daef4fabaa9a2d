"""Our PPO beside SB3's under SuperSuit and RLlib's, both on simple_spread.

Agents, copies, steps, minibatches, epochs and nets are those of suite ``ppo``. Ours learns on the
torus, whose steps cost next to nothing; and on simple_spread itself, through our bridge, where most
of the time goes into that environment, whoever learns.
"""

from collections.abc import Sequence
from functools import partial

from goals import Faster, Goal
from timing import Case, Work

from suites import Suite, gradient, rllib_spread, simple_spread

_NUM_AGENTS, _COPIES, _STEPS, _EPOCHS = 10, 64, 32, 5
_MINIBATCHES = (2048, 256)
_TORUS = f"PPO, torus N={_NUM_AGENTS}, ours, 5 epochs"
_SPREAD = f"PPO, simple_spread N={_NUM_AGENTS}, ours"
_SUPERSUIT = f"PPO, SuperSuit N={_NUM_AGENTS}"
_LEAST = {_SUPERSUIT: 5, rllib_spread.row(_NUM_AGENTS): 12}
_CALLED = {_SUPERSUIT: "SB3 + SuperSuit", rllib_spread.row(_NUM_AGENTS): "RLlib"}


def cases(*, quick: bool) -> Sequence[Case]:
    """Return a run for each world and minibatch; an iteration is a piece of work."""
    return [
        Case(
            row=row,
            column=f"B={minibatch}",
            prepare=partial(_iterations, row, minibatch),
            rounds=1 if quick else 3,
        )
        for row in (_TORUS, _SPREAD)
        for minibatch in _MINIBATCHES
    ]


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return how much faster ours is expected to be, on the torus; on simple_spread it is shown."""
    del quick
    return [
        Faster(
            section="minibatch",
            row=row,
            column=f"B={minibatch}",
            case=f"{row} B={minibatch}",
            than=(f"{theirs} B={minibatch}",),
            called=called,
            least=_LEAST[theirs] if row == _TORUS else None,
        )
        for row in (_TORUS, _SPREAD)
        for theirs, called in _CALLED.items()
        for minibatch in _MINIBATCHES
    ]


SUITE = Suite(cases=cases, goals=goals, packages=("rallypoint", "mpe2", "numpy"))


def _iterations(row: str, minibatch: int) -> Work:
    import rallypoint
    from rallypoint.envs.views.adapter import adapt

    if row == _TORUS:
        world = rallypoint.make("torus-v0", num_agents=_NUM_AGENTS, copies=_COPIES)
    else:
        world = adapt(lambda: simple_spread.make(_NUM_AGENTS), copies=_COPIES)
    return gradient.ppo(world, minibatch=minibatch, steps=_STEPS, epochs=_EPOCHS)
