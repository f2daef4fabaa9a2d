"""Estimators: beside torch's derivatives of the published losses, and SB3's own PPO."""

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.policies import ActorCriticPolicy

import rallypoint
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.batch import evened
from rallypoint.agents.gradient.contribution import Contribution
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators import whitened
from rallypoint.agents.gradient.estimators.a2c import A2c
from rallypoint.agents.gradient.estimators.gpomdp import Gpomdp
from rallypoint.agents.gradient.estimators.ppo import Ppo
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.optimisers import Adam
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.returns import returns_to_go
from rallypoint.draws import Draws
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.errors import InvalidConfig


def played(estimator, *, copies, count, runs=1, env="cartpole-v1", who="workers", **settings):
    """Return networks, parameters, a fragment, who contributes, and the batch."""
    world = rallypoint.make(env, copies=copies, **settings)
    value = (16,) if estimator.needs_critic else None
    made = architecture_for(world.groups[0], policy=(16, 16), value=value)
    parameters = np.stack([made.initial(np.random.default_rng(i)) for i in range(runs)])
    policy = GradientPolicy(made, parameters, world.groups[0])
    rollout = Rollout(world, Draws(0, "test/gradient", world.copies))
    if estimator.whole_episodes:
        fragment = rollout.episodes(policy, seed=0)
    else:
        fragment = rollout.steps(policy, 24, seed=0)
    contributors = Contributors(who=who, count=count, runs=runs)
    networks = ActorCritic(made)
    batch = estimator.prepare(networks, parameters, fragment, contributors)
    return networks, parameters, fragment, contributors, batch


def as_torch(made, parameters):
    """Return SB3's policy with these parameters."""
    policy = ActorCriticPolicy(
        gymnasium.spaces.Box(-np.inf, np.inf, (made.inputs,)),
        gymnasium.spaces.Discrete(made.outputs),
        lambda _: 1e-3,
        net_arch={"pi": list(made.policy), "vf": list(made.value or (1,))},
    )
    told = policy.state_dict()
    for piece in made.pieces:
        part = parameters[piece.at].reshape(piece.shape)
        told[piece.name] = torch.from_numpy(part.copy())
    policy.load_state_dict(told)
    return policy


def flat_gradient(made, policy):
    found = dict(policy.named_parameters())
    return np.concatenate([found[piece.name].grad.numpy().ravel() for piece in made.pieces])


def test_gpomdp_is_the_gradient_of_its_loss_for_every_worker():
    estimator = Gpomdp(gamma=0.99)
    networks, parameters, fragment, _, batch = played(estimator, copies=12, count=3)
    updates = estimator.gradient(networks, parameters, batch)
    made = networks.architecture
    worth = returns_to_go(fragment, 0.99)
    for worker in range(3):
        mine = slice(4 * worker, 4 * worker + 4)
        acting = fragment.acting[:, mine]
        gains = worth[:, mine][acting].astype(np.float64)
        gains = (gains - gains.mean()) / (gains.std() + 1e-8)
        policy = as_torch(made, parameters[0])
        _, logs, _ = policy.evaluate_actions(
            torch.from_numpy(fragment.seen[:, mine][acting]),
            torch.from_numpy(fragment.actions[:, mine][acting]),
        )
        (-(logs * torch.from_numpy(gains.astype(np.float32))).mean()).backward()
        np.testing.assert_allclose(
            updates[0, worker], flat_gradient(made, policy), rtol=1e-3, atol=2e-6
        )


@pytest.mark.parametrize("whiten", ["episode", "none"])
def test_reinforce_credits_every_action_for_the_whole_episode(whiten):
    estimator = Gpomdp(gamma=1.0, whiten="none", to_go=False)
    _, _, fragment, _, batch = played(estimator, copies=6, count=2)
    lengths = fragment.acting.sum(axis=0)[:, 0]
    assert sorted(set(batch.gains[batch.weights > 0])) == sorted(set(lengths))
    per_episode = Gpomdp(gamma=1.0, whiten=whiten)
    *_, fragment, _, batch = played(per_episode, copies=6, count=2)
    gains = batch.gains[batch.weights > 0]
    if whiten == "episode":
        assert abs(gains.mean()) < 1e-5
        assert abs((gains**2).mean() - 1) < 1e-3
    else:
        assert gains.max() == fragment.acting.sum(axis=0).max()


