"""``rallypoint threats``: what a threat file says, and what it may say."""

import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rallypoint.errors import RallypointError
from rallypoint.experiments.shared_options import ENV_SETTINGS, MANY, as_plain

if TYPE_CHECKING:
    from rallypoint.batch_env import BatchEnv
    from rallypoint.safety.threat_model import ThreatModel

_MAX_WIDTH = 100  # wider lines lead the eye astray
_SITES = {
    "presence": "when a copy has come to a step, before anybody observes",
    "observation": "then, before policies choose",
    "action": "when actions are proposed",
    "interruption": "then, before the world moves",
    "feedback": "when the world has moved",
    "update": "when updates are sent",
    "transport": "then, on their way to the server",
    "server": "when servers send parameters",
}


@click.group("threats", no_args_is_help=False)
def threats() -> None:
    """Check threat files before anything is run under them."""


@threats.command("check", short_help="Say in words what a threat file will do.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--env", "env_id", required=True, metavar="ID", help="See `rallypoint list envs`.")
@ENV_SETTINGS
@click.option(
    "--workers",
    type=MANY,
    metavar="N",
    help="Read it for N rollout workers that contribute updates, as `rallypoint train` would.",
)
@click.option("--team", is_flag=True, help="Read it for agents that contribute updates themselves.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def check(
    file: Path,
    *,
    env_id: str,
    env_settings: Sequence[str],
    workers: int | None,
    team: bool,
    as_json: bool,
) -> None:
    """Say in words what the threats of FILE will do, and refuse what cannot be meant.

    Everything that can be impossible is looked for: victims, regions and actions that the world
    does not have, steps that never come, functions and policies that do not fit. One step is tried
    in a copy of the world, so that functions and policies of one's own are called once.

    The Byzantine are agents of the world, drawn anew in every episode if they are drawn. With
    --workers they are among the workers, with --team among the agents that send updates, drawn
    once for the run; then updates of one round are tried, too.
    """
    from rallypoint.plain_json import to_indented_json
    from rallypoint.registration import make
    from rallypoint.safety.conformance.rehearsal import rehearse
    from rallypoint.safety.threat_model import ThreatModel

    if team and workers is not None:
        raise click.UsageError("contributors are --workers N or the --team, one of the two")
    try:
        model = ThreatModel.from_toml(file)
        world = make(env_id, copies=workers or 2, **as_plain(env_settings))
        names = [f"worker_{index}" for index in range(workers or 0)]
        names = list(world.agents) if team else names
        rehearse(model, world, names)
    except RallypointError as error:
        lost = "[byzantine]" in str(error) and not (workers or team)
        hint = "; among workers that contribute updates, say --workers N" if lost else ""
        raise click.UsageError(f"{error}{hint}") from error
    if as_json:
        click.echo(to_indented_json(_as_json(model, world, names)).rstrip())
    else:
        width = min(shutil.get_terminal_size((80, 24)).columns, _MAX_WIDTH)
        click.echo("\n".join(_as_text(file, model, world, names, width)))
    world.close()


@threats.command("schema")
def schema() -> None:
    """Print the JSON schema of threat files.

    Every kind of threat there is has its part in it, those of other packages too.
    """
    from rallypoint.experiments.threat_schema import threat_file_schema
    from rallypoint.plain_json import to_indented_json

    click.echo(to_indented_json(threat_file_schema()).rstrip())


def _as_text(
    file: Path, model: "ThreatModel", world: "BatchEnv", contributors: Sequence[str], width: int
) -> list[str]:
    from rallypoint.safety.in_words import byzantine_in_words, notes, told

    limit = "without a time limit" if world.time_limit is None else f"of {world.time_limit} steps"
    agents = "1 agent" if world.num_agents == 1 else f"{world.num_agents} agents"
    count = len(model.threats)
    threats = "no threats" if not count else "1 threat" if count == 1 else f"{count} threats"
    lines = textwrap.wrap(f"{file}: {threats} to {world.id}, {agents}, episodes {limit}.", width)
    if model.byzantine is not None:
        lines += textwrap.wrap(
            f"Byzantine: {byzantine_in_words(model, world, contributors)}.", width
        )
    site = None
    for number, (index, threat, sentences) in enumerate(told(model, world, contributors), start=1):
        if threat.site != site:
            site = threat.site
            lines += ["", *textwrap.wrap(f"At {site}: {_SITES[site]}.", width)]
        name = click.style(threat.kind, bold=True)
        lines.append(f"{number:>3}. {name}, threats[{index}] in the file")
        for about, says in sentences:
            lines += textwrap.wrap(
                says, width, initial_indent=f"     {about:8} ", subsequent_indent=" " * 14
            )
    if found := notes(model, world, contributors):
        lines.append("")
        for note in found:
            lines += textwrap.wrap(note, width, initial_indent="Note: ", subsequent_indent="      ")
    return lines


def _as_json(
    model: "ThreatModel", world: "BatchEnv", contributors: Sequence[str]
) -> dict[str, Any]:
    from rallypoint.safety.in_words import byzantine_in_words, notes, told

    return {
        "env": world.id,
        "agents": list(world.agents),
        "time_limit": world.time_limit,
        "byzantine": byzantine_in_words(model, world, contributors),
        "threats": [
            {
                "index": index,
                "kind": threat.kind,
                "site": threat.site,
                "in_words": dict(sentences),
                "settings": threat.to_dict(),
            }
            for index, threat, sentences in told(model, world, contributors)
        ],
        "notes": notes(model, world, contributors),
    }
