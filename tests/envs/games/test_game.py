"""A user's own game: what its tables mean, and what is refused of them."""

import numpy as np
import pytest

from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.games.game import Game
from rallypoint.envs.games.noise import gaussian
from rallypoint.envs.games.world import TabularGame, _thresholds
from rallypoint.errors import InvalidConfig
from rallypoint.transitions import joint_actions


def own_game(**changes):
    """Three agents, two states and an ending; chance moves, and nobody sees everything."""
    rng = np.random.default_rng(0)
    tables = {
        "agents": ("a", "b", "c"),
        "states": ("low", "high"),
        "endings": ("over",),
        "actions": (("x", "y"), ("x", "y"), ("x", "y", "z")),
        "rewards": rng.normal(size=(2, 2, 2, 3, 3)),
        "leads_to": rng.dirichlet([4, 4, 1], size=(2, 2, 2, 3)),
        "percepts": [[0, 0, 1], [0, 1, 0], [0, 1, 2]],
        "start": [0.25, 0.75],
    }
    return Game(**(tables | changes))


def world(*, copies=1, max_cycles=None, render_mode=None, **changes):
    return TabularGame(
        own_game(**changes), copies=copies, max_cycles=max_cycles, render_mode=render_mode
    )


def noisy(**settings):
    return world(pay=gaussian(0.5), horizon=5, **settings)


def test_the_contract_is_kept_by_a_game_of_ones_own():
    assert_is_env(world, processes=False, max_steps=50)


def test_the_contract_is_kept_with_drawn_rewards():
    assert_is_env(noisy, processes=False)


def test_agents_of_equal_spaces_are_one_group_and_see_what_they_may():
    env = world(copies=200)
    assert [(group.name, group.agents) for group in env.groups] == [
        ("a", ("a", "b")),
        ("c", ("c",)),
    ]
    seen = env.reset(seed=0)
    state = env.state()
    assert set(state.tolist()) == {0, 1}
    assert (seen["a"][:, 0] == 0).all()  # it cannot tell low from high
    np.testing.assert_array_equal(seen["a"][:, 1], state)
    np.testing.assert_array_equal(seen["c"][:, 0], state)


def test_steps_follow_the_tables():
    """From each state by each joint action: rewards exactly, and moves by a chi-square test."""
    from scipy.stats import chisquare

    game = own_game()
    per_entry, actions = 2000, joint_actions((2, 2, 3))
    env = TabularGame(game, copies=per_entry * 12)
    env.reset(seed=1)
    states, acts = env.state(), np.repeat(actions, per_entry, axis=0)
    step = env.step({"a": acts[:, :2], "c": acts[:, 2:]})
    np.testing.assert_array_equal(step.rewards, game.rewards[(states, *acts.T)])
    after = env.state()
    np.testing.assert_array_equal(step.terminated, np.repeat(after[:, None] == 2, 3, axis=1))
    p_values = []
    for state, action in np.ndindex(2, 12):
        here = (states == state) & (acts == actions[action]).all(axis=1)
        counts = np.bincount(after[here], minlength=3)
        expected = game.leads_to[(state, *actions[action])]
        p_values.append(chisquare(counts, here.sum() * expected).pvalue)
    assert min(p_values) > 0.001 / 24
    started = np.bincount(states, minlength=2)
    assert chisquare(started, len(states) * np.array([0.25, 0.75])).pvalue > 0.001


def test_no_draw_leads_to_an_impossible_outcome():
    shares = np.array([*[0.1] * 10, 0.0])  # in floats they sum to a little less than 1
    assert shares.cumsum()[-1] < 1
    below = _thresholds(shares)
    assert (below <= np.nextafter(1, 0)).sum() == 9
    assert (below <= 0.35).sum() == 3


