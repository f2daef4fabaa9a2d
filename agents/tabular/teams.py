"""Teams that learn on tables, each in a copy of its own, here or on a Ray cluster."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.build import build_world
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.tabular.by_name import Taught, copies_for, teach
from rallypoint.config import Config
from rallypoint.safety.receipts import Receipt, combined
from rallypoint.safety.recorder import account
from rallypoint.safety.threat_model import ThreatModel


class Block(NamedTuple):
    """What came of some teams."""

    taught: Taught
    receipts: tuple[Receipt, ...]
    wrong: tuple[str, ...]  # where receipts depart from what was declared


@dataclass(frozen=True, kw_only=True)
class Teams(Config):
    """Plain values, which travel: the same teams come out of them in every process.

    Team t lives in the copy with the global id t, so its numbers do not depend on which others are
    trained beside it.
    """

    env: str
    agent: str
    steps: int  # agent steps of each team
    seed: int = 0
    env_settings: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)  # the agent's own
    threats: ThreatModel | None = None
    keeps_digests: bool = False  # whether what each team learns from is hashed

    def trained(
        self, count: int, *, placement: Placement | None = None, record: Path | None = None
    ) -> Block:
        """Train so many teams.

        Args:
            count: teams 0 to count - 1.
            placement: on a Ray cluster, where they are dealt out in blocks; here if not given.
            record: a folder that everything that happens is written to; here only.

        Raises:
            RallypointError: a task that the learner cannot learn, or no such cluster.
        """
        if placement is None:
            return self.block(range(count), record=record)
        from rallypoint.agents.rounds.cluster.errands import deal  # Ray

        return united(deal(Teams.block, self, count, placement))

    def block(self, teams: Sequence[int], *, record: Path | None = None) -> Block:
        """Train some teams side by side, here."""
        world = build_world(
            self.env,
            copies=copies_for(self.agent, self.settings, teams),
            settings=self.env_settings,
            threats=self.threats,
            record=record,
        )
        try:
            taught = teach(
                world,
                self.agent,
                self.settings,
                steps=self.steps,
                seed=self.seed,
                keeps_digests=self.keeps_digests,
            )
        finally:
            world.close()
        receipts, wrong = account(world)
        return Block(taught, receipts, tuple(wrong))


def united(blocks: Iterable[Block]) -> Block:
    """Return what came of all teams, block after block."""
    parts = list(blocks)
    taught = [part.taught for part in parts]
    first = taught[0]
    return Block(
        first._replace(
            tables=np.concatenate([each.tables for each in taught]),
            episodes=min(each.episodes for each in taught),
            kept_share=_stacked([each.kept_share for each in taught]),
            enough_data=_stacked([each.enough_data for each in taught]),
            digests=tuple(digest for each in taught for digest in each.digests),
        ),
        tuple(combined(each) for each in zip(*(part.receipts for part in parts), strict=True)),
        tuple(fault for part in parts for fault in part.wrong),
    )


def _stacked(parts: Sequence[Any]) -> Any:
    return None if parts[0] is None else np.concatenate(parts)
