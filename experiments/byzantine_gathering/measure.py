"""A team that has learned to gather meets members who do not want it to."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rallypoint.agents.episodes import play
from rallypoint.agents.tabular.traced_q_learning import State
from rallypoint.draws import Draws, Floats
from rallypoint.envs.gathering import metrics
from rallypoint.experiments.byzantine_gathering.config import ByzantineGatheringConfig
from rallypoint.experiments.experiment import Finding, Metric, Receipts, Row
from rallypoint.experiments.gathering.measure import TEST, Bench, trained
from rallypoint.intervals import bootstrap
from rallypoint.safety.defences import Defence
from rallypoint.safety.defences.defended import DefendedPolicy
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.threat_model import Byzantine, ThreatModel
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.teammate.anti_goal import AntiGoal

LEVEL = 0.8  # in-group share at whose first crossing a team counts as broken down


class Attacked(NamedTuple):
    """How the honest of each seed gathered among liars."""

    in_group: Floats  # (R,) share of the second half's steps with 80 % of the honest together
    window: Floats  # (R,) mean share of the honest in the fullest window, over the second half
    receipts: tuple[Receipt, ...]
    wrong: tuple[str, ...]  # where receipts depart from the threat model

    def findings(self, condition: str, seeds: Sequence[int]) -> Iterator[Finding]:
        """Yield a row for each seed, the receipts, and what it comes to over seeds."""
        for seed, in_group, window in zip(seeds, self.in_group, self.window, strict=True):
            values = {"in_group": float(in_group), "window": float(window)}
            yield Row({"condition": condition, "seed": seed} | values)
        yield Receipts(condition, [receipt.to_dict() for receipt in self.receipts], self.wrong)
        yield Metric(f"{condition}/in_group", in_numbers(self.in_group))
        yield Metric(f"{condition}/window", float(self.window.mean()))


class Team(NamedTuple):
    """A team of each seed that has learned in peace, as tables (R, N, S, A)."""

    config: ByzantineGatheringConfig
    seeds: tuple[int, ...]
    num_agents: int
    tables: Floats

    @property
    def name(self) -> str:
        """How conditions are called that are tried on this team."""
        return f"B1/{self.num_agents}-agents"

    def attacked(
        self, threat: Threat, f_real: int, defences: Sequence[Defence], cycles: int
    ) -> Attacked:
        """Play every seed's test cycles, greedily, with so many among the agents who lie."""
        model = ThreatModel(byzantine=Byzantine(count=f_real), threats=(threat,))
        bench = Bench(self.config.gathering, self.seeds, cycles)
        world = bench.world(self.num_agents)
        policy = DefendedPolicy(bench.policy(self.tables, 0.0), defences, world)
        env = Threatened(world, model, policy=policy)
        draws = Draws(TEST, "byzantine_gathering/test", bench.copies())
        half = (env.time_limit or 0) // 2  # steps 1 … half make the first half
        in_group, window = np.zeros((2, len(bench.copies())))
        for moment in play(env, policy, draws, seed=TEST):
            if moment.time >= half:
                counts = metrics.counts(env.state(), self.config.cells, ~env.byzantine)
                in_group += metrics.is_gathered(counts)
                window += metrics.largest_group(counts)
        steps = (env.time_limit or 0) - half
        shape = (len(self.seeds), cycles)
        return Attacked(
            in_group=in_group.reshape(shape).mean(axis=1) / steps,
            window=window.reshape(shape).mean(axis=1) / steps,
            receipts=env.receipts(),
            wrong=tuple(disagreements(model, env.receipts())),
        )


def trained_among(
    config: ByzantineGatheringConfig,
    seeds: tuple[int, ...],
    antagonists: tuple[int, ...],
    *,
    num_agents: int,
    after_cycle: Callable[[int, State], None],
) -> Floats:
    """Train one team per seed among anti-goal antagonists; return its tables (R, N, S, A).

    In every cycle another number of them is drawn, and who they are. Their tables go on learning
    meanwhile, from the actions that they proposed: in the next cycle they may be honest.
    """
    lies = [] if antagonists == (0,) else [AntiGoal(victims={"counts": antagonists})]
    return trained(
        config.gathering, seeds, num_agents=num_agents, after_cycle=after_cycle, threats=lies
    )


def breakdown_points(curves: Floats, num_agents: int, level: float = LEVEL) -> Floats:
    """Return the share of liars at which each curve (R, F), f = 0, 1, …, first falls below a level.

    Linear between numbers of liars; the largest share that was tried if a curve never falls, which
    is then a lower limit, and 0 for one that starts below.

    >>> breakdown_points(np.array([[1.0, 0.6, 0.9], [1.0, 0.9, 0.8]]), 10).round(6).tolist()
    [0.05, 0.2]
    """
    below = curves < level
    falls = below.any(axis=1)
    first = np.where(falls, below.argmax(axis=1), curves.shape[1] - 1)
    rows = np.arange(len(curves))
    before = np.maximum(first - 1, 0)
    high, low = curves[rows, before], curves[rows, first]
    part = np.divide(high - level, high - low, out=np.zeros_like(high), where=high > low)
    crossing = np.where(first > 0, before + part, 0.0)
    points: Floats = np.where(falls, crossing, first) / num_agents
    return points


def in_numbers(values: Floats) -> dict[str, float]:
    """Return mean, 95 % interval and range over seeds, for ``summary.json``."""
    low, high = bootstrap(values)
    return {
        "mean": float(values.mean()),
        "low": low,
        "high": high,
        "least": float(values.min()),
        "most": float(values.max()),
    }
