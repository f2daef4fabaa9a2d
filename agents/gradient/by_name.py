"""Training learners of contributors by their names, into a folder."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.apart import within
from rallypoint.agents.gradient.asynchronous_rounds import AsynchronousRounds
from rallypoint.agents.gradient.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from rallypoint.agents.gradient.contributors import Who
from rallypoint.agents.gradient.manners import SYNCHRONOUS, Manner
from rallypoint.agents.gradient.peer_rounds import PeerRounds
from rallypoint.agents.gradient.recipe import Recipe
from rallypoint.agents.gradient.replicated_rounds import ReplicatedRounds
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.rows import row_of, summed_up
from rallypoint.agents.gradient.rules import rule_for_training
from rallypoint.agents.gradient.server import Server
from rallypoint.agents.gradient.team_lies import frames_of
from rallypoint.agents.rounds.asking import Asking
from rallypoint.agents.rounds.blocks import blocks_of
from rallypoint.agents.rounds.delivery import Delivery
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.rounds.recorded import ARRIVALS, written
from rallypoint.config import Config, from_dict, to_dict
from rallypoint.counts import check_counts
from rallypoint.errors import InvalidConfig
from rallypoint.files import write_atomically
from rallypoint.registration import make
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import Receipt, combined, disagreements
from rallypoint.safety.recording_files import RECORDING
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates.on_record import FramesOfRun

_PER_WORKER, _OF_A_TEAM = 8, 64  # copies, where nobody says how many
AnyRounds = Rounds | AsynchronousRounds | ReplicatedRounds | PeerRounds
Say = Callable[[Mapping[str, Any]], None]  # takes a row of metrics


@dataclass(frozen=True, kw_only=True)
class Team(Config):
    """Who contributes, and how their updates are combined."""

    contributors: Who = "workers"
    workers: int = 1  # n, unless the team contributes
    byzantine: int = 0  # f, that the aggregator must tolerate
    aggregator: str = "mean"
    actors: str = "group"  # one for each group, shared by its agents, or for each "agent"
    protocol: str = SYNCHRONOUS  # or "kardam", "buffered", "replicated_servers", "peers"
    protocol_settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a team of nobody, or for nobody.

        Raises:
            InvalidConfig: there is no worker, or no such actor.
        """
        if self.workers < 1:
            raise InvalidConfig(f"workers is a number >= 1, got {self.workers}")
        check_counts({"workers": self.workers, "byzantine": self.byzantine})
        if self.actors not in {"group", "agent"}:
            raise InvalidConfig(f'actors are one for each "group" or "agent", got {self.actors!r}')

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
                f"{copies} copies cannot be dealt out evenly among {self.workers} workers; take "
                f"copies in a multiple of {self.workers}"
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
    placement: Placement | None = None  # on a Ray cluster; in this process if not given
    record: bool = False  # whether updates are written down
    record_vectors: bool = False  # all their numbers, and not only digests, lengths, distances

    def __post_init__(self) -> None:
        """Put the parts together; nothing is played yet.

        Raises:
            RallypointError: anything that can be refused before the first step.
        """
        learner = from_dict(agents[self.agent], self.settings, where=self.agent)
        is_team = self.team.contributors == "team"
        copies = self.team.copies(self.copies, learner.most_episodes)
        count = self.team.workers
        if is_team:
            count = make(self.env, copies=1, **self.env_settings).num_agents
        self.recipe = Recipe(
            env=self.env,
            agent=self.agent,
            copies=copies,
            who=self.team.contributors,
            count=count,
            seed=self.seed,
            env_settings=self.env_settings,
            settings=self.settings,
            threats=self.threats,
            apart=self.team.actors == "agent",
            keeps_digests=self.record,
        )
        self.world = self.recipe.world()
        self.actors = self.recipe.actors(self.world)
        self.aggregator = rule_for_training(self.team.aggregator)
        self.manner = Manner(
            self.team.protocol,
            self.team.protocol_settings,
            self.recipe,
            f=self.team.byzantine,
            placement=self.placement,
        )
        self.manner.check(self.aggregator, self.actors)
        self.updates = self.recipe.updates(self.world, always=self.record)
        self.manner.check_threats(self.updates, self.aggregator, self.actors)
        self.frames = FramesOfRun(frames_of(self.updates), self.manner.server_lies)
        self._workshop = self.recipe.workshop(world=self.world)
        self.played = 0
        self.rounds_told: dict[str, Any] = {}
        self._of_world: tuple[Receipt, ...] = ()

    def _rounds(self, delivery: Delivery | Asking) -> AnyRounds:
        learner, actors = self.recipe.learner, self.actors
        server = Server(
            np.repeat(self.recipe.start(actors), self.manner.replicas, axis=0),
            [self.aggregator] * self.manner.replicas,
            f=self.team.byzantine,
            seeds=[self.seed] * self.manner.replicas,
            optimiser=learner.server_optimiser,
            pace=learner.pace,
            riders=actors.riders,
            parts=actors.parts,
        )
        if isinstance(delivery, Asking):
            return self.manner.rounds(server, self.updates, delivery)
        return Rounds(
            self._workshop.rollout,
            actors,
            learner,
            self.recipe.contributors,
            server,
            steps=learner.steps,
            seeds=[self.seed],
            contribution=learner.contribution,
            threats=[self.updates],
            descent=learner.descent(self.recipe.bare, actors),
            protocol=None if self.placement is None else self.placement.protocol,
            delivery=delivery,
        )

    def run(
        self,
        out: Path,
        *,
        say: Say,
        every: int = 10,
        resume: bool = False,
        blocks: Sequence[Sequence[int]] | None = None,
    ) -> dict[str, Any]:
        """Train, save checkpoints and the policy, and return what is to be said of it.

        Args:
            out: the folder.
            say: takes a row for each round.
            every: rounds from one checkpoint to the next.
            resume: go on from the checkpoint in the folder, to the same bits.
            blocks: of contributors that live in one world, for the receipts of another run.

        Raises:
            UnreadableFile: there is no checkpoint to go on from, or one of another training.
            RallypointError: the training cannot go on.
        """
        found = read_checkpoint(out) if resume else None
        if found is not None and self.manner.name == SYNCHRONOUS:
            blocks = blocks_of(found.snapshot)
        delivery = self.manner.delivery(self._workshop, blocks, out)
        try:
            rounds = self._rounds(delivery)
            if self.record:
                self.frames.record(out / RECORDING, vectors=self.record_vectors)
            if found is not None:
                rounds.restore(found.snapshot)
                self.played = found.played
            rows = [] if found is None else found.rows
            for row in rows:
                say(row)
            while self.played < self.steps:
                rows.append(self._round(rounds))
                say(rows[-1])
                if rounds.round % every == 0:
                    write_checkpoint(out, Checkpoint(rounds.snapshot(), rows, self.played))
            write_checkpoint(out, Checkpoint(rounds.snapshot(), rows, self.played))
            self._save(rounds, out)
            self._account(rounds)
            return self._metrics(rows)
        finally:
            delivery.close()

    def _round(self, rounds: AnyRounds) -> dict[str, Any]:
        """Train a round; return its row of metrics."""
        rounds.server.share = self.played / self.steps
        before, began = rounds.tally, time.perf_counter()
        report = rounds.train_round()
        self.played += int(report.steps[0])
        limit = self.manner.limit(self.aggregator, self.actors)
        row = row_of(rounds.round, self.played, report, self._names, self.actors, limit=limit)
        if self.placement is None and self.manner.name == SYNCHRONOUS:
            return row
        tally = dict(rounds.tally)
        if isinstance(rounds, Rounds):  # others count some things that rise and fall: those so far
            tally = {name: count - before[name] for name, count in tally.items()}
        if isinstance(rounds, ReplicatedRounds | PeerRounds):
            row["diameter"] = round(rounds.diameter, 6)
        return row | {
            "seconds": round(time.perf_counter() - began, 6),
            "tally": tally,
            **rounds.delivery.told(),
        }

    @property
    def _names(self) -> tuple[str, ...]:
        return self.recipe.names(self.world)

    def _save(self, rounds: AnyRounds, out: Path) -> None:
        from rallypoint.agents.gradient.saving import save_policies  # torch

        save_policies(
            out,
            self.actors,
            rounds.weights[0],
            apart=self.recipe.apart,
            env=self.env,
            env_settings=dict(self.env_settings),
            learned_by=self.agent,
        )
        if isinstance(rounds, AsynchronousRounds) and rounds.record is not None:
            write_atomically(out / ARRIVALS, written(rounds.record))

    def _metrics(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "agent": self.agent,
            "env": self.env,
            "steps": self.played,
            "rounds": len(rows),
            "seed": self.seed,
            "contributors": self.recipe.count,
            "byzantine": self.team.byzantine,
            "aggregator": self.team.aggregator,
            **summed_up(rows),
        }

    def _account(self, rounds: AnyRounds) -> None:
        """Keep the receipts of all threats, and what became of every round."""
        self.rounds_told = {"finished": rounds.round, **rounds.tally}
        if self.placement is not None:
            self.rounds_told["placement"] = to_dict(self.placement)
        by_block = rounds.delivery.receipts()
        self._of_world = tuple(combined(parts) for parts in zip(*by_block, strict=True))

    def account(self) -> tuple[tuple[Receipt, ...], list[str]]:
        """Return the receipts of all threats, and where they depart from what was declared."""
        receipts: tuple[Receipt, ...] = ()
        wrong: list[str] = []
        world = within(self.world)
        if isinstance(world, Threatened):
            receipts += self._of_world
            wrong += disagreements(world.model, self._of_world)
        told, faults = self.frames.account()
        return receipts + told, wrong + faults