def test_who_came_late_is_credited_for_its_whole_episode_too():
    estimator = Gpomdp(gamma=1.0, whiten="none", to_go=False)
    networks, parameters, fragment, contributors, _ = played(estimator, copies=6, count=2)
    late = fragment.acting.copy()
    late[:3, :3] = False  # the first worker's agents
    batch = estimator.prepare(networks, parameters, fragment._replace(acting=late), contributors)
    lengths = late.sum(axis=0)[:, 0]
    for worker in range(2):
        gains = batch.gains[0, worker][batch.weights[0, worker] > 0]
        assert set(gains) == set(lengths[3 * worker : 3 * worker + 3])


def test_ppo_has_the_gradient_of_sb3_on_the_same_minibatch():
    estimator = Ppo(gamma=0.99, entropy_weight=0.01, clip=0.1, minibatch=192, epochs=1)
    networks, parameters, fragment, _, batch = played(
        estimator, copies=8, count=1, env="torus-small-v0", num_agents=1, max_cycles=10
    )
    made = networks.architecture
    moved = parameters + np.random.default_rng(1).normal(0, 0.05, parameters.shape).astype("f")
    ours = estimator.gradient(networks, moved, batch)[0, 0]

    env = rallypoint.make("torus-small-v0", num_agents=1, copies=8, max_cycles=10)
    theirs = PPO(
        "MlpPolicy",
        Sb3View(env),
        n_steps=24,
        batch_size=192,
        n_epochs=1,
        clip_range=0.1,
        ent_coef=0.01,
        max_grad_norm=1e9,
        policy_kwargs={"net_arch": {"pi": [16, 16], "vf": [16]}},
        device="cpu",
    )
    theirs._setup_learn(192)
    buffer = theirs.rollout_buffer
    buffer.reset()
    theirs.policy = as_torch(made, parameters[0])
    told = theirs.policy
    with torch.no_grad():
        for t in range(24):
            seen = torch.from_numpy(fragment.seen[t, :, 0])
            actions = torch.from_numpy(fragment.actions[t, :, 0])
            values, logs, _ = told.evaluate_actions(seen, actions)
            rewards = fragment.rewards[t, :, 0].copy()
            for (step, copy, _), after in zip(fragment.cut, fragment.cut_seen, strict=True):
                if step == t:  # as SB3 does it: what is cut is worth its value
                    rewards[copy] += (
                        0.99 * told.predict_values(torch.from_numpy(after[None])).item()
                    )
            begins = np.ones(8) if t == 0 else fragment.truncated[t - 1, :, 0]
            buffer.add(seen.numpy(), actions.numpy()[:, None], rewards, begins, values, logs)
        last = told.predict_values(torch.from_numpy(fragment.last_seen[:, 0]))
    buffer.compute_returns_and_advantage(last, fragment.truncated[-1, :, 0])
    theirs.policy = as_torch(made, moved[0])
    theirs.policy.optimizer = torch.optim.SGD(theirs.policy.parameters(), lr=0.0)
    theirs.train()
    # Ours whitens with the population's spread, SB3 with the sample's: 192 against 191.
    wanted = flat_gradient(made, theirs.policy)
    actor = [piece.at for piece in made.pieces if "value" not in piece.name]
    critic = [piece.at for piece in made.pieces if "value" in piece.name]
    for at in critic:
        np.testing.assert_allclose(ours[at], wanted[at], atol=1e-5)
    bonus = Ppo(entropy_weight=0.01).gradient(
        networks, moved, batch._replace(gains=np.zeros_like(batch.gains))
    )[0, 0]
    for at in actor:
        gains = (ours - bonus)[at] * np.sqrt(191 / 192)
        np.testing.assert_allclose(gains + bonus[at], wanted[at], atol=1e-5)


@pytest.mark.parametrize("estimator", [A2c(), Ppo(), Gpomdp()])
@pytest.mark.parametrize("who", ["workers", "team"])
def test_a_contributors_update_does_not_depend_on_the_others(estimator, who, rng):
    settings = {"env": "torus-small-v0", "num_agents": 4, "max_cycles": 8}
    networks, parameters, fragment, contributors, batch = played(
        estimator, copies=8, count=4, who=who, **settings
    )
    updates = estimator.gradient(networks, parameters, batch)
    whom = np.array([[True, False, False, False]])
    others = ~contributors.of_copies(8, 4, whom)
    rewards = np.where(others, rng.standard_normal(fragment.rewards.shape), fragment.rewards)
    changed = estimator.prepare(
        networks, parameters, fragment._replace(rewards=rewards.astype(np.float32)), contributors
    )
    again = estimator.gradient(networks, parameters, changed)
    assert again[0, 0].tobytes() == updates[0, 0].tobytes()
    assert all((again[0, i] != updates[0, i]).any() for i in (1, 2, 3))


