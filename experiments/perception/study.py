"""What is measured of a world's agents: as they are, and as they were trained to stand lies."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import Finding, Metric, Progress, Row
from rallypoint.experiments.perception.attacks import ATTACKS, Attack
from rallypoint.experiments.perception.measure import Bench, Measured


@dataclass
class Found:
    """What is known of the agents of one training, R of each."""

    clean: Floats  # (R,)
    attacked: dict[tuple[str, float], Floats] = field(default_factory=dict)  # by attack and size
    certified: dict[float, Floats] = field(default_factory=dict)  # by size

    def worst(self, epsilon: float, kinds: Sequence[str] = ATTACKS) -> Floats:
        """Return what the strongest of some attacks leaves to each agent: (R,)."""
        worst: Floats = np.min([self.attacked[kind, epsilon] for kind in kinds], axis=0)
        return worst

    def strongest(self, epsilons: Sequence[float]) -> Mapping[float, Floats]:
        """Return what the strongest of all attacks leaves, by size."""
        return {epsilon: self.worst(epsilon) for epsilon in epsilons}


class Subject:
    """Agents of one training, and the name of it."""

    def __init__(self, bench: Bench, way: str, policy: GradientPolicy) -> None:
        """Take agents to the bench."""
        self.bench, self.way, self.policy = bench, way, policy

    def unharmed(self) -> Generator[Finding, None, Found]:
        """Measure them while nobody lies."""
        clean = self.bench.clean(self.policy)
        yield from self._rows(clean, "none", 0.0)
        return Found(clean.scores)

    def under(self, attack: Attack) -> Generator[Finding, None, Floats]:
        """Measure them under an attack."""
        measured = self.bench.attacked(self.policy, attack, self.way)
        label = attack.name.removesuffix(f"-{attack.epsilon:g}")
        yield from self._rows(measured, label, attack.epsilon)
        if measured.receipts is not None:
            yield measured.receipts
        return measured.scores

    def under_all(self, epsilon: float, found: Found) -> Iterator[Finding]:
        """Measure them under every attack of a size, one after another, and what is certified."""
        for kind in ATTACKS:
            found.attacked[kind, epsilon] = yield from self.under(Attack(kind, epsilon))
        found.certified[epsilon] = self.bench.certified(self.policy, epsilon)
        where = {"world": self.bench.task.name, "agent": self.way, "epsilon": epsilon}
        for seed, value in zip(self.bench.seeds, found.certified[epsilon].tolist(), strict=True):
            yield Row({**where, "seed": seed, "certified": value})
        yield self._table(epsilon, found)

    def _table(self, epsilon: float, found: Found) -> Metric:
        """Tell of the median agent, and which attack is how often the strongest."""
        by_attack = np.array([found.attacked[kind, epsilon] for kind in ATTACKS])  # (attacks, R)
        counts = np.bincount(by_attack.argmin(axis=0), minlength=len(ATTACKS)).tolist()
        name = f"{self.way}-{epsilon:g}"
        return Metric(
            name if self.bench.task.name == "cartpole" else f"{self.bench.task.name}-{name}",
            {
                "clean": float(np.median(found.clean)),
                "strongest": float(np.median(by_attack.min(axis=0))),
                "certified": float(np.median(found.certified[epsilon])),
                "medians": dict(zip(ATTACKS, np.median(by_attack, axis=1).tolist(), strict=True)),
                "strongest-on": {k: n for k, n in zip(ATTACKS, counts, strict=True) if n},
            },
        )

    def _rows(self, measured: Measured, attack: str, epsilon: float) -> Iterator[Row]:
        task = self.bench.task
        where = {"world": task.name, "agent": self.way, "attack": attack, "epsilon": epsilon}
        for place, seed in enumerate(self.bench.seeds):
            found = {task.column: float(measured.scores[place])}
            if task.name != "cartpole":
                found["whole"] = float(measured.whole[place])
            yield Row({**where, "seed": seed, **found})


def undefended(bench: Bench, progress: Progress) -> Generator[Finding, None, Found]:
    """Measure agents as they are, under every attack of every size."""
    config, task = bench.config, bench.task
    with progress(f"{task.name}: training", 1) as advance:
        subject = Subject(bench, "plain", bench.trained("plain", config.defended_at))
        found = yield from subject.unharmed()
        advance()
    with progress(f"{task.name}: attacks on agents as they are", len(config.epsilons)) as advance:
        for epsilon in sorted(config.epsilons):
            yield from subject.under_all(epsilon, found)
            advance()
    return found


def defended(bench: Bench, way: str) -> Generator[Finding, None, Found]:
    """Measure agents that were trained to stand lies, under every attack of one size."""
    epsilon = bench.config.defended_at
    subject = Subject(bench, way, bench.trained(way, epsilon))
    found = yield from subject.unharmed()
    yield from subject.under_all(epsilon, found)
    return found
