"""One training of a team, and what its policy is worth."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

import rallypoint
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.rules import UniformRandom
from rallypoint.agents.saved import load_policies
from rallypoint.agents.sb3.threads import torch_threads
from rallypoint.agents.train import Outcome, Training, train
from rallypoint.experiments.byzantine_team.config import ATTACKS, MEAN, PPO, ByzantineTeamConfig
from rallypoint.policies import Policy
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import SITES

WORLD = "torus-small-v0"
_TEST = 1  # root seed of tests


class Cell(NamedTuple):
    """Who combines updates, and who lies how."""

    rule: str
    attack: str  # "none" for nobody
    f: int  # liars, of whom the rule is told

    @property
    def name(self) -> str:
        """A readable id."""
        return f"{self.rule}-{self.attack}-f{self.f}" if self.f else f"{self.rule}-none"


class Measured(NamedTuple):
    """What came of one training."""

    worth: float  # return of a team of which all are honest, by the learned policy
    among_liars: float  # of the honest where liars do what they did in training
    believed: float  # share of the first aggregates of the last rounds that liars had
    outcome: Outcome


def threats(cell: Cell, num_agents: int) -> ThreatModel | None:
    """Return who lies in the world and in its update at once: the last agents of the team."""
    if not cell.f:
        return None
    members = [f"agent_{i}" for i in range(num_agents - cell.f, num_agents)]
    lies = [{**lie, "victims": "byzantine"} for lie in ATTACKS[cell.attack]]
    return ThreatModel.from_dict({"byzantine": {"members": members}, "threats": lies})


def measure(config: ByzantineTeamConfig, cell: Cell, seed: int) -> Measured:
    """Train one team, and test its policy."""
    model = threats(cell, config.num_agents)
    training = Training(
        env=WORLD,
        agent="ppo",
        steps=config.steps,
        seed=seed,
        copies=config.copies,
        env_settings={"num_agents": config.num_agents},
        settings=PPO,
        threats=model,
        team=Team(
            contributors="team",
            # The plain mean tolerates nobody, and is not told.
            byzantine=0 if cell.rule == MEAN else cell.f,
            aggregator=cell.rule,
        ),
    )
    rows: list[Any] = []
    with TemporaryDirectory() as folder, torch_threads(1):
        outcome = train(training, Path(folder), say=rows.append)
        world = rallypoint.make(WORLD, copies=config.tests, num_agents=config.num_agents)
        policy = load_policies(Path(folder), world)["stochastic"]
        worth = _returns(config, world, policy).mean()
        among = worth
        if model is not None:
            in_world = model.at(*(site for site in SITES if site != "update"))
            among = _returns(config, Threatened(world, in_world), policy)[:, : -cell.f].mean()
    liars = [f"agent_{i}" for i in range(config.num_agents - cell.f, config.num_agents)]
    last = rows[-max(1, len(rows) // 10) :]
    believed = np.mean([[row["believed"][name] for name in liars] for row in last], axis=0).sum()
    return Measured(float(worth), float(among), float(believed), outcome)


def worth_of_nothing(config: ByzantineTeamConfig) -> float:
    """Return what a team gets that acts at random."""
    world = rallypoint.make(WORLD, copies=config.tests, num_agents=config.num_agents)
    return float(_returns(config, world, UniformRandom(world.groups)).mean())


def _returns(config: ByzantineTeamConfig, world: Any, policy: Policy) -> Any:
    return evaluate(world, policy, episodes=config.tests, seed=_TEST).returns