@pytest.mark.parametrize("estimator", [A2c(), Ppo(), Gpomdp()])
def test_runs_side_by_side_learn_what_they_learn_alone(estimator):
    networks, parameters, fragment, _, batch = played(estimator, copies=12, count=3, runs=2)
    together = estimator.gradient(networks, parameters, batch)
    for run in range(2):
        mine = slice(6 * run, 6 * run + 6)
        cut = (fragment.cut[:, 1] >= 6 * run) & (fragment.cut[:, 1] < 6 * run + 6)
        part = fragment._replace(
            **{
                name: getattr(fragment, name)[:, mine]
                for name in ("seen", "actions", "rewards", "acting", "terminated", "truncated")
            },
            cut=fragment.cut[cut] - [0, 6 * run, 0],
            cut_seen=fragment.cut_seen[cut],
            last_seen=fragment.last_seen[mine],
        )
        alone = estimator.prepare(networks, parameters[[run]], part, Contributors(count=3))
        found = estimator.gradient(networks, parameters[[run]], alone)
        assert found[0].tobytes() == together[run].tobytes()


def test_every_epoch_sees_every_row_once():
    estimator = Ppo(epochs=3, minibatch=30)
    *_, batch = played(estimator, copies=6, count=3)
    marked = batch._replace(gains=np.arange(3 * 48, dtype=np.float32).reshape(1, 3, 48))
    draws = Draws(0, "test/gradient", np.arange(3))
    seen = [piece.gains for piece in estimator.passes(marked, draws, 3)]
    assert len(seen) == 3 * 5  # ten rows of each, and eight in the last
    for epoch in range(3):
        rows = np.concatenate(seen[5 * epoch : 5 * epoch + 5], axis=2)
        assert (np.sort(rows, axis=2) == marked.gains).all()
    assert (seen[0] != seen[5]).any()


def test_whoever_has_no_rows_sends_nothing():
    estimator = Gpomdp()
    networks, parameters, fragment, contributors, _ = played(estimator, copies=4, count=2)
    acting = fragment.acting.copy()
    acting[:, 2:] = False
    batch = estimator.prepare(networks, parameters, fragment._replace(acting=acting), contributors)
    updates = estimator.gradient(networks, parameters, batch)
    assert updates[0, 0].any()
    assert not updates[0, 1].any()
    assert np.isfinite(updates).all()


def test_evened_rows_are_a_contributors_own_in_order(rng):
    acting = rng.random((2, 3, 50)) < 0.3
    values = rng.standard_normal((2, 3, 50, 4))
    evened_values = evened(values, acting, 16)
    assert evened_values.shape[2] % 16 == 0
    for run in range(2):
        for i in range(3):
            mine = values[run, i][acting[run, i]]
            assert (evened_values[run, i, : len(mine)] == mine).all()
            assert not evened_values[run, i, len(mine) :].any()


def test_whitened_values_have_no_mean_and_unit_variance(rng):
    values = rng.normal(5, 3, (1, 2, 40)).astype(np.float32)
    weights = (rng.random((1, 2, 40)) < 0.7).astype(np.float32)
    white = whitened(values, weights)
    for i in range(2):
        mine = white[0, i][weights[0, i] > 0]
        assert abs(mine.mean()) < 1e-6
        assert mine.std() == pytest.approx(1, abs=1e-5)
        assert not white[0, i][weights[0, i] == 0].any()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Gpomdp(gamma=1.1), "gamma"),
        (lambda: Gpomdp(whiten="all"), "whiten"),
        (lambda: A2c(lam=-0.1), "lam"),
        (lambda: A2c(value_weight=-1), "value_weight"),
        (lambda: A2c(value_weight=np.nan), "value_weight"),
        (lambda: A2c(entropy_weight=np.inf), "entropy_weight is a finite number"),
        (lambda: Ppo(clip=0), "clip"),
        (lambda: Ppo(clip=np.nan), "clip"),
        (lambda: Adam(epsilon=np.nan), "epsilon"),
        (lambda: Contribution(max_norm=np.nan), "max_norm"),
        (lambda: Ppo(epochs=0), "epochs"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(make, says):
    with pytest.raises(InvalidConfig, match=says):
        make()


def test_a_limit_may_be_none_at_all():
    assert Ppo(clip=np.inf).clip == Contribution(max_norm=np.inf).max_norm == np.inf
