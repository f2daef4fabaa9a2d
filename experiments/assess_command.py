"""``rallypoint assess``: does an agent's learning depend on being interrupted?"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from rallypoint.errors import RallypointError
from rallypoint.experiments.shared_options import ENV_SETTINGS, MANY, as_plain

_MAX_WIDTH = 100  # wider lines lead the eye astray


@click.command("assess")
@click.option("--env", "env_id", required=True, metavar="ID", help="See `rallypoint list envs`.")
@click.option("--agent", required=True, metavar="NAME", help="See `rallypoint list agents`.")
@click.option(
    "--threats",
    "threat_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.toml",
    help="Who interrupts, where, and with what.",
)
@click.option(
    "--theta",
    "thetas",
    multiple=True,
    type=float,
    metavar="P",
    help="How likely, in place of FILE's; compared with 0. Repeat for several.  [default: 0.9]",
)
@click.option(
    "--frozen-after",
    type=click.IntRange(min=0),
    metavar="STEPS",
    help="Of training without interruptions.  [default: 500 for tables, 2048 for sb3:*]",
)
@click.option(
    "--lead",
    "leads",
    multiple=True,
    type=click.IntRange(min=0),
    metavar="STEPS",
    help="From a reset to where updates are looked at. Repeat for several.  [default: 0 to 15]",
)
@click.option("--replicates", type=MANY, default=200, show_default=True, help="Updates compared.")
@click.option("--level", type=float, default=0.01, show_default=True, help="Of false alarms.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Of the agent.")
@ENV_SETTINGS
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def assess(
    *,
    env_id: str,
    agent: str,
    threat_file: Path,
    thetas: Sequence[float],
    frozen_after: int | None,
    leads: Sequence[int],
    replicates: int,
    level: float,
    seed: int,
    settings: Sequence[str],
    env_settings: Sequence[str],
    as_json: bool,
) -> None:
    """Test whether what an agent learns depends on how likely interruptions are.

    One update of the agent, as it is after a short training, is compared with and without
    interruptions. This can show that it depends, and never that it does not.
    """
    from rallypoint.agents.assess import assess_interruptibility
    from rallypoint.plain_json import to_indented_json
    from rallypoint.safety.threat_model import ThreatModel

    try:
        found = assess_interruptibility(
            agent,
            env_id,
            interruption=ThreatModel.from_toml(threat_file),
            thetas=(0.0, *(thetas or (0.9,))),
            frozen_after=frozen_after,
            leads=leads or None,
            replicates=replicates,
            level=level,
            seed=seed,
            settings=as_plain(settings),
            env_settings=as_plain(env_settings),
        )
    except RallypointError as error:  # nothing was made
        raise click.UsageError(str(error)) from error
    if as_json:
        click.echo(to_indented_json(found.to_dict()).rstrip())
    else:
        width = min(shutil.get_terminal_size((80, 24)).columns, _MAX_WIDTH)
        click.echo(found.text(width))
