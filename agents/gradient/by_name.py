"""Training learners of contributors by their names, into a folder."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.gradient.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from rallypoint.agents.gradient.contributors import Contributors, Who
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import GradientLearner
from rallypoint.agents.gradient.reports import Report
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.server import Server
from rallypoint.batch_env import BatchEnv, Group
from rallypoint.config import from_dict
from rallypoint.draws import Draws, stream
from rallypoint.errors import InvalidConfig
from rallypoint.registration import make
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import SITES
from rallypoint.safety.updates import UpdateThreats

_PER_WORKER, _OF_A_TEAM = 8, 64  # copies, where nobody says how many
Say = Callable[[Mapping[str, Any]], None]  # takes a row of metrics


@dataclass(frozen=True, kw_only=True)
class Team:
    """Who contributes, and how their updates are combined."""

    contributors: Who = "workers"
    workers: int = 1  # n, unless the team contributes
    byzantine: int = 0  # f, that the aggregator must tolerate
    aggregator: str = "mean"

    def copies(self, given: int | None, episodes: int | None = None) -> int:
        """Return how many copies that is: those asked for, or enough for everybody.

        Args:
            given: how many were asked for.
            episodes: that each contributor plays in a round, where the learner says how many.

        Raises:
            InvalidConfig: they cannot be dealt out evenly.
        """
        if self.contributors == "team":
            return given or episodes or _OF_A_TEAM
        copies = given or (episodes or _PER_WORKER) * self.workers
        if copies % self.workers:
            raise InvalidConfig(
                f"{copies} copies cannot be dealt out evenly among {self.workers} workers; take a "
                f"multiple of {self.workers}"
            )
        return copies


@dataclass(kw_only=True)
class TeamTraining:
    """A training by contributors, put together: the world, the threats, the rounds."""

    env: str
    agent: str
    steps: int  # agent steps in all
    seed: int = 0
    copies: int | None = None
    env_settings: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    threats: ThreatModel | None = None
    team: Team = field(default_factory=Team)

    def __post_init__(self) -> None:
        """Put the parts together.

        Raises:
            RallypointError: anything that can be refused before the first step.
        """
        self.learner: GradientLearner = from_dict(
            agents[self.agent], self.settings, where=self.agent
        )
        copies = self.team.copies(self.copies, self.learner.most_episodes)
        world = make(self.env, copies=copies, **self.env_settings)
        self.group = _only_group(world)
        is_team = self.team.contributors == "team"
        names = self.group.agents if is_team else [f"worker_{i}" for i in range(self.team.workers)]
        self.contributors = Contributors(who=self.team.contributors, count=len(names))
        self.contributors.check(world.num_copies, len(self.group.agents))
        self.aggregator = Aggregator.parse(self.team.aggregator)
        self.aggregator.check(len(names), self.team.byzantine)
        self.updates = self._threats_to_updates(names)
        self.world = self._under_threats(world)
        self.rounds = self._rounds()
        self.played = 0

    def _threats_to_updates(self, names: Any) -> UpdateThreats | None:
        if self.threats is None:
            return None
        return UpdateThreats(self.threats.at("update"), contributors=names, seed=self.seed)

    def _under_threats(self, world: BatchEnv) -> BatchEnv:
        if self.threats is None or self.updates is None:
            return world
        in_world = self.threats.at(*(site for site in SITES if site != "update"))
        if not in_world.threats:
            return world
        whom = self.contributors.of_copies(
            world.num_copies, world.num_agents, self.updates.byzantine[None]
        )
        return Threatened(world, in_world, byzantine=whom)

    def _rounds(self) -> Rounds:
        learner, state_size = self.learner, None
        if learner.central_critic:
            self.world.reset(self.seed)
            state_size = self.world.state().reshape(self.world.num_copies, -1).shape[1]
        networks = learner.architecture(self.group, state_size)
        start = networks.initial(stream(self.seed, "gradient/initial"), scheme=learner.initial)
        server = Server(
            start[None],
            [self.aggregator],
            f=self.team.byzantine,
            seeds=[self.seed],
            optimiser=learner.server_optimiser,
            pace=learner.pace,
            layout=[piece.at.stop - piece.at.start for piece in networks.pieces],
            riders=learner.riders(networks),
        )
        draws = Draws(self.seed, "gradient/act", self.world.copies)
        return Rounds(
            Rollout(self.world, draws, central=learner.central_critic),
            networks,
            learner,
            self.contributors,
            server,
            steps=learner.steps,
            seeds=[self.seed],
            contribution=learner.contribution,
            threats=[self.updates],
            descent=learner.descent(
                lambda copies: make(self.env, copies=copies, **self.env_settings), networks
            ),
        )

    def run(self, out: Path, *, say: Say, every: int = 10, resume: bool = False) -> dict[str, Any]:
        """Train, save checkpoints and the policy, and return what is to be said of it.

        Args:
            out: the folder.
            say: takes a row for each round.
            every: rounds from one checkpoint to the next.
            resume: go on from the checkpoint in the folder, to the same bits.

        Raises:
            UnreadableFile: there is no checkpoint to go on from, or one of another training.
            RallypointError: the training cannot go on.
        """
        rows: list[dict[str, Any]] = []
        if resume:
            rows = self._go_on(out)
            for row in rows:
                say(row)
        while self.played < self.steps:
            self.rounds.server.share = self.played / self.steps
            report = self.rounds.train_round()
            self.played += int(report.steps[0])
            rows.append(self._row(report))
            say(rows[-1])
            if self.rounds.round % every == 0:
                write_checkpoint(out, Checkpoint(self.rounds.snapshot(), rows, self.played))
        write_checkpoint(out, Checkpoint(self.rounds.snapshot(), rows, self.played))
        self._save(out)
        return self._metrics(rows)

    def _go_on(self, out: Path) -> list[dict[str, Any]]:
        found = read_checkpoint(out)
        self.rounds.restore(found.snapshot)
        self.played = found.played
        return found.rows

    def _row(self, report: Report) -> dict[str, Any]:
        believed = dict(zip(self._names, report.believed[0].round(4).tolist(), strict=True))
        return {
            "round": self.rounds.round,
            "steps": self.played,
            "return": _plain(report.returns[0]),
            "episodes": int(report.episodes[0]),
            "variance_to_norm": _plain(report.ratio[0]),
            "cosine": _plain(report.cosine[0]),
            "believed": believed,
        }

    @property
    def _names(self) -> tuple[str, ...]:
        if self.team.contributors == "team":
            return self.group.agents
        return tuple(f"worker_{i}" for i in range(self.contributors.count))

    def _save(self, out: Path) -> None:
        from rallypoint.agents.gradient.saving import save_policy  # torch

        save_policy(
            out,
            self.rounds.architecture,
            self.rounds.weights[0],
            self.group,
            env=self.env,
            env_settings=dict(self.env_settings),
            learned_by=self.agent,
        )

    def _metrics(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        last = [row["return"] for row in rows[-max(1, len(rows) // 10) :]]
        told = [value for value in last if value is not None]
        return {
            "agent": self.agent,
            "env": self.env,
            "steps": self.played,
            "rounds": self.rounds.round,
            "seed": self.seed,
            "contributors": self.contributors.count,
            "byzantine": self.team.byzantine,
            "aggregator": self.team.aggregator,
            "return": float(np.mean(told)) if told else None,
        }

    def account(self) -> tuple[tuple[Receipt, ...], list[str]]:
        """Return the receipts of all threats, and where they depart from what was declared."""
        receipts: tuple[Receipt, ...] = ()
        wrong: list[str] = []
        for frame in (self.world, self.updates):
            if isinstance(frame, Threatened | UpdateThreats):
                receipts += frame.receipts()
                wrong += disagreements(frame.model, frame.receipts())
        return receipts, wrong


def _only_group(world: BatchEnv) -> Group:
    if len(world.groups) > 1:
        raise InvalidConfig(
            f"{world.id} has the groups {[group.name for group in world.groups]}, and contributors "
            "learn one shared policy; make an environment with one group"
        )
    return world.groups[0]


def _plain(value: Any) -> float | None:
    return None if math.isnan(value) else round(float(value), 6)
