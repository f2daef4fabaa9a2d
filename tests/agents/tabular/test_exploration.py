"""How learners explore: the law they say they follow, and the condition it has to meet."""

import numpy as np
import pytest
from scipy import stats

from rallypoint.agents.tabular import (
    Careful,
    JointQLearning,
    QLearning,
    Reinforce,
    TracedQLearning,
)
from rallypoint.agents.tabular.exploration import Clock, Exploration, epsilon_greedy
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.interruption.sequences import ThetaSequence, theta_of

COPIES = 6000
VALUES = np.array([[1.0, 3.0, 3.0, 2.0], [0.5, 0.0, -np.inf, -np.inf]])  # (2, 4)
COUNTS = np.array([4, 2])


def clock(visits=5, steps=0, episodes=0, copies=1):
    return Clock(
        steps=np.full(copies, steps),
        episodes=np.full(copies, episodes),
        visits=np.full((copies, 2), visits),
        num_actions=COUNTS,
    )


@pytest.mark.parametrize(
    "exploration",
    [
        Exploration(epsilon=0.3),
        Exploration(epsilon=0.3, ties="random"),
        Exploration(epsilon=0.0),
        Exploration(epsilon=1.0, exploration="visits", exponent=0.5),
        Exploration(epsilon=0.8, last_epsilon=0.1, exploration="linear", decay_steps=10),
        Exploration(epsilon=0.5, exploration="log"),
        Exploration(exploration="boltzmann"),
        Exploration(exploration="boltzmann", temperature=4.0),
    ],
    ids=repr,
)
def test_actions_are_chosen_by_the_law_that_is_told(exploration):
    values = np.broadcast_to(VALUES, (COPIES, 2, 4))
    now = clock(steps=4, copies=COPIES)
    chosen = exploration.choose(values, now, Draws(0, "test/law", range(COPIES)))
    law = exploration.probabilities(VALUES[None], clock(steps=4))[0]
    np.testing.assert_allclose(law.sum(axis=1), 1)
    for agent in range(2):
        counts = np.bincount(chosen[:, agent], minlength=4)
        possible = law[agent] > 0
        assert counts[~possible].sum() == 0
        if possible.sum() > 1:
            expected = law[agent][possible] * COPIES
            assert stats.chisquare(counts[possible], expected).pvalue > 1e-4


def test_a_share_by_visits_falls_with_the_exponent_and_by_default_with_that_of_a_team():
    assert Exploration(epsilon=0.6, exploration="visits", exponent=0.5)._epsilon(
        clock(visits=9)
    ) == pytest.approx(0.2)
    two_agents = Exploration(epsilon=1.0, exploration="visits")._epsilon(clock(visits=16))
    np.testing.assert_allclose(two_agents, 0.5)  # 16^(-1/4)


def test_a_linear_share_falls_to_the_last_one_and_stays_there():
    by_episodes = Exploration(
        epsilon=1.0, last_epsilon=0.2, exploration="linear", decay_episodes=10
    )
    shares = [by_episodes._epsilon(clock(episodes=n)).item() for n in (0, 5, 10, 50)]
    assert shares == pytest.approx([1.0, 0.6, 0.2, 0.2])
    by_steps = Exploration(epsilon=0.4, exploration="linear", decay_steps=4)
    assert by_steps._epsilon(clock(steps=1)).item() == pytest.approx(0.3)


def test_a_share_by_the_logarithm_goes_with_the_theta_of_that_name():
    exploration = Exploration(epsilon=1.0, exploration="log")
    theta = theta_of(ThetaSequence(schedule="log"), num_agents=2)
    for step in (1, 2, 3, 100, 10**6):
        share = exploration._epsilon(clock(steps=step - 1)).item()
        assert share == pytest.approx(1 - theta(np.array([step]))[0])
        assert share == pytest.approx(min(1, 1 / np.log(step)) if step > 1 else 1)
    little = Exploration(epsilon=0.2, exploration="log")
    assert little._epsilon(clock(steps=1)).item() == pytest.approx(0.2 / np.log(2))


@pytest.mark.parametrize("visits", [1, 2, 10, 1000, 10**6])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_no_action_is_less_likely_under_boltzmann_than_the_condition_allows(visits, scale):
    exploration = Exploration(exploration="boltzmann")
    law = exploration.probabilities(VALUES[None] * scale, clock(visits=visits))[0]
    least = np.where(np.isfinite(VALUES), law, 1).min(axis=1)
    assert (least >= visits**-0.25 / COUNTS - 1e-12).all()
    # And it becomes greedy in the limit: in proportion, the worst action is at the bound.
    best = law.max(axis=1)
    np.testing.assert_allclose(least / best, visits**-0.25)


