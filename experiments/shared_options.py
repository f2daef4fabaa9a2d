"""What commands on agents in environments share: options, and how they are read."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rallypoint.counts import MOST_AT_ONCE, check_counts
from rallypoint.errors import InvalidConfig, RallypointError
from rallypoint.registration import check_settings

if TYPE_CHECKING:
    from rallypoint.safety.threat_model import ThreatModel


class Finite(click.FloatRange):
    """A finite number, within bounds if there are any; NaN lies within all bounds of a range."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number


MANY = click.IntRange(min=1, max=MOST_AT_ONCE)  # of what is done at once
THREATS = click.option(
    "--threats",
    "threat_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.toml",
    help="What is to go wrong.",
)


def _of_the_world(
    context: click.Context, option: click.Parameter, settings: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse what is no setting of a world."""
    try:
        check_settings({setting.partition("=")[0]: setting for setting in settings})
    except InvalidConfig as error:
        raise click.BadParameter(str(error), context, option) from error
    return settings


ENV_SETTINGS = click.option(
    "--env-set",
    "env_settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Of the env.",
    callback=_of_the_world,
)


def threats_of(file: Path | None) -> "ThreatModel | None":
    """Read a threat file, if there is one; what is wrong with it is a usage error."""
    from rallypoint.safety.threat_model import ThreatModel

    try:
        return None if file is None else ThreatModel.from_toml(file)
    except RallypointError as error:
        raise click.UsageError(str(error)) from error


def as_plain(settings: Sequence[str]) -> dict[str, Any]:
    """Read ``key=value``, each value as JSON where it is JSON, else as text.

    Raises:
        InvalidConfig: no such thing, or a number that nobody can mean.
    """
    import msgspec

    plain: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise InvalidConfig(f"a setting looks like 'n_steps=32', got {setting!r}")
        try:
            plain[key] = msgspec.json.decode(text)
        except msgspec.DecodeError:
            plain[key] = text
        except RecursionError as error:
            raise InvalidConfig(f"{key} is nested too deeply") from error
    check_counts(plain)
    return plain


def refuse_invalid(wrong: Sequence[str]) -> None:
    """End a command in which threats did what they were not to do."""
    if wrong:
        raise click.ClickException(
            f"invalid: what the threats did is not what their file says ({wrong[0]})"
        )
