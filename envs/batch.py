"""What worlds share: the bookkeeping of copies, episodes and ends; and resetting by itself."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from reprlib import repr as shortened
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import (
    Actions,
    Array,
    BatchEnv,
    Group,
    Mask,
    Observations,
    Snapshot,
    Step,
    check_actions,
    refuse_ended,
)
from rallypoint.checked import are_checked
from rallypoint.draws import Draws, check_seed
from rallypoint.errors import InvalidConfig, NotReset
from rallypoint.snapshots import as_array, as_text, check_snapshot
from rallypoint.wrapper import BatchWrapper

Copies = int | Sequence[int] | NDArray[np.int64]

_KEPT = ("_elapsed", "_alive", "_ended")


class World(BatchEnv):
    """A BatchEnv whose author writes only the task.

    A subclass sets its spaces in ``__init__`` and writes ``_start`` (begin the masked copies),
    ``_advance`` (one step, actions already checked) and ``_observe``. World keeps copies, seeds,
    episodes, the time limit, who is alive and which copies have ended, and refuses wrong actions
    and steps after the end. ``self._draws`` is the world's own randomness: each copy's stream
    starts anew with each of its episodes. A world offers ``snapshot`` by naming the arrays that
    make up its state in ``_state_arrays``: there from ``__init__`` on, first axis E, and of a shape
    and type that they keep. One that offers ``remove`` calls ``self._leave(mask)`` there, which
    books who is gone, and returns ``self._observe()``.
    """

    _state_arrays: tuple[str, ...] = ()

    def __init__(
        self,
        id: str,
        groups: Sequence[Group],
        *,
        copies: Copies = 1,
        time_limit: int | None = None,
        draws_ahead: int = 64,
    ) -> None:
        """Set up E copies.

        Args:
            id: the versioned name, ``"gathering-v0"``.
            groups: who acts, and in which spaces.
            copies: how many, or the global id of each.
            time_limit: steps after which a copy is truncated; None for never.
            draws_ahead: see ``Draws``.
        """
        self.id = id
        self.groups = tuple(groups)
        self.copies = _global_ids(copies)
        self.time_limit = _positive_or_none("max_cycles", time_limit)
        if self._state_arrays:
            self.offers = self.offers | {"snapshot"}
        self._draws_ahead = draws_ahead
        self._seed: int | None = None
        num_copies = len(self.copies)
        self._elapsed = np.zeros(num_copies, dtype=np.int64)
        self._alive = np.zeros((num_copies, self.num_agents), dtype=bool)
        self._ended = np.ones(num_copies, dtype=bool)
        self._any_ended = True

    @abstractmethod
    def _start(self, mask: Mask) -> None:
        """Begin an episode in the masked copies; all agents are alive unless this says not."""

    @abstractmethod
    def _advance(self, actions: Actions) -> tuple[NDArray[np.float64], Mask, dict[str, Array]]:
        """Move every copy on; return rewards (E, N), terminated (E, N) and infos."""

    @abstractmethod
    def _observe(self) -> Observations:
        """What every agent sees now, in new arrays."""

    def _refresh(self) -> None:
        """Derive anew what follows from the state: called after a start and after a restore."""

    @property
    def seed(self) -> int:
        """The seed of the last seeded reset."""
        if self._seed is None:
            raise NotReset(f"{self.id} has no seed before its first reset")
        return self._seed

    @property
    def alive(self) -> Mask:
        """Who is in the world now: (E, N)."""
        return self._alive.copy()

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes; see ``BatchEnv.reset``."""
        rows = self._rows(mask)
        if seed is not None or self._seed is None:
            if not rows.all():
                raise InvalidConfig(
                    "the first reset, and one with a seed, start every copy: leave the mask out"
                )
            entropy = int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
            self._seed = entropy if seed is None else check_seed(seed)
            self._draws = Draws(
                self._seed, f"{self.id}/world", self.copies, ahead=self._draws_ahead
            )
        elif rows.any():
            self._draws.begin_episode(rows)
        self._elapsed[rows] = 0
        self._alive[rows] = True
        self._ended[rows] = False
        self._any_ended = bool(self._ended.any())
        self._start(rows)
        self._refresh()
        return self._observe()

    def step(self, actions: Actions) -> Step:
        """Advance every copy by one step; see ``BatchEnv.step``."""
        if self._any_ended:
            self._refuse_step()
        if not are_checked(actions, self):
            check_actions(self.groups, len(self.copies), actions)
        rewards, terminated, infos = self._advance(actions)
        self._elapsed += 1
        if np.count_nonzero(terminated):  # counting is ten times faster than .any()
            self._alive = self._alive & ~terminated
        alive = self._alive.copy()
        truncated = np.zeros_like(alive)
        if self.time_limit is not None:
            late = self._elapsed >= self.time_limit
            if np.count_nonzero(late):
                truncated = alive & late[:, None]
        step = Step(self._observe(), rewards, terminated, truncated, alive, infos)
        if np.count_nonzero(truncated) or np.count_nonzero(alive) < alive.size:
            self._ended = step.ended
            self._any_ended = bool(self._ended.any())
        return step

    def close(self) -> None:
        """Release nothing: the arrays go with the object."""

    def snapshot(self) -> Snapshot:
        """Everything needed to go on from here, as a dict of arrays."""
        if "snapshot" not in self.offers:
            self._refuse("snapshot")
        if self._seed is None:
            raise NotReset(f"{self.id} has nothing to go on from before its first reset")
        kept = {name: getattr(self, name).copy() for name in (*self._state_arrays, *_KEPT)}
        draws = {f"draws.{name}": value for name, value in self._draws.snapshot().items()}
        told = {"id": as_array(self.id), "groups": as_array(_told(self.groups))}
        seed = np.array(self._seed, dtype=np.uint64)
        return kept | draws | told | {"copies": self.copies.copy(), "seed": seed}

    def restore(self, snapshot: Snapshot) -> Observations:
        """Go on from a snapshot; return the observations as they were then.

        It is one of this id, these groups and these very copies, or nothing is changed: under
        other global ids the copies would go on with other draws than those they began with.

        Raises:
            InvalidConfig: it is not; says what must hold and what came.
        """
        if "snapshot" not in self.offers:
            self._refuse("snapshot")
        self._refuse_foreign(snapshot)
        self._seed = int(snapshot["seed"])
        self._draws = Draws(self._seed, f"{self.id}/world", self.copies, ahead=self._draws_ahead)
        prefix = "draws."
        self._draws.restore(
            {k.removeprefix(prefix): v for k, v in snapshot.items() if k.startswith(prefix)}
        )
        for name in (*self._state_arrays, *_KEPT):
            setattr(self, name, snapshot[name].copy())
        self._any_ended = bool(self._ended.any())
        self._refresh()
        return self._observe()

    def _refuse_foreign(self, snapshot: Any) -> None:
        if isinstance(snapshot, Mapping):
            for name, mine in (("id", self.id), ("groups", _told(self.groups))):
                came = as_text(snapshot.get(name))
                if came is not None and came != mine:
                    raise InvalidConfig(
                        f"a snapshot goes on only in a world like its own: the {name} here is "
                        f"{mine!r}, and in the snapshot {came!r}"
                    )
            copies = snapshot.get("copies")
            if isinstance(copies, np.ndarray) and not np.array_equal(copies, self.copies):
                raise InvalidConfig(
                    f"a snapshot goes on in the same copies: this {self.id} has the global ids "
                    f"{shortened(self.copies.tolist())}, and the snapshot "
                    f"{shortened(copies.tolist())}; make a world with "
                    'copies=snapshot["copies"]'
                )
        stands = np.zeros(len(self.copies), dtype=np.int64)
        like: Snapshot = dict.fromkeys(("draws.episodes", "draws.places"), stands)
        like |= {"id": as_array(self.id), "groups": as_array(_told(self.groups))}
        like |= {"copies": self.copies, "seed": np.array(0, dtype=np.uint64)}
        like |= {name: getattr(self, name) for name in (*self._state_arrays, *_KEPT)}
        check_snapshot(snapshot, like, of=self.id)

    def _leave(self, mask: Mask) -> None:
        """Book agents (E, N) as gone; a copy that nobody is left in has ended."""
        if self._seed is None:
            raise NotReset(f"{self.id} must be reset before anybody leaves it")
        mask = _checked_mask(mask, self._alive.shape, "a mask of agents")
        self._alive = self._alive & ~mask
        self._ended |= ~self._alive.any(axis=1)
        self._any_ended = bool(self._ended.any())

    def _rows(self, mask: Mask | None) -> Mask:
        if mask is None:
            return np.ones(len(self.copies), dtype=bool)
        return _checked_mask(mask, (len(self.copies),), "a reset mask")

    def _refuse_step(self) -> None:
        if self._seed is None:
            raise NotReset(f"{self.id} must be reset before its first step")
        refuse_ended(self.id, self._ended)


