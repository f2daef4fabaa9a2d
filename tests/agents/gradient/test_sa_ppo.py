"""SA-PPO: the price it adds is that of the worst lie it finds, and its gradient is right."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.estimators.ppo import Ppo
from rallypoint.agents.gradient.estimators.sa_ppo import SaPpo, _Pull
from rallypoint.batch_env import Group
from rallypoint.errors import InvalidConfig

SEES = Box(-9, 9, (3,), np.float32)
GROUPS = {
    "categorical": Group("agents", ("a",), SEES, Discrete(4)),
    "normal": Group("agents", ("a",), SEES, Box(-1, 1, (2,), np.float32)),
}
ROWS = 16


def scene(kind, seed=0):
    """Networks, parameters (1, d), and a batch of 16 rows of one contributor."""
    rng = np.random.default_rng(seed)
    made = architecture_for(GROUPS[kind], policy=(8,), value=(8,))
    parameters = rng.normal(0, 0.7, (1, made.size)).astype(np.float32)
    shape = (1, 1, ROWS)
    done = rng.integers(0, 4, shape)
    if kind == "normal":
        done = rng.normal(size=(*shape, 2)).astype(np.float32)
    batch = Batch(
        seen=rng.normal(size=(*shape, 3)).astype(np.float32),
        actions=done,
        gains=rng.normal(size=shape).astype(np.float32),
        weights=(rng.random(shape) < 0.8).astype(np.float32),
        old_logs=np.zeros(shape, np.float32),
        targets=rng.normal(size=shape).astype(np.float32),
    )
    networks = ActorCritic(made)
    batch = batch._replace(old_logs=networks.tell(parameters, batch).logs.copy())
    return networks, parameters, batch


def divergence(networks, parameters, true, shown):
    """KL(pi(true), pi(shown)), row by row, by the definition; pi(true) at parameters[0]."""
    first, second = (
        networks.choice(p).settled(networks.actor.forward(p, seen).copy())
        for p, seen in ((parameters[0], true), (parameters[1], shown))
    )
    if networks.architecture.kind == "categorical":
        return (np.exp(first) * (first - second)).sum(axis=-1)
    spread = np.exp(parameters[0][:, networks.architecture.log_std.at])[:, None, None]
    return (((first - second) / spread) ** 2).sum(axis=-1) / 2


@pytest.mark.parametrize("kind", GROUPS)
def test_what_is_added_is_the_gradient_of_the_price(kind):
    networks, parameters, batch = scene(kind)
    settings = {"near": 0.3, "units": (1.0, 0.5, 2.0), "climbs": 4}
    priced = SaPpo(kappa=2.0, **settings)
    added = priced.gradient(networks, parameters, batch) - Ppo().gradient(
        networks, parameters, batch
    )
    far = np.float32(0.3) * np.float32([1.0, 0.5, 2.0])
    shown = priced._climbed(_Pull(networks, parameters, batch), batch.seen, far)
    assert (np.abs(shown - batch.seen) <= far + 1e-6).all()

    def price(moved):
        found = divergence(networks, (parameters, moved), batch.seen, shown)
        return 2.0 * float((found * batch.weights).sum() / batch.weights.sum())

    rng = np.random.default_rng(1)
    made = networks.architecture
    for place in rng.choice(made.size, 25, replace=False):
        near = [parameters.copy(), parameters.copy()]
        near[0][0, place] -= 2e-3
        near[1][0, place] += 2e-3
        if made.log_std is not None and place in range(*made.log_std.at.indices(made.size)):
            continue  # the spread at the truth is taken as given
        slope = (price(near[1]) - price(near[0])) / 4e-3
        assert added[0, 0, place] == pytest.approx(slope, rel=0.03, abs=2e-3)


@pytest.mark.parametrize("kind", GROUPS)
def test_a_climb_comes_near_the_worst_corner(kind):
    corners = np.stack(np.meshgrid(*3 * [[-1.0, 1.0]]), axis=-1).reshape(-1, 3)
    far = np.float32([0.3, 0.3, 0.3])
    shares = []
    for seed in range(4):
        networks, parameters, batch = scene(kind, seed)
        pull = _Pull(networks, parameters, batch)
        found = SaPpo(climbs=5)._climbed(pull, batch.seen, far)
        at_corners = [batch.seen + far * corner.astype(np.float32) for corner in corners]
        climbed, *others = (
            divergence(networks, (parameters, parameters), batch.seen, shown).astype(np.float64)
            for shown in (found, *at_corners)
        )
        assert climbed.mean() > np.mean(others)
        shares.append(climbed.mean() / np.max(others, axis=0).mean())
    assert np.mean(shares) > 2 / 3


def test_without_a_price_or_a_reach_it_is_ppo():
    networks, parameters, batch = scene("categorical")
    plain = Ppo().gradient(networks, parameters, batch)
    for settings in ({"kappa": 0.0}, {"near": 0.0}):
        assert (SaPpo(**settings).gradient(networks, parameters, batch) == plain).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kappa": -1.0}, "kappa, near and units are numbers >= 0"),
        ({"near": float("nan")}, "kappa, near and units are numbers >= 0"),
        ({"climbs": 0}, "climbs is a number of steps >= 1"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        SaPpo(**settings)


def test_units_fit_what_is_seen():
    networks, parameters, batch = scene("categorical")
    with pytest.raises(InvalidConfig, match="one for each of 3 entries"):
        SaPpo(units=(1.0, 2.0)).gradient(networks, parameters, batch)
