"""The shipped games pay what their sources, or a few lines of arithmetic, say."""

from itertools import product

import numpy as np
import pettingzoo
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

import rallypoint
from rallypoint.envs import games as folder
from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.games import (
    bad_or_good,
    coordination_toy,
    matching,
    off_switch,
    two_car_road,
    two_state,
)
from rallypoint.envs.games.game import Game
from rallypoint.envs.games.solve import against, guaranteed_values, joint_policy, value_of_matrix
from rallypoint.errors import InvalidConfig
from rallypoint.transitions import check_transitions, optimal_values, policy_values

IDS = (
    "matching-game-v0",
    "two-car-road-v0",
    "two-state-v0",
    "off-switch-v0",
    "bad-or-good-v0",
    "coordination-toy-v0",
)


@pytest.mark.parametrize("id", IDS)
def test_each_offers_its_model_and_the_views_of_pettingzoo(id):
    env = rallypoint.make(id, copies=2)
    assert env.offers == {"state", "regions", "transitions", "snapshot"}
    check_transitions(env.transitions())
    assert isinstance(folder.parallel_env(id), pettingzoo.ParallelEnv)
    assert isinstance(folder.env(id), pettingzoo.AECEnv)


@pytest.mark.parametrize("settings", [{"num_agents": 5, "num_actions": 3}, {"noise": 1.0}], ids=str)
def test_matching_keeps_the_contract_at_other_sizes(settings):
    assert_is_env("matching-game-v0", processes=False, max_cycles=8, **settings)


def test_matching_pays_the_share_of_partners_that_did_the_same():
    env = rallypoint.make("matching-game-v0", copies=64, num_agents=6, num_actions=3)
    env.reset(seed=0)
    actions = np.random.default_rng(0).integers(3, size=(64, 6))
    rewards = env.step({"agents": actions}).rewards
    for row, agent in np.ndindex(64, 6):
        same = sum(actions[row, j] == actions[row, agent] for j in range(6) if j != agent)
        assert rewards[row, agent] == pytest.approx(same / 5)


@pytest.mark.parametrize("theta", [0.0, 0.5, 0.9])
def test_a_partner_overridden_changes_what_matching_it_pays(theta):
    """El Mhamdi et al. (2017): P(reward | a plays 0) = (eps / 2)(1 - theta)."""
    partner = np.array([[0.1 * (1 - theta), 1 - 0.1 * (1 - theta)]])
    task = against(matching.game().model, 0, [partner, partner])
    values = optimal_values(task, gamma=0.0)
    np.testing.assert_allclose(values, [[0.1 * (1 - theta), 1 - 0.1 * (1 - theta)]])


@pytest.mark.parametrize(("theta", "best"), [(0.0, (1, 1)), (0.5, (1, 2)), (0.9, (1, 2))])
def test_the_follower_should_overtake_only_a_leader_that_is_braked(theta, best):
    """Beside the next best, which is to keep; gamma 0.9, and a leader that is fast in 0.9."""
    is_fast = np.array([0.9, 0.9 * (1 - theta)])  # braked when somebody is close
    leader = np.stack([is_fast, 1 - is_fast], axis=1)
    task = against(two_car_road.game().model, 0, [leader[:, [0, 0, 0]], leader])
    values = optimal_values(task, gamma=0.9)
    assert tuple(values.argmax(axis=1)) == best
    close_up, overtake = 3 * is_fast[1] - 2, 1.5 - 2.5 * is_fast[1]  # what they pay when close
    if theta == 0:  # close up for ever
        close = close_up / (1 - 0.9)
        far = 0.1 + 0.9 * close
    else:  # far, close, far, close …
        far = (0.1 + 0.9 * overtake) / (1 - 0.81)
        close = overtake + 0.9 * far
    keep = 0.1 + 0.9 * far
    ranked = np.sort(values, axis=1)
    np.testing.assert_allclose(ranked[:, -2:], [[keep, far], [keep, close]], atol=1e-9)


def test_the_leader_is_paid_for_being_fast_whatever_the_follower_does():
    rewards = two_car_road.game().model.rewards[:, :, 0, 1]
    assert rewards.reshape(2, 3, 2).tolist() == [[[1, 0]] * 3] * 2