def test_noise_has_the_mean_of_the_table_and_its_own_deviation():
    env = TabularGame(own_game(pay=gaussian(0.5), start=[1, 0]), copies=20_000)
    env.reset(seed=0)
    zeros = np.zeros((20_000, 3), dtype=int)
    rewards = env.step({"a": zeros[:, :2], "c": zeros[:, 2:]}).rewards
    left = rewards - own_game().rewards[0, 0, 0, 0]
    assert np.abs(left.mean(axis=0)).max() < 5 * 0.5 / np.sqrt(20_000)
    assert np.abs(left.std(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(40_000)
    assert np.abs(np.corrcoef(left.T) - np.eye(3)).max() < 5 / np.sqrt(20_000)


def test_the_model_holds_the_tables():
    game = own_game()
    model, actions = game.model, joint_actions((2, 2, 3))
    np.testing.assert_array_equal(model.actions, actions)
    for state, action in np.ndindex(2, 12):
        entry = (state, *actions[action])
        dense = np.zeros(3)
        np.add.at(dense, model.next_states[state, action], model.probabilities[state, action])
        np.testing.assert_allclose(dense, game.leads_to[entry])
        np.testing.assert_array_equal(model.rewards[state, action], [game.rewards[entry]] * 3)
    assert model.terminated[:2].sum() == 2 * 12  # one outcome of each is the ending
    assert (model.next_states[2] == 2).all()
    assert model.terminated[2].all()
    assert model.start.tolist() == [0.25, 0.75, 0]


def test_regions_say_who_is_in_each_named_state():
    env = world(copies=50)
    assert not np.any(list(env.regions().values()))  # nobody is anywhere before the first reset
    env.reset(seed=0)
    regions = env.regions()
    assert list(regions) == ["low", "high"]
    np.testing.assert_array_equal(regions["high"], np.repeat(env.state()[:, None] == 1, 3, axis=1))
    step = env.step({"a": np.zeros((50, 2), int), "c": np.zeros((50, 1), int)})
    together = np.sum(list(env.regions().values()), axis=0)
    np.testing.assert_array_equal(together, step.alive)  # one place each, and none for the gone
    assert 0 < step.terminated.sum() < 150


def test_text_says_where_it_stands_and_who_did_what():
    env = world(render_mode="ansi", max_cycles=9, rewards=np.full((2, 2, 2, 3), 0.5))
    with pytest.raises(RuntimeError, match="nothing to draw before its first reset"):
        env.render()
    env.reset(seed=0)
    assert env.render() == f"step 0 / 9, state {['low', 'high'][env.state()[0]]}"
    env.step({"a": np.array([[0, 1]]), "c": np.array([[2]])})
    first, *others = env.render().splitlines()
    assert first == f"step 1 / 9, state {['low', 'high', 'over'][env.state()[0]]}"
    assert others == ["  a did x for 0.5", "  b did y for 0.5", "  c did z for 0.5"]
    env.reset()
    assert len(env.render().splitlines()) == 1  # what was done in the episode before is no news
    with pytest.raises(InvalidConfig, match=r"an index in 0\.\.0, got 1"):
        env.render(1)
    unseen = world()
    unseen.reset(seed=0)
    with pytest.raises(InvalidConfig, match="and this one has none"):
        unseen.render()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"agents": ("a", "a", "c")}, "agents are at least 1 distinct names"),
        ({"states": ()}, "states are at least 1 distinct names"),
        ({"endings": ("low",)}, "either ends the episode or not"),
        ({"actions": (("x",),)}, "each of the 3 agents, got 1"),
        ({"actions": (("x", "y"), "xy", ("x", "y", "z"))}, "actions is a list of lists of texts"),
        ({"rewards": np.zeros((2, 2, 2, 2))}, r"\(2, 2, 2, 3\), or one axis of 3 agents more"),
        ({"rewards": [[1, 2], [3]]}, "all rows of one length"),
        ({"rewards": np.full((2, 2, 2, 3), np.inf)}, "rewards are finite"),
        ({"leads_to": 0}, "leads_to holds the number of a state"),
        ({"leads_to": np.full((2, 2, 2, 3), 3)}, r"names states 0\.\.2, got 3\.\.3"),
        ({"leads_to": np.full((2, 2, 2, 3, 3), 0.3)}, r"sum to one, but in \[0, 0\]"),
        ({"leads_to": np.tile([1.5, -0.5, 0], (2, 2, 2, 3, 1))}, "probabilities >= 0"),
        ({"percepts": [[0, 0, 0]]}, r"\(agents, states \+ endings\) = \(3, 3\)"),
        ({"start": [0.5, 0.6]}, "start are >= 0 and sum to one"),
        ({"start": [0.5, 0.25, 0.25]}, "nothing starts in an ending"),
        ({"horizon": 0}, "a number of steps >= 1"),
        ({"actions": (tuple(map(str, range(3000))),) * 3}, "too many for a table"),
    ],
    ids=str,
)
def test_tables_that_cannot_be_meant_are_refused(changes, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        own_game(**changes)


def test_noise_that_is_no_deviation_is_refused():
    with pytest.raises(InvalidConfig, match="a standard deviation >= 0, got -1"):
        gaussian(-1)
