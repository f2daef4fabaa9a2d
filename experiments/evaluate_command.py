"""``rallypoint evaluate``: how an agent does that was trained, under threats if there are any."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rallypoint.experiments.receipt_lines import receipt_lines
from rallypoint.experiments.shared_options import MANY, THREATS, refuse_invalid, threats_of

if TYPE_CHECKING:
    from rallypoint.agents.evaluation import Evaluation


@click.command("evaluate")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, path_type=Path))
@THREATS
@click.option("--episodes", type=MANY, default=200, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--record",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write down all that happens.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def evaluate(
    folder: Path,
    *,
    threat_file: Path | None,
    episodes: int,
    seed: int,
    record: Path | None,
    as_json: bool,
) -> None:
    """Play episodes with the agent that was trained into DIR, and say how it did.

    What each threat did is counted over all episodes, those of every way to act together.
    """
    from rallypoint.agents.build import build_world, now_acts
    from rallypoint.agents.evaluation import evaluate as play
    from rallypoint.agents.saved import load_policies, read_saved
    from rallypoint.plain_json import to_indented_json
    from rallypoint.registration import make
    from rallypoint.safety.recorder import account
    from rallypoint.safety.threats import OF_ROUNDS

    given = threats_of(threat_file)
    model = None if given is None else given.in_world()
    left_out = [] if given is None else [t.kind for t in given.threats if t.site in OF_ROUNDS]
    saved = read_saved(folder)
    policies = load_policies(folder, make(saved.env, copies=1, **saved.env_settings))
    world = build_world(
        saved.env,
        copies=min(episodes, 64),
        settings=saved.env_settings,
        threats=model,
        record=record,
        policy=next(iter(policies.values())),
    )
    found = {}
    for how, policy in policies.items():
        now_acts(world, policy)
        found[how] = play(world, policy, episodes=episodes, seed=seed)
    receipts, wrong = account(world)
    if as_json:
        told: dict[str, Any] = {how: result.summary() for how, result in found.items()}
        about = {
            "agent": saved.agent,
            "env": saved.env,
            "seed": seed,
            "valid": not wrong,
            "left_out": left_out,
            "receipts": [receipt.to_dict() for receipt in receipts],
            "enough_data": saved.enough_data,
        }
        click.echo(to_indented_json(about | told).rstrip())
    else:
        click.echo(f"{saved.agent} in {saved.env}, {episodes} episodes of seed {seed}")
        for how, result in found.items():
            click.echo(_in_words(how, result))
        for line in receipt_lines(receipts):  # over all that was played
            click.echo(line)
        if left_out:
            click.echo(
                f"  without {', '.join(left_out)}: nobody learns here, so no updates are sent"
            )
        if not saved.enough_data:
            click.echo(
                "  not enough data: of its experience less was kept than the declared share "
                "(min_kept_share), so these numbers say nothing of what can be learned from it"
            )
    refuse_invalid(wrong)


def _in_words(how: str, result: "Evaluation") -> str:
    summary = result.summary()
    honest, hidden = summary.get("return_of_honest"), summary.get("performance_mean")
    costs = summary.get("cost_by_name", {})
    return (
        f"  {how:10} return per agent {summary['return_mean']:.4g} "
        f"± {summary['return_std']:.2g} (sd over episodes), "
        + ("" if honest is None else f"of the honest {honest:.4g}, ")
        + ("" if hidden is None else f"hidden performance {hidden:.4g}, ")
        + "".join(f"cost of {name} {mean:.3g}, " for name, mean in costs.items())
        + f"length {summary['length_mean']:.4g}, ended early {summary['ended_early_share']:.1%}"
    )
