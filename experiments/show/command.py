"""``rallypoint show ENV``: watch an episode, in a window or as a film."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rallypoint.errors import RallypointError
from rallypoint.experiments.receipt_lines import receipt_lines
from rallypoint.experiments.shared_options import (
    ENV_SETTINGS,
    MANY,
    THREATS,
    Finite,
    as_plain,
    refuse_invalid,
    threats_of,
)

if TYPE_CHECKING:
    from rallypoint.experiments.show.showing import Showing

_HELD = 3  # seconds for which a window shows the end


@click.command(
    "show",
    short_help="Watch an episode, with what threats do drawn on it.",
)
@click.argument("env_id", metavar="ENV", required=False)
@click.option(
    "--agent",
    "names",
    multiple=True,
    metavar="DIR|RULE",
    help="Who acts: the --out of a training, or a rule. Repeat for several groups of agents.  "
    "[default: chance]",
)
@THREATS
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--episodes", type=MANY, default=1, show_default=True)
@click.option(
    "--steps",
    type=MANY,
    default=300,
    show_default=True,
    help="After so many an episode is cut short.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A film (.gif, .mp4), or a film strip (.png).  [default: a window]",
)
@click.option(
    "--fps",
    type=Finite(min=0, min_open=True, max=50),
    help="Steps a second.  [default: as the world says, but no more than 25]",
)
@click.option("--greedy", is_flag=True, help="Who was trained does what it holds for best.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Of the rule.")
@ENV_SETTINGS
def show(
    *,
    env_id: str | None,
    names: Sequence[str],
    threat_file: Path | None,
    seed: int,
    episodes: int,
    steps: int,
    out: Path | None,
    fps: float | None,
    greedy: bool,
    settings: Sequence[str],
    env_settings: Sequence[str],
) -> None:
    """Watch an episode of ENV, with what threats do drawn on it.

    ENV is an environment of `rallypoint list envs`, or another library's, such as
    gymnasium:CartPole-v1 or mpe2.simple_spread_v3:parallel_env; if it is left out, the one in
    which the agent in DIR was trained. Marks say who is interrupted,
    deceived, down or Byzantine at each step, as the receipts of threats count it.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # else it greets on standard output
    from rallypoint.draws import check_seed
    from rallypoint.experiments.show.actors import env_of
    from rallypoint.experiments.show.outputs import check_out
    from rallypoint.experiments.show.showing import Showing

    try:
        check_seed(seed)
        if out is None:
            _check_screen()
        else:
            check_out(out, episodes)
        env_id = env_id or env_of(names)
        if env_id is None:
            raise click.UsageError("Missing argument 'ENV', and no --agent DIR that tells of one.")
        showing = Showing.of(
            env_id,
            names,
            threats=threats_of(threat_file),
            seed=seed,
            episodes=episodes,
            most_steps=steps,
            greedy=greedy,
            settings=as_plain(settings),
            env_settings=as_plain(env_settings),
        )
    except RallypointError as error:  # nothing was played
        raise click.UsageError(str(error)) from error
    try:
        if out is None:
            _watch(showing, fps or showing.fps)
        else:
            _write(showing, out, fps or showing.fps)
    finally:
        showing.close()
    _tell(showing, out)


def _check_screen() -> None:
    from rallypoint.envs.drawing.window import Window
    from rallypoint.errors import Unavailable

    if not Window("", 1).has_screen():
        raise Unavailable("there is no screen for a window here; write a film with --out FILE.gif")


def _watch(showing: "Showing", fps: float) -> None:
    """Show the episodes as they are played, and the last picture a while; or until it is closed."""
    from rallypoint.envs.drawing.window import Window

    window = Window(showing.cast.title, fps)
    try:
        for frame in showing.boards():
            window.show(frame)
            if not window.is_open:
                return
        for _ in range(round(_HELD * fps)):
            window.show(frame)
    finally:
        window.close()


def _write(showing: "Showing", out: Path, fps: float) -> None:
    from tqdm import tqdm

    from rallypoint.experiments.show.filmstrip import filmstrip
    from rallypoint.experiments.show.outputs import Reel, write_film, write_picture

    with tqdm(unit="step", disable=not sys.stderr.isatty()) as bar:
        if out.suffix.lower() == ".png":
            write_picture(filmstrip(showing.scenes(bar.update), showing.cast), out)
        else:
            write_film(Reel(showing.boards(bar.update)), out, fps)


def _tell(showing: "Showing", out: Path | None) -> None:
    from rallypoint.experiments.telling import told_if_possible
    from rallypoint.safety.recorder import account

    receipts, wrong = account(showing.world)
    lines = [*showing.told(), *receipt_lines(receipts)]
    if showing.left_out:
        kinds = ", ".join(showing.left_out)
        lines.append(f"  not here: {kinds}, which are of updates, and nobody learns")
    if showing.failure:
        lines.append(f"The world's own picture is missing: {showing.failure}")
    with told_if_possible():
        click.echo("\n".join([*lines, *([f"In {out}"] if out else [])]))
    refuse_invalid(wrong)
