"""The world under test: how to make it anew, as often as needed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rallypoint.batch_env import BatchEnv
from rallypoint.envs.conformance.faults import during
from rallypoint.errors import NotConformant
from rallypoint.registration import make

Target = str | Callable[..., BatchEnv]
Copies = int | Sequence[int]


class Subject:
    """Makes fresh worlds of one kind."""

    def __init__(self, target: Target, settings: Mapping[str, Any], max_steps: int) -> None:
        """Take an id or something to call, and the settings to make every world with."""
        self.target = target
        self.settings = dict(settings)
        self.max_steps = max_steps
        self._made: list[BatchEnv] = []

    @property
    def name(self) -> str:
        """The id, or the name of what makes the world."""
        if isinstance(self.target, str):
            return self.target
        return str(getattr(self.target, "__qualname__", self.target))

    @property
    def steps(self) -> int:
        """How many steps make a whole episode, or as much of one as is played."""
        limit = self.make().time_limit
        return self.max_steps if limit is None else min(int(limit), self.max_steps)

    def make(self, copies: Copies = 1, **more: Any) -> BatchEnv:
        """Make a world; it is closed at the end."""
        env = make_world(self.target, copies, self.settings | more)
        self._made.append(env)
        return env

    def close(self) -> None:
        """Close every world that was made."""
        while self._made:
            with during("close()"):
                self._made.pop().close()


def make_world(target: Target, copies: Copies, settings: Mapping[str, Any]) -> BatchEnv:
    """Make a world by its id, or by calling what makes it.

    Raises:
        NotConformant: no world comes of it.
    """
    if isinstance(target, str):
        return make(target, copies=copies, **settings)
    with during(f"making it with copies={copies!r}"):
        env: Any = target(copies=copies, **settings)
    if not isinstance(env, BatchEnv):
        raise NotConformant(f"it makes a {type(env).__name__}, which is no BatchEnv")
    return env
