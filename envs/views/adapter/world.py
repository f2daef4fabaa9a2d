"""E copies of somebody's environment, as one world."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Array, Mask, Observations, Step
from rallypoint.envs.batch import Copies, World
from rallypoint.envs.views.adapter.groups import Name, seating
from rallypoint.envs.views.adapter.masks import Allowed, allowed_by_group
from rallypoint.envs.views.adapter.noop import checked_noop
from rallypoint.envs.views.adapter.outside import Outside
from rallypoint.envs.views.adapter.play import Play
from rallypoint.envs.views.adapter.sight import Sight
from rallypoint.errors import InvalidConfig, NotReset

_LARGEST = sys.float_info.max  # Python's, which it compares with whole numbers of any size
_SEEDS = 1 << 31  # as many as fit into a C int, which is what engines behind environments take


class Adapted(World):
    """A world whose copies are moved on by other people's environments.

    An agent whose part ends gets its last observation in that step. From then on, as before it
    arrives, its rows are zeros, it earns 0 and its action is not looked at. It is alive while it is
    to act next; where a whole copy ends, those who were truncated stay alive, as in other worlds.
    """

    def __init__(
        self,
        make_env: Callable[[], Any],
        *,
        id: str | None,
        copies: Copies = 1,
        max_cycles: int | None = None,
        noop: Any = None,
        outside: Outside = "refuse",
        anew: bool = False,
    ) -> None:
        """Make the copies; see ``adapt``."""
        first = make_env()
        metadata = getattr(first, "metadata", None) or {}
        name = id or str(metadata.get("name") or type(first.unwrapped).__name__)
        self._seating = seating(first, name, outside)
        super().__init__(
            name,
            self._seating.groups,
            copies=copies,
            time_limit=_own_limit(first) if max_cycles is None else max_cycles,
            draws_ahead=1,  # one number an episode
        )
        self.metadata = {"render_modes": [], "render_fps": 10, **metadata}
        self.render_mode = getattr(first, "render_mode", None)
        self.noop = checked_noop(self.groups, noop)
        self._make_env = make_env
        self._anew = anew
        num_copies = len(self.copies)
        self._plays = [self._play(row, None if row else first) for row in range(num_copies)]
        _refuse_one_for_all(name, [play.env for play in self._plays])
        spaces = self._seating.spaces
        self._sights = [
            Sight(group, own, num_copies, outside)
            for group, own in zip(self.groups, spaces, strict=True)
        ]
        self._seeds = np.zeros(num_copies, dtype=np.int64)
        self._cut = np.zeros_like(self._alive)  # (E, N) whom an environment truncated in this step
        self._allowed: dict[str, Allowed] = {}  # by group, where anybody is told what is allowed
        self._closed = False
        self._look_what_it_offers(self._plays[0])

    @property
    def episode_seeds(self) -> NDArray[np.int64]:
        """The seed that each copy's environment was last reset with, to play it elsewhere: (E,)."""
        return self._seeds.copy()

    def step(self, actions: Actions) -> Step:
        """Advance every copy by one step; see ``BatchEnv.step``."""
        step = super().step(actions)
        if self._cut.any():  # World itself truncates whole copies only
            step = step._replace(truncated=step.truncated | self._cut)
            self._ended = step.ended
            self._any_ended = bool(self._ended.any())
        return step

    def state(self) -> Array:
        """What each environment says its state is: (E, …)."""
        if "state" not in self.offers:
            self._refuse("state")
        if self._seed is None:
            raise NotReset(f"{self.id} has no state before its first reset")
        return np.stack([play.state() for play in self._plays])

    def action_mask(self) -> dict[str, Mask]:
        """Which actions are allowed now: group -> (E, n_group, actions)."""
        if "action_mask" not in self.offers:
            self._refuse("action_mask")
        return {name: allowed.array.copy() for name, allowed in self._allowed.items()}

    def render(self, copy: int = 0) -> Any:
        """Draw one copy as its environment does."""
        if self.render_mode is None:
            return super().render(copy)
        return self._plays[copy].env.render()

    def close(self) -> None:
        """Close every environment, once."""
        if not self._closed:
            self._closed = True
            self._ended[:] = self._any_ended = True
            for play in self._plays:
                play.env.close()

    def _start(self, mask: Mask) -> None:
        with self._trusting(mask):
            self._begin(mask)

    def _begin(self, mask: Mask) -> None:
        self._seeds[mask] = self._draws.integers(_SEEDS, mask=mask)
        for row in np.flatnonzero(mask).tolist():
            if self._anew:
                self._plays[row].env.close()
                self._plays[row] = self._play(row)
            play = self._plays[row]
            observations, infos = play.reset(int(self._seeds[row]))
            self._take_over(row, play, observations, infos)
            self._alive[row] = False
            self._alive[row, play.places] = True
        self._check_observations()

    def _advance(self, actions: Actions) -> tuple[NDArray[np.float64], Mask, dict[str, Array]]:
        with self._trusting(slice(None)):
            return (*self._move(actions), {})

    def _move(self, actions: Actions) -> tuple[NDArray[np.float64], Mask]:
        terminated = np.zeros_like(self._alive)
        self._cut = np.zeros_like(self._alive)
        rewards = []
        for row, (play, chosen) in enumerate(zip(self._plays, self._by_copy(actions), strict=True)):
            told = play.step(chosen)
            rewards.append(told.rewards)
            self._take_over(row, play, told.observations, told.infos)
            if play.changed:
                terminated[row, told.terminated] = True
                self._cut[row, told.truncated] = True
                self._alive[row] = False
                self._alive[row, play.places or told.truncated] = True
        self._check_observations()
        earned = _floats(rewards)  # (E, N)
        if not np.isfinite(earned).all():
            row, place = np.argwhere(~np.isfinite(earned))[0]
            self._blame(
                int(row), self.agents[place], f"earns {earned[row, place]}; a reward is finite"
            )
        return earned, terminated

    def _observe(self) -> Observations:
        return {sight.group.name: sight.observe() for sight in self._sights}

    def _take_over(
        self, row: int, play: Play, observations: Mapping[Name, Any], infos: Mapping[Name, Any]
    ) -> None:
        for sight, shown in zip(self._sights, play.shown, strict=True):
            if play.changed:
                sight.show(row, [slot for slot, _ in shown])
            sight.write(row, shown, observations, play.refuse)
        if self._allowed:
            for group, acting in zip(self.groups, play.acting, strict=True):
                if group.name in self._allowed:
                    self._allowed[group.name].write(row, acting, observations, infos, play.refuse)

    def _by_copy(self, actions: Actions) -> Sequence[list[Any]]:
        """Return every copy's actions by place, each as its space would sample it."""
        arrays: list[Array] = []
        for group in self.groups:
            space: Any = group.action_space
            arrays.append(actions[group.name].astype(space.dtype))  # also a copy, to be kept
        return [[one for rows in copy for one in rows] for copy in zip(*arrays, strict=True)]

    def _check_observations(self) -> None:
        for sight in self._sights:
            sight.check(self._blame)

    def _blame(self, row: int, agent: str, what: str) -> NoReturn:
        self._plays[row].refuse(agent, what)

    @contextmanager
    def _trusting(self, rows: Mask | slice) -> Iterator[None]:
        """Count copies as ended where something goes wrong: it leaves them half moved on."""
        try:
            yield
        except BaseException:
            self._ended[rows] = True
            self._any_ended = True
            raise

    def _play(self, row: int, env: Any = None) -> Play:
        made = self._make_env() if env is None else env
        return Play(made, self._seating, self.id, int(self.copies[row]))

    def _look_what_it_offers(self, play: Play) -> None:
        """Only an environment that was reset shows masks and a state."""
        _, infos = play.reset(0)
        self._allowed = allowed_by_group(self._sights, play.acting, infos)
        if self._allowed:
            self.offers |= {"action_mask"}
        try:
            state = play.env.state()
        except Exception:  # noqa: BLE001  # however an environment says that it has none
            return
        if isinstance(state, np.ndarray):
            self.offers |= {"state"}


def _floats(rewards: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    try:
        return np.array(rewards, dtype=np.float64)
    except OverflowError:  # whole numbers can be larger than any float
        return np.array(
            [[one if abs(one) <= _LARGEST else np.inf for one in row] for row in rewards]
        )


def _own_limit(env: Any) -> int | None:
    """Return what the environment says of its time limit, if it says anything."""
    spec = getattr(getattr(env, "env", None), "spec", None)
    for limit in (
        getattr(spec, "max_episode_steps", None),
        getattr(env.unwrapped, "max_cycles", None),
    ):
        if isinstance(limit, int | np.integer) and limit >= 1:
            return int(limit)
    return None


def _refuse_one_for_all(name: str, envs: Sequence[Any]) -> None:
    if len({id(env.unwrapped) for env in envs}) < len(envs):
        raise InvalidConfig(
            f"what makes {name} hands out one environment again and again; each copy needs its own"
        )
