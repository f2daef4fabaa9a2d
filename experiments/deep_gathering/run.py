"""Trains one shared policy per seed and size, and tests it as it acts and greedily."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import rallypoint
from rallypoint.agents.episodes import play
from rallypoint.agents.rules import OmniscientMean, SeenMean, UniformRandom
from rallypoint.agents.sb3.saved import policy_for
from rallypoint.agents.sb3.training import train_sb3
from rallypoint.batch_env import BatchEnv
from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Draws
from rallypoint.envs import film
from rallypoint.envs.torus import metrics
from rallypoint.experiments import plots
from rallypoint.experiments.deep_gathering.config import SIZES, DeepGatheringConfig, Size
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.policies import Policy

SOURCE = (
    "in the setting of El Mhamdi, Guerraoui, Maurer & Tempez (2018), arXiv:1802.07834, carried to "
    "a torus, partial sight and PPO"
)
_GLANCES = 12  # points of a learning curve
_GLANCE_EPISODES = 40  # test episodes behind each
_TEST = 1  # root seed of tests; training has the seeds themselves


class _Learned(NamedTuple):
    steps: list[int]
    curve: list[float]  # in-group share at these steps
    policy: Any


def run(
    config: DeepGatheringConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Yield, for each size, its learning curve, its claims and a film."""
    for name in config.sizes:
        size = SIZES[name]
        learned = []
        for seed in seeds:
            with progress(f"{name}, seed {seed}: PPO learns", _GLANCES) as advance:
                learned.append(_train(config, size, seed, advance))
            for steps, in_group in zip(learned[-1].steps, learned[-1].curve, strict=True):
                yield Row({"claim": name, "seed": seed, "step": steps, "in_group": in_group})
        yield from _judge(config, name, seeds, [one.policy for one in learned])
        yield File(f"{name}-learning.png", _picture(config, name, learned))
        yield File(f"{name}-before-and-after.gif", _film(config, size, learned[0].policy))


def _train(config: DeepGatheringConfig, size: Size, seed: int, advance: Any) -> _Learned:
    total = max(1, round(size.steps * config.budget))
    world = rallypoint.make(size.env, copies=size.copies, num_agents=config.num_agents)
    steps: list[int] = []
    curve: list[float] = []

    def glance(variables: dict[str, Any], _: dict[str, Any]) -> bool:
        model = variables["self"]
        if len(curve) < _GLANCES and model.num_timesteps >= total * (len(curve) + 1) / _GLANCES:
            policy = policy_for(world, model, world.groups[0])
            steps.append(int(model.num_timesteps))
            curve.append(float(_in_group(config, size, policy, _GLANCE_EPISODES).mean()))
            advance()
        return True

    trained = train_sb3(
        world, "sb3:PPO", steps=total, seed=seed, settings=size.settings, callback=glance
    )
    return _Learned(steps, curve, trained.policy)


def _in_group(
    config: DeepGatheringConfig, size: Size, policy: Policy, episodes: int
) -> NDArray[np.float64]:
    env = rallypoint.make(size.env, copies=episodes, num_agents=config.num_agents)
    return metrics.in_group(_gathered(env, policy))


def _gathered(env: BatchEnv, policy: Policy) -> NDArray[np.bool_]:
    """Tell, step by step, which copies are gathered: (H, E)."""
    width: int = env.width  # type: ignore[attr-defined]  # a torus has one
    draws = Draws(_TEST, "deep_gathering/test", env.copies)
    moments = play(env, policy, draws, seed=_TEST)
    return np.array([metrics.is_gathered(metrics.counts(env.state(), width)) for _ in moments])


def _judge(
    config: DeepGatheringConfig, name: str, seeds: tuple[int, ...], policies: list[Any]
) -> Iterator[Finding]:
    size = SIZES[name]
    shares = {
        how: np.array([_in_group(config, size, act, config.test_episodes).mean() for act in acting])
        for how, acting in {
            "stochastic": policies,
            "greedy": [policy.greedily() for policy in policies],
        }.items()
    }
    for place, seed in enumerate(seeds):
        yield Row(
            {"claim": name, "seed": seed} | {how: float(v[place]) for how, v in shares.items()}
        )
    yield claim_over_seeds(
        f"deep_gathering/{name}",
        shares["stochastic"],
        statement=f"PPO learns to gather on {size.env} within {size.steps:,} agent steps: share of "
        "the second half of an episode with a group, policy sampled as it was trained",
        source=SOURCE,
        expected=">= 0.97 on every seed",
    )
    # No verdict: agents in one cell see the same and, if greedy, move together for ever.
    yield Metric(f"{name}/greedy", float(shares["greedy"].mean()))
    world = rallypoint.make(size.env, num_agents=config.num_agents)
    for rule, policy in _rules(world).items():
        env = rallypoint.make(size.env, copies=config.test_episodes, num_agents=config.num_agents)
        acting = OmniscientMean(env) if policy is None else policy
        yield Metric(f"{name}/{rule}", float(metrics.in_group(_gathered(env, acting)).mean()))


def _rules(world: BatchEnv) -> dict[str, Policy | None]:
    """Return what learning is measured against; None for what must see the world it acts in."""
    width: int = world.width  # type: ignore[attr-defined]  # a torus has one
    limits: tuple[int, int, int] = world.limits  # type: ignore[attr-defined]
    around = width if width == 2 * limits[-1] + 1 else None
    return {
        "random": UniformRandom(world.groups),
        "seen_mean": SeenMean(limits, around),
        "seen_mean_wandering": SeenMean(limits, around, wander=True),
        "omniscient_mean": None,
    }


def _picture(config: DeepGatheringConfig, name: str, learned: list[_Learned]) -> bytes:
    figure, axes = plots.new_figure(
        f"PPO learns to gather on {SIZES[name].env}, {config.num_agents} agents",
        "agent steps of training",
        "in-group share, second half of an episode",
    )
    points = min(len(one.curve) for one in learned)
    if points:
        curves = np.array([one.curve[:points] for one in learned])
        plots.curve(axes, learned[0].steps[:points], curves, "mean and 95 % interval over seeds")
        axes.legend(loc="lower right", frameon=False)
    axes.set_ylim(-0.03, 1.05)
    return plots.png(figure)


def _film(config: DeepGatheringConfig, size: Size, policy: Policy) -> bytes:
    env = rallypoint.make(
        size.env, copies=[0], num_agents=config.num_agents, render_mode="rgb_array"
    )
    before = film.record(env, UniformRandom(env.groups), seed=_TEST, max_steps=40)
    after = film.record(env, policy, seed=_TEST, max_steps=40)
    titles = ("before training", "after training")
    return film.gif(film.side_by_side(before, after, titles), fps=6)
