"""What policies with something broken step at, beside the undamaged ones.

    .venv/bin/python benchmarks/broken_policies.py [--quick] [--of ours|sb3] [--layers N]

A rate is that of ``act`` for a whole batch, in CPU time of one thread; ratios to the undamaged
policy, timed right before and after, are medians over rounds. Rows of the batch are broken each in
its own way, unless a fault says "shared".
"""

import argparse
import os
import time
from collections.abc import Sequence
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import torch
from gymnasium.spaces import Box, Discrete
from rich import box
from rich.console import Console
from rich.table import Column, Table
from stable_baselines3.common.policies import ActorCriticPolicy

from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.sb3.policy import Sb3Policy
from rallypoint.batch_env import Group, Observations
from rallypoint.draws import Draws
from rallypoint.networks import FaultPlan, Layer
from rallypoint.policies import Policy
from rallypoint.safety.neurons.plans import cutting, failing, lowest, rounding

_SIZES, _ROWS = (16, 64, 256), (1, 16, 64, 256, 1024, 4096)
_QUICK_SIZES, _QUICK_ROWS = (64,), (1, 64, 1024)
_ROUNDS, _SECONDS = 15, 2e-3
_SHARES = {"one of each layer": 0.0, "1/8": 1 / 8, "half": 1 / 2}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and show."""
    parser = argparse.ArgumentParser(description="Measure policies with something broken.")
    parser.add_argument("--quick", action="store_true", help="one size and few batches")
    parser.add_argument("--of", choices=["ours", "sb3"], default="ours", help="whose policies")
    parser.add_argument("--layers", type=int, default=2, metavar="N", help="hidden ones (2)")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows = _QUICK_ROWS if chosen.quick else _ROWS
    console = Console(width=110)
    for size in _QUICK_SIZES if chosen.quick else _SIZES:
        hidden = (size,) * chosen.layers
        with console.status(f"{hidden}"):
            found = {count: _ratios(chosen.of, hidden, count) for count in rows}
        console.print(_table(f"{chosen.of}, 4-{'-'.join(map(str, hidden))}-2", found))


def _ratios(whose: str, hidden: tuple[int, ...], rows: int) -> dict[str, float]:
    """Return the rate of each broken policy, in that of the undamaged one."""
    policy = (_ours if whose == "ours" else _sb3)(hidden)
    broken = {name: policy.with_faults(p) for name, p in _plans(policy.layers(), rows).items()}
    seen = {"agents": np.random.default_rng(1).normal(size=(rows, 1, 4)).astype(np.float32)}
    draws = Draws(0, "benchmark/act", range(rows))
    calls = max(2, round(_SECONDS / _seconds(policy, seen, draws, 3)))
    found: dict[str, list[float]] = {name: [] for name in broken}
    for _ in range(_ROUNDS):
        for name, other in broken.items():
            before, took, after = (
                _seconds(acting, seen, draws, calls) for acting in (policy, other, policy)
            )
            found[name].append((before + after) / 2 / took)
    return {name: median(ratios) for name, ratios in found.items()}


def _seconds(policy: Policy, seen: Observations, draws: Draws, calls: int) -> float:
    """Return the CPU seconds of a call, once caches are filled."""
    policy.act(seen, draws)
    began = time.process_time()
    for _ in range(calls):
        policy.act(seen, draws)
    return max(time.process_time() - began, 1e-7) / calls


def _plans(layers: Sequence[Layer], rows: int) -> dict[str, FaultPlan]:
    """Return what may break, by a name, for so many copies of one agent."""
    rng = np.random.default_rng(0)
    sizes = [len(layer.weights) for layer in layers[:-1]]
    found: dict[str, FaultPlan] = {}
    for shared, shape in (("", (rows, 1)), (", shared", ())):
        for share, part in _SHARES.items():
            masks = [lowest(rng.random((*shape, n)), max(1, round(part * n))) for n in sizes]
            signs = [np.where(rng.random(mask.shape) < 0.5, -1.0, 1.0) for mask in masks]
            found |= {
                f"crash, {share}{shared}": failing(masks, 0.0),
                f"stuck, {share}{shared}": failing(masks, signs),
                f"Byzantine beside, {share}{shared}": failing(masks, signs, beside=True),
            }
        ids = [rng.integers(layer.weights.size, size=(*shape, 3)) for layer in layers]
        found |= {
            f"cut, 3 into each layer{shared}": cutting(layers, ids),
            f"lying synapses, 3 into each{shared}": cutting(layers, ids, 1.0),
        }
    found["precision, 4 bits"] = rounding(layers, 1 / 8)
    return found


def _ours(hidden: tuple[int, ...]) -> GradientPolicy:
    group = _group()
    networks = architecture_for(group, policy=hidden, value=None)
    start = networks.initial(np.random.default_rng(0), scheme="uniform")
    return GradientPolicy(networks, start, group)


def _sb3(hidden: tuple[int, ...]) -> Sb3Policy:
    group = _group()
    network = ActorCriticPolicy(
        group.observation_space, group.action_space, lambda _: 1e-3, net_arch=list(hidden)
    )
    return Sb3Policy(network, group)


def _group() -> Group:
    return Group("agents", ("agent_0",), Box(-9, 9, (4,), np.float32), Discrete(2))


def _table(title: str, found: dict[int, dict[str, float]]) -> Table:
    table = Table(
        Column("broken"),
        *(Column(f"{rows} rows", justify="right") for rows in found),
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for fault in next(iter(found.values())):
        table.add_row(fault, *(f"{ratios[fault]:.2f}" for ratios in found.values()))
    every = [ratio for ratios in found.values() for ratio in ratios.values()]
    table.caption = f"least {min(every):.2f}, median {median(every):.2f}"
    return table


if __name__ == "__main__":
    main()