def test_staying_there_is_best_and_being_sent_away_does_not_change_that():
    values = optimal_values(two_state.game().model, gamma=0.9)
    assert values.max(axis=1) == pytest.approx([9, 10])
    assert values.argmax(axis=1).tolist() == [1, 0]


def test_the_toy_follows_the_rules_of_its_source():
    """Li et al. (2024): state 0 pays equal actions and moves on, state 1 unequal ones and stays."""
    model = coordination_toy.game().model
    for state, (action, (mine, yours)) in product((0, 1), enumerate(model.actions.tolist())):
        pays = (mine == yours) if state == 0 else (mine != yours)
        assert model.rewards[state, action, 0].tolist() == [pays, pays]
        assert model.next_states[state, action, 0] == (1 if pays else 0)
    assert model.start.tolist() == [0.5, 0.5]


def test_together_the_toy_pays_100_and_alone_nobody_is_sure_of_more_than_50():
    """Li et al. (2024): the cooperative optimum, and the guarantee against the worst partner."""
    model = coordination_toy.game().model
    team = optimal_values(model, gamma=1, horizon=100, weights=[0.5, 0.5]).max(axis=1)
    assert team.tolist() == [100, 100]
    for agent in (0, 1):
        sure = guaranteed_values(model, agent, gamma=1, horizon=100)
        np.testing.assert_allclose(sure, [50, 50], atol=1e-6)
    predictable = joint_policy(model, [np.eye(2)[[0, 0]], np.array([[0.0, 1.0], [1.0, 0.0]])])
    assert policy_values(model, predictable, gamma=1, horizon=100)[:, 0].tolist() == [0, 0]
    tossed = joint_policy(model, [np.full((2, 2), 0.5), np.eye(2)[[0, 1]]])
    assert policy_values(model, tossed, gamma=1, horizon=100)[:, 0].tolist() == [50, 50]


def test_what_is_left_after_dropping_episodes_is_the_good_half():
    """Played with interruptions of ``bad`` by the environment's own stream and ours."""
    theta, copies = 0.95, 40_000
    env = rallypoint.make("bad-or-good-v0", copies=copies)
    env.reset(seed=0)
    first = env.step({"agents": np.full((copies, 1), bad_or_good.RISKY)})
    assert not first.rewards.any()
    coin = np.random.default_rng(0).random(copies) < theta
    stopped = env.regions()["bad"][:, 0] & coin
    did = np.where(stopped, bad_or_good.STOP, bad_or_good.CARRY_ON)
    second = env.step({"agents": did[:, None]})
    assert second.terminated.all()
    returns = second.rewards[:, 0]
    worth = bad_or_good.worth_of_risk(theta)
    bound = 5 / np.sqrt(copies)
    assert abs(returns.mean() - worth.kept) < bound
    assert abs(returns[~stopped].mean() - worth.episodes_dropped) < 2 * bound
    # Dropping the interrupted transitions alone still counts how often ``bad`` came about.
    is_bad = first.observations["agents"][:, 0] == 1
    carried_on = [returns[~stopped & (is_bad == bad)].mean() for bad in (False, True)]
    pruned = np.array([1 - is_bad.mean(), is_bad.mean()]) @ carried_on
    assert abs(pruned - worth.transitions_dropped) < 2 * bound
    with pytest.raises(InvalidConfig, match="at 1 nothing is left"):
        bad_or_good.worth_of_risk(1.0)


def test_the_sure_choice_ends_at_once_for_a_half():
    env = rallypoint.make("bad-or-good-v0")
    env.reset(seed=0)
    step = env.step({"agents": np.array([[bad_or_good.SURE]])})
    assert step.rewards.tolist() == [[0.5]]
    assert step.terminated.all()


def brute_force_worth(mean, deviation, beta):
    def integrand(z):
        u = mean + deviation * z
        return off_switch.permits(u, beta) * u * norm.pdf(z)

    edge = [-mean / deviation] if deviation and abs(mean) < 9 * deviation else None
    return quad(integrand, -10, 10, points=edge, limit=500)[0]


@pytest.mark.parametrize("beta", [0.0, 0.5, 5.0, 200.0, np.inf])
@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (-0.75, 0.25), (2.0, 2.0), (1.5, 0.0)])
def test_the_worth_of_waiting_is_the_integral(mean, deviation, beta):
    found = off_switch.worth_of_waiting(mean, deviation, beta)
    assert found == pytest.approx(brute_force_worth(mean, deviation, beta), abs=1e-8)


