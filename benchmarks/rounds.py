"""Rounds on a Ray cluster beside rounds in this process, and what a round costs beyond its work.

    make bench MEASURE=rounds

Three deliveries of the same training take turns, round by round: this process, one actor, two
actors. Then contributors that do nothing, for what n of them with d parameters cost: a line is
fitted to the seconds of a round by calls and bytes. By the clock on the wall, with one thread each:
other work on the machine is in the numbers, so use an idle one with two cores. (Ray starts workers
at niceness 15, where anything else comes first; RAY_worker_niceness=0 is fairer to them.) Where two
cores are not to be had, CPU seconds tell what they would bring: those of this process and of the
actor that has most to do, which come one after another.
"""

import argparse
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import ray
from rich.console import Console
from rich.table import Table
from scipy.optimize import nnls

from rallypoint.agents.gradient.by_name import Team, TeamTraining
from rallypoint.agents.rounds.cluster import Cluster
from rallypoint.agents.rounds.delivery import Delivery
from rallypoint.agents.rounds.in_process import InProcess
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.rounds.protocols import Combine, Moved, Work
from rallypoint.agents.rounds.protocols.synchronous import Synchronous
from rallypoint.agents.rounds.work import Found, Lived, Task
from rallypoint.manifest import machine, versions
from rallypoint.plain_json import to_indented_json

_CONTRIBUTORS, _COPIES, _STEPS = 2, 192, 12  # a round of about 0.1 s, and few calls of NumPy
_GOALS: dict[str, tuple[Callable[[dict[str, float]], float], float]] = {
    "two actors, times one": (lambda took: took["one actor"] / took["two actors"], 1.6),
    "one actor, times this process": (
        lambda took: took["this process"] / took["one actor"],
        1 / 1.15,
    ),
}
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_STORE = 512 * 1024**2  # bytes


@dataclass(frozen=True)
class Idle:
    """A recipe of contributors that find nothing, in no time."""

    size: int

    def workshop(self, whom: Sequence[int]) -> "IdleBlock":
        """Return some of them."""
        return IdleBlock(self.size, len(whom))


@dataclass(frozen=True)
class IdleBlock:
    """Some of them."""

    size: int
    count: int

    def compute(self, task: Task, start: Any = None) -> Found:
        """Return zeros."""
        del task, start
        ones, none = np.ones(self.count), np.zeros(self.count, dtype=np.int64)
        updates = np.zeros((self.count, self.size), dtype=np.float32)
        return Found(updates, ones.astype(bool), Lived(ones, none, none, none), more=False)

    def snapshot(self) -> dict[str, Any]:
        """Return nothing to speak of."""
        return {"nothing": np.zeros(1)}

    def restore(self, snapshot: Any) -> None:
        """Take it."""

    def receipts(self) -> tuple[()]:
        """Return none."""
        return ()


def training() -> TeamTraining:
    """Return what is trained: advantages of ten agents on a torus, one update a round."""
    return TeamTraining(
        env="torus-v0",
        agent="a2c",
        steps=10**9,
        copies=_COPIES * _CONTRIBUTORS,
        env_settings={"num_agents": 10},
        settings={"steps": _STEPS},
        team=Team(workers=_CONTRIBUTORS),
    )


def on(actors: int) -> Placement:
    """Return so many actors on the Ray that was started."""
    return Placement(address="auto", actors=actors, cpus=0.5, source="installed")


@dataclass
class Taken:
    """What rounds of a delivery took."""

    seconds: list[float] = field(default_factory=list)  # of each, by the clock
    driver: float = 0.0  # CPU seconds of this process, in all of them
    actors: list[float] = field(default_factory=list)  # likewise of each actor's process

    @property
    def path(self) -> float:
        """CPU seconds one after another in a round: this process, and the actor with most to do."""
        return (self.driver + max(self.actors, default=0.0)) / len(self.seconds)


