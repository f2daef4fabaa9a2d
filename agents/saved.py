"""What training leaves in a folder, whichever agent it was, and what acts from it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from rallypoint.agents.apart import Rejoined, put_apart
from rallypoint.agents.by_group import ByGroup
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import refuse_unread
from rallypoint.agents.tabular.tables import TabularPolicy, load_tables, save_tables
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Floats
from rallypoint.errors import RallypointError, UnreadableFile
from rallypoint.files import write_atomically
from rallypoint.plain_json import read_json
from rallypoint.policies import Policy
from rallypoint.registration import check_settings

ABOUT = "agent.json"
TABLES = "tables.safetensors"
_TABULAR_FORMAT = "rallypoint-tabular-1"
GROUPS_FORMAT = "rallypoint-groups-1"


class Saved(NamedTuple):
    """Which agent was trained, in which environment."""

    agent: str
    env: str
    env_settings: dict[str, Any]
    test_epsilon: float | None = None  # of tables: exploration when acting
    softmax: bool = False  # tables are preferences, not values
    enough_data: bool = True  # whether tables rest on the declared share of the experience


class _Told(msgspec.Struct, kw_only=True):
    """What the file tells of it, beside what its kind of agent adds."""

    format: str
    agent: str
    env: str
    env_settings: dict[str, Any]
    test_epsilon: float | None = None
    softmax: bool = False
    enough_data: bool = True
    learned_by: str | None = None  # of a network in SB3's form that another agent of ours trained
    group: str | None = None  # for which one a network acts
    groups: tuple[str, ...] = ()  # for whom there are policies in folders of their own
    apart: bool = False  # these are agents, each put into a group of its own

    def __post_init__(self) -> None:
        check_settings(self.env_settings)

    @property
    def saved(self) -> Saved:
        found = Saved(*(getattr(self, name) for name in Saved._fields))
        return found if self.learned_by is None else found._replace(agent=self.learned_by)


def save_tabular(
    folder: Path, tables: Floats, encoding: Any, *, about: Saved, **more: Any
) -> tuple[str, ...]:
    """Write a team's tables (N, S, A) into a folder; return the names of the files.

    Raises:
        UnwritablePath: nothing half-written is left behind.
    """
    save_tables(folder / TABLES, tables, encoding)
    told = {"format": _TABULAR_FORMAT, **about._asdict(), **more}
    write_atomically(folder / ABOUT, json.dumps(told, indent=2, sort_keys=True) + "\n")
    return TABLES, ABOUT


def read_saved(folder: Path) -> Saved:
    """Read what a folder holds.

    Raises:
        UnreadableFile: no agent was saved there, or what tells of it is damaged.
    """
    return _read(folder).saved


def folder_of(group: str) -> str:
    """Return the name of the folder that holds a group's policy, where there are several groups.

    >>> folder_of("red team")
    'policy-red%20team'
    """
    return f"policy-{quote(group, safe='')}"


def _read(folder: Path) -> _Told:
    if not (folder / ABOUT).is_file():
        raise UnreadableFile(
            f"{folder} holds no {ABOUT}, so nothing was trained into it; give the --out of a "
            "`rallypoint train`"
        )
    try:
        return msgspec.convert(read_json(folder / ABOUT), _Told)
    except msgspec.ValidationError as error:
        raise UnreadableFile(
            f"{folder / ABOUT} does not tell of a trained agent: {error}"
        ) from error


def _refuse_other(folder: Path, told: _Told, wanted: str) -> None:
    if told.format != wanted:
        raise UnreadableFile(
            f"{folder / ABOUT} is of format {told.format!r}, expected {wanted!r}; train again"
        )


def load_policies(folder: Path, env: BatchEnv) -> dict[str, Policy]:
    """Read the ways in which a saved agent acts: how it acts, and greedily.

    Raises:
        UnreadableFile: damaged files, or of another format, or an agent of other spaces.
    """
    told = _read(folder)
    saved = told.saved
    if told.groups:
        _refuse_other(folder, told, GROUPS_FORMAT)
        world = put_apart(env) if told.apart else env
        if left := [group.name for group in world.groups if group.name not in told.groups]:
            raise UnreadableFile(
                f"{folder} acts for {list(told.groups)}, and {env.id} has {left}, too; make the "
                "environment with the settings it was trained with"
            )
        for name in told.groups:
            if (own := _read(folder / folder_of(name)).group) != name:
                raise UnreadableFile(
                    f"{folder / folder_of(name)} holds what acts for {own!r}, not for {name!r}; "
                    "take the folder as it was trained"
                )
        by_group = {name: load_policies(folder / folder_of(name), world) for name in told.groups}
        ways = next(iter(by_group.values()))
        joined = {
            how: ByGroup({name: policies[how] for name, policies in by_group.items()})
            for how in ways
        }
        if world is env:
            return dict(joined)
        return {how: Rejoined(policy, env.groups) for how, policy in joined.items()}
    if not (folder / TABLES).exists():
        from rallypoint.agents.sb3.saved import load_policy  # torch

        policy = load_policy(folder, env)
        return {"stochastic": policy, "greedy": policy.greedily()}
    _refuse_other(folder, told, _TABULAR_FORMAT)
    tables, encoding = load_tables(folder / TABLES)
    try:
        refuse_unread(env, encoding)
        greedy = TabularPolicy(tables[None], encoding, columns=Columns.of(env))
        epsilon, softmax = saved.test_epsilon or 0.0, saved.softmax
        exploring = replace(greedy, epsilon=epsilon, softmax=softmax)
    except RallypointError as error:
        raise UnreadableFile(f"{folder}: {error}") from error
    return {"exploring": exploring, "greedy": greedy}