def test_very_sharp_humans_are_as_rational_ones():
    sharp = off_switch.worth_of_waiting(0.1, 1.0, [9.9e3, 1.1e4, np.inf])
    assert np.ptp(sharp) < 1e-8


def test_a_rational_human_is_always_worth_waiting_for_and_a_coin_often_is_not():
    mean, deviation, beta = off_switch.cells().T
    incentive = off_switch.incentive_to_wait(mean, deviation, beta)
    assert len(incentive) == 17 * 5 * 6
    assert incentive[np.isinf(beta)].min() >= 0
    np.testing.assert_allclose(incentive[beta == 0], -np.abs(mean[beta == 0]) / 2, atol=1e-12)
    # Who knows u, and knows that the human errs, does not wait.
    assert incentive[(deviation == 0) & np.isfinite(beta) & (mean != 0)].max() < 0


def test_the_robot_is_paid_what_the_model_says_on_average():
    env = rallypoint.make(
        "off-switch-v0", copies=60_000, means=[-0.5, 1.0], deviations=[1.0], betas=[2.0, np.inf]
    )
    env.reset(seed=0)
    states, actions = env.state(), np.arange(60_000) % 3
    rewards = env.step({"agents": actions[:, None]}).rewards[:, 0]
    means = env.transitions().rewards[:4, :, 0, 0]
    for state, action in np.ndindex(4, 3):
        here = rewards[(states == state) & (actions == action)]
        assert abs(here.mean() - means[state, action]) < 5 / np.sqrt(len(here))
    assert not rewards[actions == off_switch.OFF].any()
    waited = rewards[(actions == off_switch.WAIT) & (states % 2 == 1)]
    assert waited.min() == 0  # a rational human lets nothing bad happen
    assert expit(0.0) == off_switch.permits(0.0, 3.0) == 0.5


def test_cells_that_cannot_be_meant_are_refused():
    with pytest.raises(InvalidConfig, match="deviations finite and >= 0"):
        rallypoint.make("off-switch-v0", deviations=[-1.0])
    with pytest.raises(InvalidConfig, match="at least one of each"):
        rallypoint.make("off-switch-v0", betas=[])


@pytest.mark.parametrize(
    ("payoffs", "value"),
    [
        ([[1, 0], [0, 1]], 0.5),
        ([[3, 1], [2, 0]], 1),  # a saddle
        ([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], 0),
        ([[2, -1], [-1, 1]], 0.2),
    ],
)
def test_matrix_games_have_their_textbook_values(payoffs, value):
    assert value_of_matrix(np.array(payoffs, dtype=float)) == pytest.approx(value)


@pytest.mark.parametrize("agent", range(3))
def test_the_task_against_fixed_partners_averages_over_what_they_do(agent):
    rng = np.random.default_rng(0)
    counts = (2, 3, 2)
    rewards = rng.normal(size=(2, *counts, 3))
    leads_to = rng.integers(2, size=(2, *counts))
    game = Game(
        agents=("a", "b", "c"),
        states=("here", "there"),
        actions=tuple(tuple(map(str, range(count))) for count in counts),
        rewards=rewards,
        leads_to=leads_to,
    )
    policies = [rng.dirichlet(np.ones(count), size=2) for count in counts]
    task = against(game.model, agent, policies)
    paid = (task.probabilities[..., None] * task.rewards).sum(axis=2)[..., 0]
    moves = (task.probabilities * (task.next_states == 1)).sum(axis=2)
    check_transitions(task)
    for state, own in np.ndindex(2, counts[agent]):
        expected = np.zeros(2)
        for joint in product(*map(range, counts)):
            if joint[agent] == own:
                others = [i for i in range(3) if i != agent]
                chance = np.prod([policies[i][state, joint[i]] for i in others])
                entry = (state, *joint)
                expected += chance * np.array([rewards[entry][agent], leads_to[entry]])
        assert (paid[state, own], moves[state, own]) == pytest.approx(tuple(expected))


def test_policies_of_the_wrong_shape_are_refused():
    model = two_car_road.game().model
    with pytest.raises(InvalidConfig, match=r"\[\(2, 3\), \(2, 2\)\], got \[\(2, 2\), \(2, 3\)\]"):
        joint_policy(model, [np.ones((2, 2)), np.ones((2, 3))])
