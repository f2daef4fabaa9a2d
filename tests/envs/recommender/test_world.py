"""Slates, clicks, and what both sides get of them."""

import numpy as np
import pytest
from pettingzoo.test import parallel_api_test

import rallypoint
from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.recommender import parallel_env
from rallypoint.envs.recommender.world import feedback_in, slate_in
from rallypoint.errors import InvalidConfig, NotReset

SMALL = {"num_users": 3, "num_items": 4, "slate": 2, "minority": 1, "events": 3, "max_cycles": 3}


def acted(slates, clicks):
    return {"platform": np.array(slates)[None, None], "users": np.array(clicks)[None]}


def test_users_act_on_what_they_were_shown_and_the_platform_chooses_what_comes_next():
    env = rallypoint.make("recommender-v0", **SMALL)
    seen = env.reset(seed=0)
    first, appeals = slate_in(seen)
    assert feedback_in(seen, 2).shown.tolist() == [[[-1, -1]] * 3]
    log_odds, worth = env.state()[0]
    assert (appeals[0] == np.take_along_axis(log_odds, first[0], axis=1)).all()
    step = env.step(acted([[3, 1], [0, 2], [1, 1]], [[0, 3], [1, 1], [0, 0]]))
    assert (step.infos["shown"] == first).all()
    told = feedback_in(step.observations, 2)
    assert (told.shown == first).all()
    assert told.events.tolist() == [[[0, 3], [1, 1], [0, 0]]]
    assert slate_in(step.observations)[0].tolist() == [[[3, 1], [0, 2], [1, 1]]]
    took = [worth[0, first[0, 0, 1]], worth[1, first[0, 1]].sum(), 0.0]  # each place once
    assert step.rewards[0].tolist() == pytest.approx([5 / 3, *took])
    assert (told.profiles == feedback_in(seen, 2).profiles).all()


def test_an_honest_click_has_the_log_odds_of_profile_and_item():
    env = rallypoint.make("recommender-v0", copies=2, taste=3.0, average=-0.5)
    seen = env.reset(seed=1)
    users = feedback_in(seen, 5).profiles
    products = np.einsum("eur,eir->eui", users, env._items)
    np.testing.assert_allclose(env.chances, 1 / (1 + np.exp(0.5 - 3 * products)))
    np.testing.assert_allclose(np.linalg.norm(users, axis=-1), 1)


def test_chances_of_any_log_odds_are_chances():
    env = rallypoint.make("recommender-v0", taste=1e6)
    env.reset(seed=0)
    assert ((env.chances >= 0) & (env.chances <= 1)).all()


@pytest.mark.parametrize("alignment", [1.0, 0.0, -1.0])
def test_worth_goes_with_appeal_as_far_as_it_is_aligned(alignment):
    env = rallypoint.make("recommender-v0", copies=60, alignment=alignment, taste=2.0)
    env.reset(seed=0)
    log_odds, worth = np.moveaxis(env.state(), 1, 0)
    together = np.corrcoef(log_odds.ravel(), worth.ravel())[0, 1]
    assert together == pytest.approx(alignment, abs=0.06)
    if alignment:
        np.testing.assert_allclose(worth, alignment * (log_odds + 1.0) / 2.0)


def test_a_minority_shares_no_topic_with_the_majority_or_all_of_them():
    env = rallypoint.make("recommender-v0", rank=5, minority=7, apart=1.0)
    users = feedback_in(env.reset(seed=0), 5).profiles[0]
    assert env.is_minority.sum() == 7
    assert (users[env.is_minority][:, :3] == 0).all()
    assert (users[~env.is_minority][:, 3:] == 0).all()
    alike = rallypoint.make("recommender-v0", copies=40, rank=5, minority=20, apart=0.0)
    users = feedback_in(alike.reset(seed=0), 5).profiles
    means = [users[:, who].mean(axis=(0, 1)) for who in (alike.is_minority, ~alike.is_minority)]
    np.testing.assert_allclose(*means, atol=0.03)


def test_the_first_slates_show_every_item_as_often_and_none_twice():
    env = rallypoint.make("recommender-v0", copies=50, num_items=10, slate=3)
    first, _ = slate_in(env.reset(seed=0))
    assert (np.diff(np.sort(first, axis=-1), axis=-1) > 0).all()
    shares = np.bincount(first.ravel(), minlength=10) / first.size
    np.testing.assert_allclose(shares, 0.1, atol=0.01)


@pytest.mark.parametrize(
    "settings",
    [SMALL, {"num_users": 1, "num_items": 1, "slate": 1, "rank": 1, "minority": 0}],
    ids=["small", "one of each"],
)
def test_it_passes_at_other_sizes(settings):
    assert_is_env("recommender-v0", processes=False, **settings)


def test_it_is_a_pettingzoo_world():
    parallel_api_test(parallel_env(**SMALL), num_cycles=20)


def test_it_says_what_was_done():
    env = rallypoint.make("recommender-v0", render_mode="ansi", **SMALL)
    with pytest.raises(NotReset):
        env.render()
    env.reset(seed=0)
    env.step(acted([[3, 1], [0, 3], [3, 1]], [[0, 3], [1, 1], [0, 0]]))
    assert env.render() == (
        "round 1 / 3: 5 clicks of 3 users\nshown most now: item 3 to 3, item 1 to 2"
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"slate": 31}, "31 places cannot be filled with 30 different items"),
        ({"num_users": 0}, "num_users is an integer >= 1, got 0"),
        ({"minority": 30}, "fewer than half of the users, got 30 of 60"),
        ({"minority": -1}, "minority is an integer >= 0"),
        ({"rank": 1}, "takes rank >= 2"),
        ({"events": 0}, "events is an integer >= 1"),
        ({"apart": 1.5}, r"apart is a finite number in \[0, 1\], got 1.5"),
        ({"alignment": float("nan")}, r"alignment is a finite number in \[-1, 1\]"),
        ({"taste": -1.0}, "taste is a finite number >= 0, got -1"),
        ({"average": "low"}, "average is a number, got 'low'"),
        ({"render_mode": "human"}, "no render mode is called 'human'"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        rallypoint.make("recommender-v0", **settings)
