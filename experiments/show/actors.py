"""Who acts in an episode that is shown: what was trained, rules, or chance."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rallypoint.agents import agents
from rallypoint.agents.bandits.pair import Pair
from rallypoint.agents.saved import load_policies, read_saved
from rallypoint.batch_env import BatchEnv, check_actions
from rallypoint.declared import check_declared, declared
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, RallypointError, did_you_mean
from rallypoint.experiments.show.at_random import AtRandom
from rallypoint.policies import Policy


def env_of(names: Sequence[str]) -> str | None:
    """Return the environment that the first of those was trained in who were trained at all.

    Raises:
        UnreadableFile: a folder without an agent.
    """
    folders = [Path(name) for name in names if not _is_rule(name)]
    return read_saved(folders[0]).env if folders else None


def told_of(name: str) -> str:
    """Return how a picture names who acts."""
    if _is_rule(name):
        return name
    return f"{read_saved(Path(name)).agent} of {Path(name).resolve().name}"


def settings_for(names: Sequence[str]) -> dict[str, Any]:
    """Return the environment's settings with which an agent was trained; none of rules.

    Raises:
        UnreadableFile: a folder without an agent.
    """
    settings: dict[str, Any] = {}
    for name in names:
        if not _is_rule(name):
            settings |= read_saved(Path(name)).env_settings
    return settings


def actor(
    names: Sequence[str], world: BatchEnv, settings: Mapping[str, Any], *, greedy: bool, seed: int
) -> Policy:
    """Return what acts for all groups; for those that nobody is named for, chance does.

    Args:
        names: folders of `rallypoint train`, or rules.
        world: in which they act, of one copy. It is left reset.
        settings: of the rules that are named.
        greedy: whether those who were trained take the action they hold for best.
        seed: of the step that is tried.

    Raises:
        UnknownName, UnreadableFile: no such rule, or nothing was trained into the folder.
        InvalidConfig: one that cannot act here, needs training first, or a setting it has not.
    """
    if settings and not any(_is_rule(name) for name in names):
        raise InvalidConfig("--set is for settings of a rule; name one with --agent")
    # What remembers must not remember the step that was tried, so that it is made twice.
    for name in names:
        _try(name, _one(name, world, settings, greedy=greedy), world, seed)
    members: list[Any] = [_one(name, world, settings, greedy=greedy) for name in names]
    if not members:
        return AtRandom(world)
    is_trained_for_all = members and not (_is_rule(names[0]) or hasattr(members[0], "group"))
    if len(members) == 1 and (is_trained_for_all or len(world.groups) == 1):
        policy: Policy = members[0]  # itself, for threats that look into it
        return policy
    return Pair(AtRandom(world), *members)


def _is_rule(name: str) -> bool:
    return not Path(name).is_dir()


def _one(name: str, world: BatchEnv, settings: Mapping[str, Any], *, greedy: bool) -> Policy:
    if not _is_rule(name):
        policies = load_policies(Path(name), world)
        return policies["greedy"] if greedy else next(iter(policies.values()))
    kind: Any = agents[name]
    if getattr(kind, "learner", None) is not None or ":" in name:
        raise InvalidConfig(
            f"{name} must be trained before it can be shown: `rallypoint train --env {world.id} "
            f"--agent {name} --out DIR`, then --agent DIR"
        )
    takes, _ = declared(kind)
    of_world = {"env": world, "groups": world.groups}
    given = {key: value for key, value in of_world.items() if key in takes}
    known = {key: its for key, its in takes.items() if key not in of_world}
    for key in settings:
        if key not in known:
            raise InvalidConfig(f"{name} has no setting {key!r}{did_you_mean(key, known)}")
    check_declared(settings, known)
    policy: Any = _or_refuse(name, world, lambda: kind(**given, **settings))
    groups = [group.name for group in world.groups]
    if getattr(policy, "group", groups[0]) not in groups:
        raise InvalidConfig(
            f"{name} acts for a group {policy.group!r}, and {world.id} has {', '.join(groups)}; "
            "see `rallypoint list agents` for others"
        )
    acts: Policy = policy
    return acts


def _try(name: str, policy: Any, world: BatchEnv, seed: int) -> None:
    def act() -> None:
        if hasattr(policy, "begin_episode"):
            policy.begin_episode(None)
        actions = policy.act(observations, Draws(seed, "show/trial", world.copies))
        check_actions([group for group in world.groups if group.name in actions], 1, actions)

    observations = world.reset(seed)
    _or_refuse(name, world, act)


def _or_refuse(name: str, world: BatchEnv, do: Any) -> Any:
    """Do what a rule does that may be meant for another world, and say so."""
    try:
        return do()
    except RallypointError as error:
        raise InvalidConfig(f"{name} cannot act in {world.id}: {error}") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InvalidConfig(
            f"{name} cannot act in {world.id}, and is probably meant for another environment: "
            f"{type(error).__name__}: {error}"
        ) from error
