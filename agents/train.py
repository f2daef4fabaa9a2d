"""Training any agent in any environment, by their names."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from rallypoint.agents import agents
from rallypoint.agents.build import build_world
from rallypoint.agents.gradient.by_name import Say, Team, TeamTraining
from rallypoint.agents.gradient.scalars import Scalars, Watch
from rallypoint.agents.rehearsal import rehearse_knowing
from rallypoint.agents.rounds.blocks import check_blocks
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.saved import Saved
from rallypoint.agents.tabular.by_name import check_tables, keep
from rallypoint.agents.tabular.teams import Teams
from rallypoint.agents.training import Training, settings_of, training_of
from rallypoint.batch_env import BatchEnv
from rallypoint.errors import InvalidConfig
from rallypoint.noted import noting
from rallypoint.policies import Policy
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.recorder import account
from rallypoint.safety.recording_files import RECORDING

__all__ = [
    "Outcome",
    "Training",
    "check",
    "learner_of",
    "settings_of",
    "team_of",
    "train",
    "training_of",
]

_COPIES = 64  # that SB3 learns from, where nobody says how many


class Outcome(NamedTuple):
    """What training leaves, besides the files."""

    metrics: dict[str, Any]
    receipts: tuple[Receipt, ...]
    disagreements: tuple[str, ...]
    rounds: Mapping[str, Any] | None = None  # what became of every round, of contributors only
    left_out: tuple[str, ...] = ()  # kinds of threats that nobody could meet here: see ``in_world``


def train(
    training: Training,
    out: str | Path,
    *,
    progress_bar: bool = False,
    say: Say = lambda _: None,
    watch: Watch = lambda *_: None,
    resume: bool = False,
    placement: Placement | None = None,
    blocks: Sequence[Sequence[int]] | None = None,
) -> Outcome:
    """Train, and save the agent into a folder from which ``rallypoint evaluate`` reads it.

    Args:
        training: what, where and for how long.
        out: the folder.
        progress_bar: whether to show how far it is.
        say: takes a row of metrics for each round of contributors, or each time that SB3 logs.
        watch: takes the scalars of such a row by SB3's names, and the agent steps they are of;
            those from before the checkpoint come again when a training goes on. Learners of tables
            tell of neither.
        resume: whether to go on from the checkpoint in the folder; contributors only.
        placement: the Ray cluster on which contributors, or teams that learn on tables, are
            computed; in this process if not given.
        blocks: into which contributors that wait for each other are dealt out, each a world of
            its own; one, or as the placement says, if not given. Nothing that is learned depends on
            it, but what threats did to copies that are played on beside those who still learn.

    Raises:
        UnknownName, Unavailable: no such environment or agent; names the nearest.
        InvalidConfig: a setting that is not known, a task that the agent cannot learn, or blocks
            that do not hold each contributor once, in order.
        UnwritablePath: nothing half-written is left behind.
    """
    out = Path(out)
    kind = check(training, placement)
    if kind == "contributors":
        team = team_of(training, placement)
        if blocks is not None:
            together = team.recipe.who == "team"
            check_blocks(blocks, team.recipe.count, together=together)
        run = partial(team.run, out, resume=resume, blocks=blocks)
        tell = partial(Scalars, out, watch=watch, resumed=resume)
        return _train_contributors(team, run, tell, progress_bar=progress_bar, say=say)
    if blocks is not None:
        raise InvalidConfig(
            f"{training.agent} learns by itself, and there are no contributors to deal out: leave "
            "out blocks"
        )
    if kind == "local":
        return _train_teams(training, out, placement)
    world = build_world(
        training.env,
        copies=training.copies or _COPIES,
        settings=training.env_settings,
        threats=training.met,
        record=out / RECORDING if training.record else None,
        learns=True,
    )
    try:
        metrics = _train_sb3(training, world, out, progress_bar=progress_bar, say=say, watch=watch)
    finally:
        world.close()
    receipts, wrong = account(world)
    return Outcome(metrics, receipts, tuple(wrong), left_out=training.left_out)


def check(training: Training, placement: Placement | None = None) -> str:
    """Refuse what can be refused before anything is made; return the kind of learner.

    Raises:
        UnknownName, Unavailable, InvalidConfig, NotOffered: as ``train`` does.
    """
    kind: str | None = getattr(learner_of(training.agent), "learner", None)
    if kind is None:
        raise InvalidConfig(f"{training.agent} is a rule: it acts, and there is nothing to train")
    if kind == "contributors":
        team = team_of(training, placement)
        team.world.close()
        _rehearse(training, team.recipe.untrained)
        return kind
    if placement is not None and kind != "local":
        raise InvalidConfig(
            f"{training.agent} learns by itself, in one process: leave out --ray, or take an agent "
            "that learns on tables, or from contributors, such as ppo, a2c or gpomdp"
        )
    if training.record_vectors:
        raise InvalidConfig(
            f"{training.agent} sends no updates to a server: leave out --record-vectors, or take "
            "an agent that learns from contributors"
        )
    if placement is not None and training.record:
        raise InvalidConfig(
            "what happens on a cluster is not recorded: leave out --record, or --ray"
        )
    if training.team is not None:
        raise InvalidConfig(
            f"{training.agent} learns by itself, not from contributors: leave out --contributors, "
            "--workers, --byzantine and --aggregator, or take ppo, a2c, gpomdp or reinforce"
        )
    world = build_world(
        training.env,
        copies=1,
        settings=training.env_settings,
        threats=training.met,
        learns=kind != "local",
    )
    if kind == "local":
        check_tables(world, training.agent, training.settings)
    if kind == "closed":
        from rallypoint.agents.sb3.saved import untrained_policy  # torch
        from rallypoint.agents.sb3.training import check_trainable

        check_trainable(
            world,
            training.agent,
            steps=training.steps,
            seed=training.seed,
            copies=training.copies or _COPIES,
            settings=training.settings,
        )
        _rehearse(training, partial(untrained_policy, training.agent, training.settings))
    world.close()
    return kind


def _rehearse(training: Training, policy_for: Callable[[BatchEnv], Policy]) -> None:
    rehearse_knowing(training.met, training.env, training.env_settings, policy_for)


def learner_of(name: str) -> Any:
    """Return what is registered under an agent's name.

    Raises:
        UnknownName, Unavailable: names the nearest, or says why it cannot be used.
    """
    if name.partition(":")[0] == "sb3_contrib":
        from rallypoint.agents.sb3.algorithms import algorithm

        return algorithm(name)
    return agents[name]


def _train_teams(training: Training, out: Path, placement: Placement | None) -> Outcome:
    teams = Teams(
        env=training.env,
        agent=training.agent,
        steps=training.steps,
        seed=training.seed,
        env_settings=training.env_settings,
        settings=training.settings,
        threats=training.met,
    )
    block = teams.trained(
        training.copies or 1,
        placement=placement,
        record=out / RECORDING if training.record else None,
    )
    world = build_world(training.env, copies=1, settings=training.env_settings)
    about = Saved(training.agent, training.env, dict(training.env_settings))
    metrics = keep(block.taught, world, training.settings, about=about, seed=training.seed, out=out)
    world.close()
    return Outcome(metrics, block.receipts, block.wrong, left_out=training.left_out)


def team_of(training: Training, placement: Placement | None = None) -> TeamTraining:
    """Return a training by contributors, put together; nothing is played yet.

    Raises:
        RallypointError: anything that can be refused before the first step.
    """
    return TeamTraining(
        env=training.env,
        agent=training.agent,
        steps=training.steps,
        seed=training.seed,
        copies=training.copies,
        env_settings=training.env_settings,
        settings=training.settings,
        threats=training.threats,
        team=training.team or Team(),
        placement=placement,
        record=training.record,
        record_vectors=training.record_vectors,
    )


def _train_contributors(
    team: TeamTraining,
    run: Callable[..., dict[str, Any]],
    tell: Callable[[], Scalars],
    *,
    progress_bar: bool,
    say: Say,
) -> Outcome:
    try:
        with (
            tqdm(total=team.steps, unit="step", disable=not progress_bar) as bar,
            closing(tell()) as scalars,
        ):

            def heard(row: Mapping[str, Any]) -> None:
                bar.update(row["steps"] - bar.n)
                bar.set_postfix({"return": row["return"]})
                scalars.add(row)
                say(row)

            with noting(lambda: f"after {team.played:,} of {team.steps:,} steps"):
                metrics = run(say=heard)
    finally:
        team.world.close()
    receipts, wrong = team.account()
    return Outcome(metrics, receipts, tuple(wrong), team.rounds_told)


def _train_sb3(
    training: Training, world: BatchEnv, out: Path, *, progress_bar: bool, say: Say, watch: Watch
) -> dict[str, Any]:
    from rallypoint.agents.sb3.training import train_sb3  # torch

    def heard(step: int, scalars: Mapping[str, float]) -> None:
        say(scalars)
        watch(step, scalars)

    return train_sb3(
        world,
        training.agent,
        steps=training.steps,
        seed=training.seed,
        env_settings=training.env_settings,
        settings=training.settings,
        out=out,
        watch=heard,
        progress_bar=progress_bar,
    ).summary
