"""Training learners of tables by their names, into a folder."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.saved import Saved, save_tabular
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.hashes import Hashes
from rallypoint.agents.tabular.mini_episodes import copies_of, train_reinforce
from rallypoint.agents.tabular.reinforce import Reinforce
from rallypoint.agents.tabular.training import train
from rallypoint.agents.tabular.value_learner import ValueLearner
from rallypoint.batch_env import BatchEnv
from rallypoint.config import from_dict
from rallypoint.draws import Floats, Mask
from rallypoint.errors import InvalidConfig

TEAMS = "teams"  # in the folder of a training: what all teams but the first have learned
_TEST_EPSILON = 0.02  # greedy tables have limit cycles; see docs/gathering.md


def learner_by_name(name: str, settings: Mapping[str, Any]) -> Any:
    """Make a learner of tables.

    Raises:
        InvalidConfig: a setting that is not known, or that cannot be meant here.
        UnknownName, Unavailable: no such learner.
    """
    learner = from_dict(agents[name], settings, where=name)
    if getattr(learner, "needs_odds", False):
        raise InvalidConfig(
            "importance weights need to know how agents are interrupted, which no file says; call "
            "rallypoint.agents.tabular.training.train with interruption=KnownInterruption(…)"
        )
    return learner


def check_tables(world: BatchEnv, name: str, settings: Mapping[str, Any]) -> None:
    """Refuse what can be refused before anything is trained.

    Raises:
        InvalidConfig: a setting, or a world that tables cannot be learned in.
    """
    learner_by_name(name, settings)
    encoding_for(world)
    Columns.of(world)


def copies_for(
    name: str, settings: Mapping[str, Any], teams: Sequence[int] = (0,)
) -> Sequence[int]:
    """Return the copies that teams train in: one each, or one for each mini-episode."""
    learner = learner_by_name(name, settings)
    if isinstance(learner, Reinforce):
        ids: list[int] = copies_of(teams, learner).tolist()
        return ids
    return list(teams)


class Taught(NamedTuple):
    """What R teams have learned, and what is to be said of it."""

    tables: Floats  # (R, N, S, A)
    steps: int  # agent steps of each team
    episodes: int  # that each has finished
    meta_episodes: int | None = None  # of REINFORCE
    kept_share: Floats | None = None  # (R, N) of steps, where some may not be learned from
    enough_data: Mask | None = None  # (R, N) whether there is anything to say
    digests: tuple[str, ...] = ()  # of all that each learned from, where that is wanted


def teach(
    world: BatchEnv,
    name: str,
    settings: Mapping[str, Any],
    *,
    steps: int,
    seed: int,
    keeps_digests: bool = False,
) -> Taught:
    """Train one team, or one for each copy.

    Args:
        world: with the copies of ``copies_for``.
        name: of the learner.
        settings: its own.
        steps: agent steps of each team; rounded up to whole episodes where there is a time limit.
        seed: of world and learner.
        keeps_digests: whether to hash what each team learns from.

    Raises:
        InvalidConfig: a task that the learner cannot learn.
    """
    learner = learner_by_name(name, settings)
    encoding = encoding_for(world)
    hashes = Hashes(keeps_digests)
    if isinstance(learner, Reinforce):
        if world.time_limit is None:
            raise InvalidConfig(f"{world.id} has no time limit; give it one to train {name} in it")
        longest = world.num_agents * learner.mini_episodes * world.time_limit
        meta_episodes = math.ceil(steps / longest)
        found = train_reinforce(
            world,
            learner,
            encoding,
            meta_episodes=meta_episodes,
            seed=seed,
            after_meta_episode=hashes.after_meta_episode,
        )
        return Taught(
            tables=found.tables,
            steps=meta_episodes * longest,
            episodes=meta_episodes * learner.mini_episodes,
            meta_episodes=meta_episodes,
            digests=hashes.digests(),
        )
    each = math.ceil(steps / (world.num_agents * (world.time_limit or 1))) * (world.time_limit or 1)
    finished = [0]
    state = train(
        world,
        learner,
        encoding,
        steps=each,
        seed=seed,
        after_episode=lambda number, _: finished.append(number),
        after_step=hashes.after_step if keeps_digests else None,
    )
    has_shares = isinstance(learner, ValueLearner)
    return Taught(
        tables=np.array(learner.values(state)),
        steps=each * world.num_agents,
        episodes=finished[-1],
        kept_share=learner.kept_share(state) if has_shares else None,
        enough_data=learner.has_enough(state) if has_shares else None,
        digests=hashes.digests(),
    )


def keep(
    taught: Taught,
    world: BatchEnv,
    settings: Mapping[str, Any],
    *,
    about: Saved,
    seed: int,
    out: Path,
) -> dict[str, Any]:
    """Save what the first team has learned into a folder, and the others into folders in it.

    Args:
        taught: what they have learned.
        world: as they learned in, of however many copies.
        settings: of the learner.
        about: what was trained where.
        seed: of world and learner.
        out: the folder; the others are in ``teams/1``, and so on.

    Raises:
        UnwritablePath: nothing half-written is left behind.
    """
    learner, encoding = learner_by_name(about.agent, settings), encoding_for(world)
    if isinstance(learner, Reinforce):
        about = about._replace(test_epsilon=learner.last_epsilon, softmax=True)
    else:
        about = about._replace(test_epsilon=_TEST_EPSILON)
    enough: Mask = np.ones(len(taught.tables), dtype=bool)
    if taught.enough_data is not None:
        enough = np.logical_and.reduce(taught.enough_data, axis=1)
    for team, (tables, is_enough) in enumerate(zip(taught.tables, enough.tolist(), strict=True)):
        folder = out / TEAMS / str(team) if team else out
        save_tabular(folder, tables, encoding, about=about._replace(enough_data=is_enough))
    told: dict[str, Any] = {"agent": about.agent, "env": about.env, "seed": seed}
    if len(taught.tables) > 1:
        told["teams"] = len(taught.tables)
    told |= {"steps": taught.steps, "episodes": taught.episodes}
    if taught.meta_episodes is not None:
        told["meta_episodes"] = taught.meta_episodes
    if taught.kept_share is not None and taught.enough_data is not None:
        shares = taught.kept_share.mean(axis=0).tolist()
        told["kept_share"] = dict(zip(world.agents, shares, strict=True))
        told["enough_data"] = bool(enough.all())
    return told
