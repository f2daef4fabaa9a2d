"""Interruptions that people made, read from a file and made again at the same moments.

A log is JSON lines, one for each agent and step that a person overrode::

    {"episode": 0, "step": 12, "agent": "agent_1", "action": 3}
    {"copy": 5, "episode": 2, "step": 0, "agent": 0}

Without a copy the line is for every copy; without an action, what is done is up to the policy of
the threat. A line for one copy goes before one for all.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from rallypoint.batch_env import Array, BatchEnv
from rallypoint.draws import Integers
from rallypoint.errors import InvalidConfig, RallypointError, UnreadableFile
from rallypoint.safety.enforcement.ballot import named
from rallypoint.safety.enforcement.proposals import inside

_NOBODY = -1
_END = 2**62  # counts of moments are numbers of 64 bits
_ANY_COPY = -1


class Line(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One line of a log."""

    episode: int  # of the copy, from 0 on
    step: int  # since the reset
    agent: str | int
    copy: int | None = None  # global id
    action: Any = None


class Found(NamedTuple):
    """What a log says of some agents at one moment."""

    logged: Array  # (e, n) bool
    has_action: Array  # (e, n) bool
    actions: Array  # (e, n, …), read where has_action is true


def read_log(path: str | Path) -> list[Line]:
    """Read a log.

    Raises:
        UnreadableFile: it cannot be read, or a line is none; says which.
    """
    try:
        texts = Path(path).read_bytes().splitlines()
    except OSError as error:
        raise UnreadableFile(f"cannot read the log {path}: {error.strerror}") from error
    lines = []
    for number, text in enumerate(texts, start=1):
        try:
            line = msgspec.json.decode(text, type=Line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnreadableFile(
                f"line {number} of the log {path} is no interruption: {error}; one is "
                '{"episode": 0, "step": 12, "agent": "agent_1"}, with "copy" and "action" if known'
            ) from error
        for name in ("episode", "step", "agent", "copy"):
            count = getattr(line, name)
            if isinstance(count, int) and not 0 <= count < _END:
                what = f"a {name} below 0" if count < 0 else f"no {name} that can be"
                raise UnreadableFile(f"line {number} of the log {path} has {what}: {count}")
        lines.append(line)
    if not lines:
        raise UnreadableFile(f"the log {path} holds no interruption")
    return lines


class Script:
    """A log, laid out for one world."""

    def __init__(self, lines: Sequence[Line], env: BatchEnv, path: str) -> None:
        """Lay a log out; the lines are in the order of the file, whose path messages name.

        Raises:
            UnknownName: an agent that is none.
            InvalidConfig: a step that no episode has, an action that the agent does not have, or
                two lines for one moment; names the lines.
        """
        self._path = path
        agents = np.array([self._agent(n, line, env) for n, line in enumerate(lines, 1)])
        self.agents = frozenset(agents.tolist())  # indices of all who are interrupted
        copies = [_ANY_COPY if line.copy is None else line.copy for line in lines]
        moments = np.array(
            [copies, [line.episode for line in lines], [line.step for line in lines]]
        )
        self._known = [np.unique(part) for part in moments]  # copies, episodes, steps: sorted
        self._num_agents = env.num_agents
        keys, _ = self._keys(moments, agents)
        order = np.argsort(keys, kind="stable")
        self._sorted = keys[order]
        if (twice := np.flatnonzero(self._sorted[1:] == self._sorted[:-1])).size:
            one, other = sorted((order[twice[0]] + 1, order[twice[0] + 1] + 1))
            raise InvalidConfig(f"lines {one} and {other} of the log {path} are for one moment")
        self._lines = order
        self._actions = self._actions_of(lines, agents, env)

    def find(self, copies: Integers, episodes: Integers, steps: Integers, columns: slice) -> Found:
        """Return what the log says of a group's agents (e, n), given (e,) where copies stand."""
        agents = np.arange(columns.start, columns.stop)
        line = self._look_up(copies, episodes, steps, agents)
        anywhere = self._look_up(np.full_like(copies, _ANY_COPY), episodes, steps, agents)
        line = np.where(line == _NOBODY, anywhere, line)  # (e, n)
        has_action, actions = self._actions[columns.start]
        logged = line != _NOBODY
        return Found(logged, logged & has_action[line], actions[line])

    def _look_up(
        self, copies: Integers, episodes: Integers, steps: Integers, agents: Integers
    ) -> Integers:
        """Return the index of the line for each copy and agent: (e, n)."""
        moments = np.stack([copies, episodes, steps])[:, :, None]
        keys, are_known = self._keys(moments, agents)
        places = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        is_there = are_known & (self._sorted[places] == keys)
        return np.where(is_there, self._lines[places], _NOBODY)

    def _keys(self, moments: Integers, agents: Integers) -> tuple[Integers, Array]:
        """Number moments (3, …) one-to-one, and say which of them the log knows at all."""
        keys: Array = np.zeros((), dtype=np.int64)
        are_known: Array = np.ones((), dtype=bool)
        for part, known in zip(moments, self._known, strict=True):
            places = np.minimum(np.searchsorted(known, part), len(known) - 1)
            are_known = are_known & (known[places] == part)
            keys = keys * len(known) + places
        return keys * self._num_agents + agents, are_known

    def _agent(self, number: int, line: Line, env: BatchEnv) -> int:
        where = f"line {number} of the log {self._path}"
        if env.time_limit is not None and line.step >= env.time_limit:
            raise InvalidConfig(
                f"{where} is for step {line.step}: an episode of {env.id} has {env.time_limit}"
            )
        try:
            return int(named((line.agent,), env.agents).argmax())
        except RallypointError as error:
            raise type(error)(f"{where}: {error}") from None

    def _actions_of(
        self, lines: Sequence[Line], agents: Integers, env: BatchEnv
    ) -> dict[int, tuple[Array, Array]]:
        """Return, by the first column of each group, which lines have actions, and these."""
        found = {}
        first = 0
        for group in env.groups:
            space: Any = group.action_space
            columns = range(first, first + len(group.agents))
            actions = np.zeros((len(lines), *space.shape), dtype=space.dtype)
            has_action = np.zeros(len(lines), dtype=bool)
            for index, line in enumerate(lines):
                if line.action is not None and agents[index] in columns:
                    where = f"line {index + 1} of the log {self._path}"
                    actions[index] = legal_action(line.action, space, where)
                    has_action[index] = True
            found[first] = has_action, actions
            first = columns.stop
        return found


def legal_action(action: Any, space: Any, where: str) -> Array:
    """Return a plain action as an array of an action space.

    Raises:
        InvalidConfig: it is not in the space; says where it came from.
    """
    try:
        array = np.asarray(action)
    except ValueError:
        array = np.empty(0)
    fits = array.shape == space.shape and np.can_cast(array.dtype, space.dtype, "same_kind")
    if not fits or array.dtype == bool or not inside(space, array[None, None]).all():
        raise InvalidConfig(f"{where}: an action is one of {space}, got {action!r}")
    legal: Array = array.astype(space.dtype)
    return legal