def cpu_seconds(delivery: Delivery) -> list[float]:
    """Return the CPU seconds of every actor's process so far; Linux only."""
    if not isinstance(delivery, Cluster):
        return []
    fields = [
        Path(f"/proc/{member.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        for member in delivery._crew.members  # noqa: SLF001
    ]
    return [(int(each[11]) + int(each[12])) / os.sysconf("SC_CLK_TCK") for each in fields]


def speeds(rounds: int) -> dict[str, Taken]:
    """Return what rounds of each delivery took, in turn."""
    given = training()
    everybody = range(_CONTRIBUTORS)
    deliveries: dict[str, Delivery] = {
        "this process": InProcess([given.recipe.workshop()], [everybody]),
        "one actor": Cluster(given.recipe, _CONTRIBUTORS, on(1)),
        "two actors": Cluster(given.recipe, _CONTRIBUTORS, on(2)),
    }
    trained = {name: given._rounds(delivery) for name, delivery in deliveries.items()}  # noqa: SLF001
    taken = {name: Taken() for name in trained}
    try:
        for each in trained.values():
            list(each.run(2))
        before = {name: cpu_seconds(delivery) for name, delivery in deliveries.items()}
        for _ in range(rounds):
            for name, each in trained.items():
                began, cpu = time.perf_counter(), time.process_time()
                each.train_round()
                taken[name].seconds.append(time.perf_counter() - began)
                taken[name].driver += time.process_time() - cpu
        for name, delivery in deliveries.items():
            after = cpu_seconds(delivery)
            taken[name].actors = [b - a for a, b in zip(before[name], after, strict=True)]
    finally:
        for delivery in deliveries.values():
            delivery.close()
    return taken


def costs(sizes: Sequence[int], blocks: Sequence[int], rounds: int) -> list[dict[str, float]]:
    """Return what a round of idle contributors takes, on two actors."""
    found = []
    for size, count in product(sizes, blocks):
        if size * count * 4 > _STORE // 2:
            continue
        delivery = Cluster(Idle(size), count, replace(on(2), blocks=count))
        try:
            seconds = median(idle_rounds(delivery, size, rounds))
        finally:
            delivery.close()
        sent, got = 4.0 * size, 4.0 * size * count
        found.append({"n": count, "d": size, "seconds": seconds, "sent": sent, "got": got})
    return found


def idle_rounds(delivery: Delivery, size: int, rounds: int) -> list[float]:
    """Return the seconds of each round, without those that warm up."""
    protocol, taken = Synchronous(), []
    parameters = np.zeros((1, size), dtype=np.float32)
    state, orders = protocol.begin(delivery.count)
    for version in range(rounds + 2):
        began = time.perf_counter()
        delivery.announce(version, Task(version, 0, parameters, parameters))
        for order in orders:
            assert isinstance(order, Work)
            delivery.order(order)
        combined = False
        while not combined:
            state, orders = protocol.tell(state, delivery.next())
            combined = any(isinstance(order, Combine) for order in orders)
        state, orders = protocol.tell(state, Moved(version + 1, parameters, opens=True))
        taken.append(time.perf_counter() - began)
    return taken[2:]


def fitted(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return seconds = fixed + per_call n + per_byte (sent + got), by least relative squares."""
    seconds = np.array([row["seconds"] for row in rows])
    by = np.array([[1.0, row["n"], row["sent"] + row["got"]] for row in rows])
    weights, _ = nnls(by / seconds[:, None], np.ones(len(rows)))
    return dict(zip(("fixed", "per_call", "per_byte"), weights.tolist(), strict=True))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show and write."""
    parser = argparse.ArgumentParser(description="Measure rounds on a Ray cluster.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and sizes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number here")
    chosen = parser.parse_args(arguments)
    if any(os.environ.get(name) != "1" for name in _THREADS):
        parser.error(f"set {' and '.join(f'{name}=1' for name in _THREADS)}, as make bench does")
    show: Callable[..., None] = Console().print
    ray.init(
        address="local",
        num_cpus=2,
        object_store_memory=_STORE,
        include_dashboard=False,
        logging_level=logging.ERROR,
        log_to_driver=False,
    )
    taken = speeds(10 if chosen.quick else 40)
    clock = {name: median(each.seconds) for name, each in taken.items()}
    path = {name: each.path for name, each in taken.items()}
    table = Table("a round", "ms by the clock, median", "ms of CPU one after another")
    for name in taken:
        table.add_row(name, f"{clock[name] * 1e3:.1f}", f"{path[name] * 1e3:.1f}")
    ratios = {name: (found(clock), found(path)) for name, (found, _) in _GOALS.items()}
    for name, both in ratios.items():
        least = _GOALS[name][1]
        verdicts = [f"{r:.2f} {'✓' if r >= least else '✗'} (goal ≥ {least:.2f})" for r in both]
        table.add_row(name, *verdicts)
    show(table)
    sizes = (1_000, 1_000_000) if chosen.quick else (1_000, 100_000, 1_000_000, 5_000_000)
    rows = costs(sizes, (1, 4) if chosen.quick else (1, 4, 16), 10 if chosen.quick else 30)
    table = Table("n", "d", "ms a round")
    for row in rows:
        table.add_row(f"{row['n']:g}", f"{row['d']:,}", f"{row['seconds'] * 1e3:.2f}")
    show(table)
    line = fitted(rows)
    show(
        f"{line['fixed'] * 1e3:.2f} ms + {line['per_call'] * 1e3:.2f} ms for each call + "
        f"{line['per_byte'] * 1e9:.3f} s for each GB"
    )
    if chosen.json is not None:
        told = {
            "rounds": {name: asdict(each) for name, each in taken.items()},
            "ratios": {
                name: {"clock": by_clock, "cpu": by_cpu, "goal": _GOALS[name][1]}
                for name, (by_clock, by_cpu) in ratios.items()
            },
            "costs": rows,
            "line": line,
        }
        about = {"machine": machine(), "versions": versions()}
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(to_indented_json(about | told), encoding="utf-8")


if __name__ == "__main__":
    main()
