"""What cannot be taken from an agent by any lie: the soonest that a pole can be made to fall."""

import numpy as np

from rallypoint.draws import Floats, Integers
from rallypoint.envs.control.cartpole.dynamics import ANGLE_LIMIT, POSITION_LIMIT, moved

_MOST_STEPS = 14  # by then some sequence of pushes has toppled every pole that starts upright


def soonest_fall(starts: Floats) -> Integers:
    """Return after how many steps a pole falls if it is pushed as is worst for it: (E, 4) -> (E,).

    Whatever an agent is shown, it pushes left or right. So no lie, of any size, takes more of it
    than the worst of all sequences of pushes does; all of them are tried.
    """
    soonest = np.zeros(len(starts), dtype=np.int64)
    states = starts[:, None].astype(np.float64)  # (E, sequences so far, 4)
    for step in range(1, _MOST_STEPS + 1):
        both = [
            moved(states.reshape(-1, 4), np.full(states.shape[0] * states.shape[1], push))
            for push in (0, 1)
        ]
        states = np.concatenate([after.reshape(states.shape) for after in both], axis=1)
        fallen = (np.abs(states[..., 0]) > POSITION_LIMIT) | (np.abs(states[..., 2]) > ANGLE_LIMIT)
        fell = fallen.any(axis=1) & (soonest == 0)
        soonest[fell] = step
        if soonest.all():
            return soonest
    raise AssertionError("a pole that starts upright can be toppled in so many steps")
