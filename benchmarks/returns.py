"""Does our PPO end as well as Stable-Baselines3's? Final returns, over ten seeds.

    .venv/bin/python benchmarks/returns.py [--quick] [--json FILE] [--page]

Both learn to gather on the small torus from equally many steps, with the same network, fragments,
minibatches, epochs, rates and Adam. What is compared is the mean return of 64 test episodes of the
policies as they act; the goal is that the 90 % interval of the ratio lies within 5 % of 1.
"""

import argparse
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from processes import ENVIRON
from rich.console import Console

PAGE = Path(__file__).parents[1] / "docs/speed.md"
_MARKS = "<!-- returns: begin -->", "<!-- returns: end -->"
_WORLD, _STEPS, _COPIES, _TESTS = "torus-small-v0", 96_000, 16, 64
_OURS: Mapping[str, Any] = {
    "learning_rate": 1e-3,
    "gamma": 0.95,
    "lam": 0.95,
    "steps": 50,
    "minibatch": 1000,
    "epochs": 10,
}
_SB3_NAMES = {
    "lam": "gae_lambda",
    "steps": "n_steps",
    "minibatch": "batch_size",
    "epochs": "n_epochs",
}
_LEARNERS: Mapping[str, Mapping[str, Any]] = {
    "ppo": _OURS,
    "sb3:PPO": {_SB3_NAMES.get(name, name): value for name, value in _OURS.items()},
}
_LEVEL, _WITHIN = 0.9, 0.05


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show and write."""
    parser = argparse.ArgumentParser(description="Compare our PPO's final returns with SB3's.")
    parser.add_argument("--quick", action="store_true", help="three seeds, a quarter of the steps")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every return here")
    parser.add_argument("--page", action="store_true", help="and write docs/speed.md anew")
    chosen = parser.parse_args(arguments)
    os.environ.update(ENVIRON)  # before anything is imported that reads them
    seeds, steps = (3, _STEPS // 4) if chosen.quick else (10, _STEPS)
    console = Console(highlight=False)
    found: dict[str, list[float]] = {name: [] for name in _LEARNERS}
    began = time.process_time()
    for seed in range(seeds):
        for name, settings in _LEARNERS.items():
            found[name].append(final_return(name, settings, seed=seed, steps=steps))
        told = ", ".join(f"{name} {values[-1]:.2f}" for name, values in found.items())
        console.print(f"seed {seed}: {told}")
    told_all = judged(found) | {"steps": steps, "cpu_seconds": time.process_time() - began}
    console.print(sentence(told_all))
    if chosen.json is not None:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(told_all, indent=2) + "\n", encoding="utf-8")
    if chosen.page and not chosen.quick:  # a look says too little
        rewrite(PAGE, sentence(told_all))


def final_return(name: str, settings: Mapping[str, Any], *, seed: int, steps: int) -> float:
    """Train once; return what the policy earns as it acts."""
    import rallypoint
    from rallypoint.agents.evaluation import evaluate
    from rallypoint.agents.saved import load_policies
    from rallypoint.agents.train import Training, train

    training = Training(
        env=_WORLD, agent=name, steps=steps, seed=seed, copies=_COPIES, settings=dict(settings)
    )
    with TemporaryDirectory() as folder:
        train(training, Path(folder))
        world = rallypoint.make(_WORLD, copies=_TESTS)
        policy = load_policies(Path(folder), world)["stochastic"]
        return float(evaluate(world, policy, episodes=_TESTS, seed=1).returns.mean())


def judged(found: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return the ratio of mean returns, its interval over seeds, and whether that is near enough.

    >>> told = judged({"ppo": [40.0, 41.0, 42.0], "sb3:PPO": [40.0, 41.0, 42.0]})
    >>> told["ratio"], told["met"]
    (1.0, True)
    """
    import numpy as np
    from scipy import stats

    ours, theirs = (np.array(found[name]) for name in _LEARNERS)
    interval = stats.bootstrap(
        (ours, theirs),
        lambda one, other, axis: one.mean(axis=axis) / other.mean(axis=axis),
        confidence_level=_LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    low, high = float(interval.low), float(interval.high)
    return {
        "returns": {name: list(values) for name, values in found.items()},
        "ratio": float(ours.mean() / theirs.mean()),
        "interval": [low, high],
        "goal": f"within {1 - _WITHIN:g} to {1 + _WITHIN:g}",
        "met": 1 - _WITHIN <= low <= high <= 1 + _WITHIN,
    }


def sentence(told: Mapping[str, Any]) -> str:
    """Say what was found, in a line."""
    low, high = told["interval"]
    ours, theirs = (sum(values) / len(values) for values in told["returns"].values())
    seeds = len(next(iter(told["returns"].values())))
    met = "met" if told["met"] else "**missed**"
    return (
        f"Final returns of PPO on {_WORLD} after {told['steps']:,} agent-steps, {seeds} seeds: "
        f"ours {ours:.2f}, SB3's {theirs:.2f}, ratio {told['ratio']:.3f} with the {_LEVEL:.0%} "
        f"interval [{low:.3f}, {high:.3f}]; goal: {told['goal']}: {met}."
    )


def rewrite(page: Path, line: str) -> None:
    """Put the line between the page's marks.

    Raises:
        ValueError: the page has no such marks.
    """
    begin, end = _MARKS
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, mark, after = rest.partition(end)
    if not mark:
        raise ValueError(f"{page} must have a place between {begin} and {end}")
    page.write_text(f"{before}{begin}\n{line}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
