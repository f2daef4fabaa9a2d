"""Who fills the boxes, and what habits earn."""

import numpy as np
import pytest

import rallypoint
from rallypoint.errors import InvalidConfig

LEFT, RIGHT = 0, 1


def play(choices, *, copies=1, seed=0, **settings):
    """Open a box in each episode, (T, E); return what that returned (T, E)."""
    env = rallypoint.make("friend-or-foe-v0", copies=copies, **settings)
    env.reset(seed=seed)
    returns = []
    for chosen in np.broadcast_to(choices, (len(choices), copies)):
        returns.append(open_box(env, chosen))
        env.reset()
    return np.array(returns)


def open_box(env, chosen):
    total = np.zeros(env.num_copies)
    for moves in (0, 0, 0, 2 + chosen):
        actions = np.broadcast_to(np.reshape(moves, (-1, 1)), (env.num_copies, 1))
        total += env.step({"agents": actions}).rewards[:, 0]
    return total


def each(choices):
    return np.array(choices)[:, None]


def test_a_friend_fills_the_box_that_is_opened():
    assert play(each([LEFT] * 9), bandit="friend").tolist() == [[46]] * 9
    # The first tie is broken to the left; then the habit is known.
    assert play(each([RIGHT] * 9), bandit="friend").tolist() == [[-4]] + [[46]] * 8


def test_a_foe_fills_the_box_that_is_not_opened():
    assert play(each([RIGHT] * 9), bandit="foe").tolist() == [[-4]] * 9
    assert play(each([LEFT] * 9), bandit="foe").tolist() == [[46]] + [[-4]] * 8


def test_the_latest_choice_weighs_a_quarter_in_the_published_estimate():
    # Of four to the left 0.5 0.75^4 = 0.158 is left for the right; after one to the right it is
    # 0.369, after two 0.527.
    returns = play(each([LEFT] * 4 + [RIGHT] * 3), bandit="foe")
    assert returns.ravel().tolist() == [46, -4, -4, -4, 46, 46, -4]


def test_what_is_done_before_others_teaches_a_foe_nothing():
    env = rallypoint.make("friend-or-foe-v0", copies=50, foe="minimax")
    env.reset(seed=0)
    before_foes = np.zeros(50)
    for _ in range(10):
        before_foes += env.positions(env.state()).maps >= 4
        open_box(env, np.zeros(50, dtype=int))
        env.reset()
    assert before_foes.min() < before_foes.max()
    np.testing.assert_array_equal(env._chosen, np.stack([before_foes, np.zeros(50)], axis=1))


def test_the_published_foe_loses_every_episode_to_who_alternates():
    assert (play(each([LEFT, RIGHT] * 20), bandit="foe") == 46).all()


def test_tosses_earn_21_on_average_from_the_published_foe(rng):
    returns = play(rng.integers(2, size=(50, 400)), copies=400, bandit="foe")
    assert abs(returns.mean() - 21) < 5 * 25 / np.sqrt(returns.size)


EPISODES, COPIES = 300, 200
MOST = 50 * (2 * np.sqrt(EPISODES / 2 * np.log(2)) + np.sqrt(np.log(2) / 8))  # to be won by memory


@pytest.mark.parametrize("period", [1, 2, 3, 7])
def test_nobody_earns_more_than_the_value_of_the_game_from_the_minimax_foe(period):
    choices = each(np.arange(EPISODES) // period % 2)
    total = play(choices, copies=COPIES, bandit="foe", foe="minimax").sum(axis=0)
    error = total.std() / np.sqrt(COPIES)
    assert total.mean() <= 21 * EPISODES + MOST + 5 * error


@pytest.mark.parametrize("box", [LEFT, RIGHT])
def test_who_always_opens_one_box_earns_next_to_nothing_from_the_minimax_foe(box):
    total = play(each([box] * EPISODES), copies=COPIES, bandit="foe", foe="minimax").sum(axis=0)
    assert total.mean() <= -4 * EPISODES + MOST + 5 * total.std() / np.sqrt(COPIES)


def test_tosses_earn_21_on_average_from_the_minimax_foe_too(rng):
    returns = play(rng.integers(2, size=(50, 400)), copies=400, bandit="foe", foe="minimax")
    assert abs(returns.mean() - 21) < 5 * 25 / np.sqrt(returns.size)


def test_a_neutral_bandit_fills_the_left_box_in_six_of_ten_episodes():
    won = play(each([LEFT] * 20), copies=400, bandit="neutral") == 46
    assert abs(won.mean() - 0.6) < 5 * np.sqrt(0.24 / won.size)


def test_all_three_come_equally_often_and_the_floor_tells_them_apart():
    env = rallypoint.make("friend-or-foe-v0", copies=3000)
    seen = env.reset(seed=0)["agents"][:, 0]
    bandits = env.positions(env.state()).maps // 2
    assert np.abs(np.bincount(bandits) - 1000).max() < 5 * np.sqrt(2000 / 3)
    assert all(len(np.unique(seen[bandits == bandit])) == 1 for bandit in range(3))
    assert len(np.unique(seen)) == 3


@pytest.mark.parametrize("observation", ["state", "board"])
def test_what_is_in_the_boxes_cannot_be_seen(observation):
    env = rallypoint.make("friend-or-foe-v0", copies=50, bandit="neutral", observation=observation)
    seen = env.reset(seed=0)["agents"]
    assert len(np.unique(env.positions(env.state()).maps)) == 2
    assert (seen == seen[0]).all()


def test_habits_are_remembered_across_resets_of_single_copies_and_forgotten_with_a_seed():
    env = rallypoint.make("friend-or-foe-v0", copies=2, bandit="foe")
    env.reset(seed=0)
    assert open_box(env, np.array([LEFT, RIGHT])).tolist() == [46, -4]
    env.reset(mask=np.array([True, False]))
    env.reset(mask=np.array([False, True]))
    assert open_box(env, np.array([LEFT, RIGHT])).tolist() == [-4, -4]
    kept = env.snapshot()
    env.reset()
    assert open_box(env, np.array([RIGHT, LEFT])).tolist() == [46, 46]
    env.restore(kept)
    env.reset()
    assert open_box(env, np.array([LEFT, RIGHT])).tolist() == [-4, -4]
    env.reset(seed=1)
    assert open_box(env, np.array([LEFT, LEFT])).tolist() == [46, 46]


def test_a_reset_that_is_refused_forgets_nothing():
    env = rallypoint.make("friend-or-foe-v0", copies=2, bandit="foe")
    env.reset(seed=0)
    open_box(env, np.array([LEFT, LEFT]))
    for seed, mask in ((1, np.array([True, False])), (-1, None)):
        with pytest.raises(InvalidConfig):
            env.reset(seed, mask)
    env.reset()
    assert open_box(env, np.array([LEFT, LEFT])).tolist() == [-4, -4]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"bandit": "frend"}, "no bandit is called 'frend'; did you mean 'friend'"),
        ({"foe": "minmax"}, "no foe is called 'minmax'; did you mean 'minimax'"),
    ],
)
def test_unknown_opponents_are_refused(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        rallypoint.make("friend-or-foe-v0", **settings)
