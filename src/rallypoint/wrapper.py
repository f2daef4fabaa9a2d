"""A world around a world: everything is handed on unless a subclass says otherwise."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import (
    Actions,
    Array,
    BatchEnv,
    Geometry,
    Mask,
    Observations,
    Snapshot,
    Step,
)
from rallypoint.errors import InvalidConfig


class BatchWrapper(BatchEnv):
    """Hands every part of the contract on to the world inside, optional parts included."""

    def __init__(self, env: BatchEnv) -> None:
        """Wrap a world; the wrapper declares what the world declares.

        Raises:
            InvalidConfig: it is none.
        """
        if not isinstance(env, BatchEnv):
            hint = f"; make it first, with rallypoint.make({env!r})" if isinstance(env, str) else ""
            raise InvalidConfig(
                f"what {type(self).__name__.strip('_')} wraps is a BatchEnv, got {env!r}{hint}"
            )
        self.env = env
        self.id = env.id
        self.groups = env.groups
        self.copies = env.copies
        self.time_limit = env.time_limit
        self.noop = env.noop
        self.offers = env.offers
        self.cost_names = env.cost_names
        self.render_mode = env.render_mode
        self.metadata = env.metadata

    @property
    def seed(self) -> int:
        """The seed of the last seeded reset."""
        return self.env.seed

    @property
    def alive(self) -> Mask:
        """Who is in the world now: (E, N)."""
        return self.env.alive

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes; see ``BatchEnv.reset``."""
        return self.env.reset(seed, mask)

    def step(self, actions: Actions) -> Step:
        """Advance every copy by one step; see ``BatchEnv.step``."""
        return self.env.step(actions)

    def close(self) -> None:
        """Close the world inside."""
        self.env.close()

    def render(self, copy: int = 0) -> Any:
        """Draw one copy."""
        return self.env.render(copy)

    def state(self) -> Array:
        """Everything that is true of each copy: (E, …)."""
        return self.env.state()

    def action_mask(self) -> dict[str, Mask]:
        """Which discrete actions are allowed now."""
        return self.env.action_mask()

    def cost(self) -> NDArray[np.float64]:
        """Safety costs of the last step: (E, N, k)."""
        return self.env.cost()

    def geometry(self) -> Geometry:
        """Where agents are and what observation entries mean."""
        return self.env.geometry()

    def regions(self) -> dict[str, Mask]:
        """Who is in each of the world's named places now: name -> (E, N)."""
        return self.env.regions()

    def remove(self, mask: Mask) -> Observations:
        """Take agents (E, N) out of the world until their copy is reset; observe anew."""
        return self.env.remove(mask)

    def snapshot(self) -> Snapshot:
        """Everything needed to go on from here."""
        return self.env.snapshot()

    def restore(self, snapshot: Snapshot) -> Observations:
        """Go on from a snapshot."""
        return self.env.restore(snapshot)

    def transitions(self) -> Any:
        """The tabular model of the task, where it has one."""
        return self.env.transitions()