def test_boltzmann_is_no_colder_than_the_temperature():
    law = Exploration(exploration="boltzmann", temperature=4.0).probabilities(
        VALUES[None], clock(visits=10**18)
    )
    powers = np.exp(VALUES / 4)
    np.testing.assert_allclose(law[0], powers / powers.sum(axis=1, keepdims=True))


def test_equal_values_are_chosen_alike_under_boltzmann():
    law = Exploration(exploration="boltzmann").probabilities(np.zeros((1, 2, 4)), clock())
    np.testing.assert_allclose(law[0, 0], 0.25)


def test_ties_go_to_the_lowest_or_to_any_of_the_best():
    values = np.tile([0.0, 1.0, 1.0], (2000, 1, 1))
    draws = Draws(0, "test/lowest", range(2000))
    assert (epsilon_greedy(values, 0.0, draws, ties="lowest") == 1).all()
    chosen = epsilon_greedy(values, 0.0, draws, ties="random")
    assert set(np.unique(chosen)) == {1, 2}


def test_the_policy_of_a_learner_follows_its_visits():
    learner = QLearning(exploration="visits", epsilon=1.0, exponent=1.0, initial=1.0)
    state = learner.init(1, 1, 3, 2)
    percepts, present = np.array([[1]]), np.array([[True]])
    state.tables[0, 0, :, 0] = 2
    for number in range(1, 5):  # at the n-th visit epsilon is 1 / n
        np.testing.assert_allclose(
            learner.policy(state, percepts)[0, 0], [1 - 0.5 / number, 0.5 / number]
        )
        state = learner.visit(state, percepts, present)
    np.testing.assert_allclose(learner.policy(state, np.array([[2]]))[0, 0], 0.5)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"epsilon": 1.5}, "epsilon"),
        ({"last_epsilon": -1}, "last_epsilon"),
        ({"temperature": -1}, "temperature"),
        ({"exponent": 0}, "exponent"),
        ({"exploration": "linear"}, "decay_episodes or decay_steps"),
        ({"exploration": "linear", "decay_steps": 3, "decay_episodes": 3}, "decay_episodes"),
        ({"exploration": "linear", "decay_steps": 0}, ">= 1"),
        ({"exploration": "linear", "decay_steps": float("nan")}, "decay_steps is an integer"),
        ({"decay_steps": 3}, "decay_episodes or decay_steps"),
        ({"exploration": "liner"}, "exploration is one of 'constant', 'linear', .*, got 'liner'"),
        ({"ties": "lowes"}, "ties is one of 'lowest', 'random', got 'lowes'"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_by_name(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        Exploration(**settings)


@pytest.mark.parametrize(
    ("exploration", "setting", "asked_by"),
    [
        ("constant", {"last_epsilon": 0.05}, "linear"),
        ("constant", {"temperature": 2.0}, "boltzmann"),
        ("log", {"exponent": 0.5}, "visits or boltzmann"),
        ("visits", {"last_epsilon": 0.05}, "linear"),
        ("visits", {"temperature": 2.0}, "boltzmann"),
        ("linear", {"exponent": 0.5, "decay_steps": 3}, "visits or boltzmann"),
        ("boltzmann", {"epsilon": 0.3}, "constant or linear or visits or log"),
        ("boltzmann", {"ties": "random"}, "constant or linear or visits or log"),
    ],
)
def test_a_setting_that_the_schedule_does_not_ask_for_is_refused(exploration, setting, asked_by):
    name = next(iter(setting))
    says = f"{exploration} does not ask for {name}, got .*leave it out, or explore by {asked_by}$"
    with pytest.raises(InvalidConfig, match=says):
        Exploration(exploration=exploration, **setting)


@pytest.mark.parametrize(
    ("kind", "settings", "says"),
    [
        (QLearning, {"alpha": "maen"}, "got 'maen'"),
        (QLearning, {"time_limit": "terminl"}, "time_limit is .*'terminal', got 'terminl'"),
        (QLearning, {"key": "propsed"}, "key is .*'proposed', got 'propsed'"),
        (QLearning, {"epsilon": "much"}, "epsilon is a number, got 'much'"),
        (JointQLearning, {"model": "second"}, "model is .*got 'second'"),
        (JointQLearning, {"model_rate": "maen"}, "got 'maen'"),
        (TracedQLearning, {"bootstrap": "no"}, "bootstrap is true or false, got 'no'"),
        (TracedQLearning, {"decay_over": 2.5}, "decay_over is an integer.*, got 2.5"),
        (Careful, {"time_limit": "terminl"}, "'terminal', got 'terminl'"),
        (Reinforce, {"reward": "dreest"}, "reward is .*'drest'.*, got 'dreest'"),
    ],
)
def test_settings_of_another_kind_than_a_learner_declares_are_refused(kind, settings, says):
    with pytest.raises(InvalidConfig, match=says):
        kind(**settings)