def autoreset(env: BatchEnv) -> BatchEnv:
    """Return the world with ended copies starting anew within the same step.

    The step's observations are then those of the new episode; the last ones of the old episode
    are in ``infos["final_observations/<group>"]``, and ``infos["ended"]`` (E,) says where they
    count. Rewards, flags and ``alive`` are those of the old episode's last step.
    """
    return _Autoreset(env)


class _Autoreset(BatchWrapper):
    def step(self, actions: Actions) -> Step:
        """Advance every copy, then start the ended ones anew."""
        step = self.env.step(actions)
        ended = step.ended
        final = {f"final_observations/{k}": v for k, v in step.observations.items()}
        observations = self.env.reset(mask=ended) if ended.any() else step.observations
        return step._replace(observations=observations, infos=step.infos | {"ended": ended} | final)


def _global_ids(copies: Copies) -> NDArray[np.int64]:
    if isinstance(copies, int | np.integer) and not isinstance(copies, bool):
        ids = np.arange(copies)
    else:
        ids = np.asarray(copies)
    if ids.ndim != 1 or len(ids) == 0 or ids.dtype.kind not in "iu" or ids.min() < 0:
        raise InvalidConfig(
            "copies is a number >= 1, or the distinct global ids >= 0 of each copy, got "
            f"{shortened(copies)}"
        )
    if len(np.unique(ids)) < len(ids):
        raise InvalidConfig("two copies have one global id, so they would be the same episode")
    return ids.astype(np.int64)


def _positive_or_none(name: str, value: int | None) -> int | None:
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if value is not None and (not is_number or value < 1):
        raise InvalidConfig(
            f"{name} is an integer >= 1, or left out for what the world has by itself, got "
            f"{shortened(value)}"
        )
    return value


def _checked_mask(mask: Any, shape: tuple[int, ...], what: str) -> Mask:
    try:
        checked = np.asarray(mask)
    except ValueError as error:  # rows of several lengths
        raise InvalidConfig(f"{what} is a bool array {shape}, got {shortened(mask)}") from error
    if checked.shape != shape or checked.dtype != bool:
        raise InvalidConfig(f"{what} is a bool array {shape}, got {checked.dtype} {checked.shape}")
    return checked


def _told(groups: Sequence[Group]) -> str:
    return "; ".join(
        f"{len(group.agents)} {group.name} seeing {group.observation_space} and doing "
        f"{group.action_space}"
        for group in groups
    )
