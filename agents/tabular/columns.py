"""Agents of several groups side by side: from dicts by group to arrays (E, N), and back."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.tabular.encoding import Encoding
from rallypoint.batch_env import Actions, BatchEnv, Observations
from rallypoint.draws import Integers
from rallypoint.errors import InvalidConfig


class Column(NamedTuple):
    """Where a group stands on the agent axis, and how it numbers its actions."""

    group: str
    agents: slice
    first_action: int  # that its space starts with; tables count from 0
    kind: np.dtype[Any]  # of its actions


class Columns(NamedTuple):
    """All groups of a world, in the order of its agents."""

    columns: tuple[Column, ...]
    num_actions: Integers  # (N,)
    is_plain: bool  # one group, whose actions the world writes as tables do: nothing to convert

    @classmethod
    def of(cls, env: BatchEnv) -> "Columns":
        """Read a world's groups.

        Raises:
            InvalidConfig: a group's actions cannot be counted.
        """
        spaces: list[Any] = [group.action_space for group in env.groups]
        if wrong := [str(s) for s in spaces if not (hasattr(s, "n") and hasattr(s, "start"))]:
            raise InvalidConfig(
                f"tabular learners need discrete actions, {env.id} has {', '.join(wrong)}"
            )
        sizes = [len(group.agents) for group in env.groups]
        places = pairwise(np.cumsum([0, *sizes]).tolist())
        columns = tuple(
            Column(group.name, slice(first, last), int(space.start), space.dtype)
            for group, space, (first, last) in zip(env.groups, spaces, places, strict=True)
        )
        is_plain = len(columns) == 1 and columns[0][2:] == (0, np.dtype(np.int64))
        return cls(columns, np.repeat([int(space.n) for space in spaces], sizes), is_plain)

    @property
    def num_agents(self) -> int:
        """N."""
        return len(self.num_actions)

    def percepts(self, encoding: Encoding, observations: Observations) -> Integers:
        """Number what every agent sees: (E, N)."""
        if self.is_plain:
            return encoding(observations[self.columns[0].group])
        parts = [encoding(observations[column.group]) for column in self.columns]
        return np.concatenate(parts, axis=1)

    def actions(self, indices: Integers) -> Actions:
        """Turn action indices (E, N) into what the world takes."""
        if self.is_plain:
            return {self.columns[0].group: indices}
        return {
            column.group: (indices[:, column.agents] + column.first_action).astype(column.kind)
            for column in self.columns
        }

    def indices(self, infos: Mapping[str, NDArray[Any]], prefix: str) -> Integers | None:
        """Read action indices (E, N) from ``infos["<prefix>/<group>"]``; None if none are told."""
        if f"{prefix}/{self.columns[0].group}" not in infos:
            return None
        if self.is_plain:
            return infos[f"{prefix}/{self.columns[0].group}"]
        parts = [infos[f"{prefix}/{column.group}"] - column.first_action for column in self.columns]
        return np.concatenate(parts, axis=1)
