"""``rallypoint list``: every part there is."""

import click

from rallypoint.errors import RallypointError


def _kinds(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    from rallypoint.experiments import listing

    return [kind for kind in listing.registries() if kind.startswith(begun)]


@click.command("list")
@click.argument("kind", required=False, shell_complete=_kinds)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_parts(kind: str | None, *, as_json: bool) -> None:
    """List envs, threats, agents, experiments …, or only those of one KIND."""
    from rallypoint.experiments import listing

    try:
        entries_by_kind = {
            k: listing.entries(k) for k in (listing.registries() if kind is None else [kind])
        }
    except RallypointError as error:
        raise click.UsageError(str(error)) from error
    click.echo(listing.as_json(entries_by_kind) if as_json else listing.as_text(entries_by_kind))
