"""What `rallypoint train` takes for agents that learn from contributors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from rallypoint.counts import MOST_AT_ONCE
from rallypoint.errors import InvalidConfig, RallypointError
from rallypoint.experiments.shared_options import MANY, as_plain

if TYPE_CHECKING:
    from rallypoint.agents.gradient.by_name import Team
    from rallypoint.agents.rounds.placement import Placement
    from rallypoint.agents.train import Training
    from rallypoint.safety.threat_model import ThreatModel


def contributing(command: Any) -> Any:
    """Add the options of agents that learn from contributors."""
    for option in (
        click.option(
            "--protocol-set",
            "protocol_settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="Of the protocol.",
        ),
        click.option(
            "--protocol",
            metavar="NAME",
            help="synchronous, kardam, buffered, replicated_servers or peers.  "
            "[default: synchronous]",
        ),
        click.option(
            "--trajectory-filter",
            type=click.Choice(["sever"]),
            help="Contributors leave out trajectories whose gradients stand out.",
        ),
        click.option("--aggregator", metavar="NAME", help="Of updates.  [default: mean]"),
        click.option(
            "--byzantine",
            type=click.IntRange(0, MOST_AT_ONCE),
            metavar="F",
            help="How many liars it tolerates.",
        ),
        click.option(
            "--workers",
            type=MANY,
            metavar="N",
            help="Rollout workers.  [default: 1]",
        ),
        click.option(
            "--actors",
            type=click.Choice(["group", "agent"]),
            help="One for each group of agents, or one for each agent.  [default: group]",
        ),
        click.option(
            "--contributors",
            type=click.Choice(["workers", "team"]),
            help="Who sends updates.  [default: workers]",
        ),
    ):
        command = option(command)
    return command


def filtered_by(agent: str, trajectory_filter: str | None) -> dict[str, Any]:
    """Return the agent's setting by which contributors filter trajectories, if they are to.

    Raises:
        InvalidConfig: it does not learn from contributors.
        UnknownName, Unavailable: there is no such agent.
    """
    from rallypoint.agents.train import learner_of

    if trajectory_filter is None:
        return {}
    if getattr(learner_of(agent), "learner", None) != "contributors":
        raise InvalidConfig(
            f"{agent} has no contributors whose trajectories could be filtered: leave out "
            "--trajectory-filter, or take ppo, a2c, gpomdp or reinforce"
        )
    return {"trajectory_filter": trajectory_filter}


def ray_options(what: str) -> list[click.Option]:
    """Return the options of what is done on a Ray cluster."""
    return [
        click.Option(
            ["--ray"],
            metavar="ADDRESS",
            help=f"{what} on a Ray cluster: 'auto', host:port, or 'local' to start one here.",
        ),
        click.Option(
            ["--ray-set", "ray_settings"],
            multiple=True,
            metavar="KEY=VALUE",
            help="Of the cluster: actors, cpus, gpus, deadline … (docs/ray.md).",
        ),
    ]


def on_ray(command: Any) -> Any:
    """Add the options of contributors that are computed on a Ray cluster."""
    command.params.extend(ray_options("Compute contributors, or teams of tables,"))
    return command


def placement_of(address: str | None, settings: dict[str, Any]) -> "Placement | None":
    """Return where on a cluster things are to be computed, if that is asked for.

    Raises:
        UsageError: settings of a cluster, and none; or ones that cannot be meant.
    """
    from rallypoint.agents.rounds.placement import Placement
    from rallypoint.config import from_dict

    if address is None:
        if settings:
            raise click.UsageError("--ray-set is about a cluster: say which, as in --ray auto")
        return None
    if "address" in settings:
        raise click.UsageError(
            f"--ray {address} says on which cluster, and --ray-set address={settings['address']} "
            "says it again: leave the latter out"
        )
    try:
        return from_dict(Placement, {"address": address, **settings}, where="--ray-set")
    except RallypointError as error:
        raise click.UsageError(str(error)) from error


@contextmanager
def connected(placement: "Placement | None", count: int) -> Iterator[None]:
    """Stay connected to a cluster, if one is meant: what it refuses costs no earlier results.

    Args:
        placement: the cluster, and what of it.
        count: of what is spread over it.

    Raises:
        UsageError: it cannot be used, or has less than is asked for.
    """
    if placement is None or not count:
        yield
        return
    from rallypoint.agents.rounds.cluster.session import Session  # Ray

    try:
        session = Session(placement.among(count))
    except RallypointError as error:  # nothing was made yet
        raise click.UsageError(str(error)) from error
    try:
        yield
    finally:
        session.close()


def spread_over(training: "Training", placement: "Placement | None") -> int:
    """Return how many contributors, or teams on tables, a training spreads over a cluster."""
    from rallypoint.agents.train import learner_of, team_of

    if placement is None:
        return 0
    if learner_of(training.agent).learner != "contributors":
        return training.copies or 1
    team = team_of(training, placement)
    team.world.close()
    return team.recipe.count


def training_meant(given: Mapping[str, Any], threats: "ThreatModel | None") -> "Training":
    """Return the training that options of ``rallypoint train`` mean.

    Args:
        given: the values of those that say what is trained.
        threats: what was in the file.

    Raises:
        UsageError: an environment or an agent is missing.
        RallypointError: what cannot be meant.
    """
    from rallypoint.agents.train import Training

    for option, name in (("--env", "env_id"), ("--agent", "agent")):
        if given[name] is None:
            raise click.UsageError(f"Missing option {option!r}.")
    agent, filtered = given["agent"], given["trajectory_filter"]
    as_they_are = ("steps", "seed", "copies", "record", "record_vectors")
    return Training(
        env=given["env_id"],
        agent=agent,
        env_settings=as_plain(given["env_settings"]),
        settings=as_plain(given["settings"]) | filtered_by(agent, filtered),
        threats=threats,
        team=_team_of({**given, "protocol_settings": as_plain(given["protocol_settings"]) or None}),
        **{name: given[name] for name in as_they_are},
    )


def _team_of(given: Mapping[str, Any]) -> "Team | None":
    """Return who contributes, if anything is said of it.

    Raises:
        InvalidConfig: workers, and yet a team.
    """
    from rallypoint.agents.gradient.by_name import Team

    known = (field.name for field in fields(Team))
    told = {name: given[name] for name in known if given[name] is not None}
    if told.get("contributors") == "team" and "workers" in told:
        raise InvalidConfig("--contributors team is as many as there are agents: no --workers")
    return Team(**told) if told else None


class Stopped(NamedTuple):
    """A training that can be gone on with."""

    training: "Training"
    began: bool  # whether it left a checkpoint
    command: tuple[str, ...]  # the words it was started with
    resumes: tuple[tuple[str, ...], ...]  # those by which it was gone on with since


def stopped(folder: Path, placement: "Placement | None" = None) -> Stopped:
    """Return the training in a folder, to be gone on with.

    Raises:
        UsageError: there is none, or it cannot be gone on with.
    """
    from rallypoint.agents.gradient.checkpoints import CHECKPOINT, read_checkpoint
    from rallypoint.agents.train import check, training_of
    from rallypoint.experiments.report.command import check_runs
    from rallypoint.plain_json import read_json
    from rallypoint.summary import convert
    from rallypoint.takeover import MANIFEST

    check_runs([folder])
    began = (folder / CHECKPOINT).is_file()
    try:
        path = folder / MANIFEST
        manifest = convert(read_json(path), dict, file=path, what="manifest")
        training = training_of(manifest)
        if check(training, placement) != "contributors":
            raise InvalidConfig(f"{training.agent} leaves no checkpoints to go on from; train anew")
        if began:
            _check_switch(manifest)
            read_checkpoint(folder)
    except RallypointError as error:
        raise click.UsageError(str(error)) from error
    command, *resumes = (_words(each) for each in _commands(manifest))
    return Stopped(training, began, command, tuple(resumes))


def _commands(manifest: Mapping[str, Any]) -> list[Any]:
    later = manifest.get("resumes")
    return [manifest.get("command"), *(later if isinstance(later, list) else [])]


def _words(command: Any) -> tuple[str, ...]:
    return tuple(map(str, command)) if isinstance(command, list) else ()


def _check_switch(manifest: Mapping[str, Any]) -> None:
    """Refuse to go on where updates would be multiplied otherwise than they were.

    Raises:
        InvalidConfig: says how to set the variable.
    """
    from rallypoint.acceleration import SWITCH
    from rallypoint.manifest import versions

    told = manifest.get("versions")
    then = told.get(SWITCH) if isinstance(told, dict) else None
    if then != versions().get(SWITCH):
        how = f"set {SWITCH}={then}" if then else f"`unset {SWITCH}`"
        raise InvalidConfig(
            f"the training began {'with' if then else 'without'} {SWITCH}=1, by which updates have "
            f"other last digits: {how} to go on to the same bits"
        )
