"""Agents with equal spaces become groups, in an order that does not depend on the process."""

import copy
import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from rallypoint.batch_env import Group
from rallypoint.envs.views.adapter.outside import Outside, without_bounds
from rallypoint.envs.views.adapter.spaces import as_one_array, check_action_space, split_mask
from rallypoint.errors import InvalidConfig

Name = Hashable  # what the environment calls an agent; a string, mostly
Spaces = tuple[Any, Any]  # observation space and action space
# What no group is named: nothing, what groups without a name get, and what infos could not tell of.
_UNFIT = re.compile(r"|group_\d+|.*/.*", re.DOTALL)


class Seat(NamedTuple):
    """Where an agent's entries stand."""

    agent: str
    place: int  # on the agent axis
    group: int
    slot: int  # within the group


class Seating(NamedTuple):
    """Who stands where, and in which spaces, as the environment has them."""

    groups: tuple[Group, ...]
    spaces: tuple[Spaces, ...]  # of each group, as they are in the environment
    seats: Mapping[Name, Seat]


def names_of(env: Any, id: str) -> list[Name]:
    """Return all agents that there can ever be.

    Raises:
        InvalidConfig: they are not known beforehand, or in no order.
    """
    names = getattr(env, "possible_agents", None)
    if not isinstance(names, list | tuple) or not names:
        came = "missing" if names is None else f"a {type(names).__name__}, {names!r}"
        raise InvalidConfig(
            f"{id} cannot be a batch: possible_agents must be a list of all agents that there can "
            f"be, in a fixed order, and is {came}; a set's order is another in each process, and "
            "arrays need a slot for everybody who may arrive"
        )
    if len({str(name) for name in names}) < len(names):
        raise InvalidConfig(f"{id} cannot be a batch: two of its agents have one name in {names}")
    return list(names)


def seating(env: Any, id: str, outside: Outside) -> Seating:
    """Give every agent a slot: groups by first appearance, within them in the given order.

    Raises:
        InvalidConfig: the agents are not known beforehand, or a space does not fit into arrays.
    """
    members: list[list[Name]] = []
    kinds: list[Spaces] = []
    for name in names_of(env, id):
        spaces = (env.observation_space(name), env.action_space(name))
        for kind, group in zip(kinds, members, strict=True):
            if same(spaces, kind):
                group.append(name)
                break
        else:
            kinds.append(spaces)
            members.append([name])
    groups: list[Group] = []
    seats: dict[Name, Seat] = {}
    for index, (title, names, (seen, done)) in enumerate(
        zip(_titles(members), members, kinds, strict=True)
    ):
        check_action_space(done)
        rest, _ = split_mask(seen, done)
        if outside == "allow":
            rest = without_bounds(rest)
        # Copies: a space holds a generator, and sampling here must not move the environment's.
        spaces = copy.deepcopy((as_one_array(rest), done))
        groups.append(Group(title, tuple(str(name) for name in names), *spaces))
        for slot, name in enumerate(names):
            seats[name] = Seat(str(name), len(seats), index, slot)
    return Seating(tuple(groups), tuple(kinds), seats)


def same(some: Spaces, others: Spaces) -> bool:
    """Whether two agents' spaces are equal; mostly they are one object."""
    return all(one is other or one == other for one, other in zip(some, others, strict=True))


def _titles(members: Sequence[Sequence[Name]]) -> list[str]:
    """Name groups after what their agents' names share: wolf_0 and wolf_1 are "wolf"."""
    if len(members) == 1:
        return ["agents"]
    stems = [{re.sub(r"[_-]?\d+$", "", str(name)) for name in names} for names in members]
    titles = [min(stem) if len(stem) == 1 else "" for stem in stems]
    return [
        title if titles.count(title) == 1 and not _UNFIT.fullmatch(title) else f"group_{index}"
        for index, title in enumerate(titles)
    ]
