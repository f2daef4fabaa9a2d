"""What users' clicks say about items, and slates of the best."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.agents.recommender.item_model import (
    History,
    believed,
    promising,
    silent,
    users_updates,
)
from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import aggregate

SEEDS = st.integers(0, 2**32)


def drawn(seed, num_users=7, num_items=4, rank=2):
    rng = np.random.default_rng(seed)
    items = rng.standard_normal((num_items, rank))
    profiles = np.abs(rng.standard_normal((num_users, rank)))
    clicked = rng.integers(0, 4, (num_users, num_items)).astype(float)
    passed = rng.integers(1, 4, (num_users, num_items)).astype(float)
    return items, profiles, History(clicked, passed)


def mean_loss(items, profile, clicked, passed, average):
    chances = 1 / (1 + np.exp(-average - items @ profile))
    loss = -(clicked * np.log(chances) + passed * np.log(1 - chances)).sum()
    return loss / (clicked + passed).sum()


@given(SEEDS)
def test_an_update_is_the_gradient_of_the_users_own_mean_loss(seed):
    items, profiles, history = drawn(seed)
    found = users_updates(items, profiles, history, average=-0.7, weigh="users", usual=1.0)
    small = 1e-6
    for user, profile in enumerate(profiles):
        for place in np.ndindex(items.shape):
            step = np.zeros_like(items)
            step[place] = small
            losses = [
                mean_loss(
                    items + sign * step,
                    profile,
                    history.clicked[user],
                    history.passed[user],
                    average=-0.7,
                )
                for sign in (1, -1)
            ]
            slope = (losses[0] - losses[1]) / (2 * small)
            assert found[(user, *place)] == pytest.approx(slope, abs=1e-6)


@given(SEEDS)
def test_who_does_the_usual_number_weighs_the_same_either_way(seed):
    items, profiles, history = drawn(seed)
    own = history.seen.sum(axis=1)[:, None, None]
    by_events, by_users = (
        users_updates(items, profiles, history, average=0.0, weigh=weigh, usual=own[..., 0])
        for weigh in ("events", "users")
    )
    np.testing.assert_allclose(by_events, by_users)


def with_clicks(history, user, item, clicks):
    clicked = history.clicked.copy()
    clicked[user, item] = clicks
    return History(clicked, history.passed)


@given(SEEDS)
def test_one_hyperactive_user_moves_the_mean_of_events_without_bound_and_nothing_else(seed):
    items, profiles, history = drawn(seed, num_users=9)

    def sent(weigh, clicks):
        hyperactive = with_clicks(history, 0, 0, clicks)
        found = users_updates(items, profiles, hyperactive, average=0.0, weigh=weigh, usual=10.0)
        return found.reshape(9, -1)

    def moved(weigh, clicks):
        return np.linalg.norm(aggregate("mean", sent(weigh, clicks), 0))

    assert moved("events", 1e7) / moved("events", 1e6) == pytest.approx(10, rel=0.01)
    assert moved("users", 1e7) <= np.linalg.norm(profiles, axis=1).max()
    for rule in ("median", "trimmed_mean"):
        for weigh in ("events", "users"):
            found = sent(weigh, 1e7)
            combined = aggregate(rule, found, 1)
            assert (combined >= found[1:].min(axis=0) - 1e-12).all()
            assert (combined <= found[1:].max(axis=0) + 1e-12).all()


def test_a_history_counts_every_click_and_every_pass():
    shown = np.array([[[2, 0], [1, 1]]])
    before = History(np.ones((1, 2, 3)), np.zeros((1, 2, 3)))
    after = before.with_round(shown, np.array([[[5, 0], [1, 2]]]))
    assert (after.clicked - before.clicked).tolist() == [[[0, 0, 5], [0, 3, 0]]]
    assert after.passed.tolist() == [[[1, 0, 0], [0, 0, 0]]]
    assert before.passed.sum() == 0


def test_what_a_user_never_saw_or_cares_nothing_for_is_missing():
    seen = History(np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 2.0, 0.0]]))
    found = silent(np.array([[0.6, 0.0]]), seen)
    assert np.isnan(found[0]).tolist() == [[False, True], [False, True], [True, True]]
    assert np.nansum(found) == 0


@given(SEEDS, st.integers(1, 6))
def test_without_exploration_slates_are_the_best_items_best_first(seed, size):
    rng = np.random.default_rng(seed)
    chances, keys = rng.random((2, 3, 6))
    found = promising(chances, keys, size=size, exploration=0.0)
    for slate, theirs in zip(found, chances, strict=True):
        assert slate.tolist() == sorted(range(6), key=lambda item: -theirs[item])[:size]


@given(SEEDS, st.floats(0, 1))
def test_no_item_fills_two_places_and_places_go_by_promise(seed, exploration):
    rng = np.random.default_rng(seed)
    chances, keys = rng.random((2, 5, 6))
    found = promising(chances, keys, size=4, exploration=exploration)
    assert (np.diff(np.sort(found, axis=-1), axis=-1) > 0).all()
    assert (np.diff(np.take_along_axis(chances, found, axis=-1), axis=-1) <= 1e-8).all()


def test_so_many_places_are_drawn_at_random_as_exploration_says():
    rng = np.random.default_rng(0)
    chances = np.broadcast_to(np.linspace(1, 0, 50), (4000, 50))
    found = promising(chances, rng.random((4000, 50)), size=5, exploration=0.2)
    # Of the 10 % of items drawn, a tenth is among the best five anyway.
    assert (found >= 5).mean() == pytest.approx(0.2 * 0.9, abs=0.01)
    first = promising(np.full((4000, 50), 0.5), rng.random((4000, 50)), size=5, exploration=0.0)
    shares = np.bincount(first.ravel(), minlength=50) / first.size
    np.testing.assert_allclose(shares, 1 / 50, atol=0.005)  # equals are drawn


def test_beliefs_are_of_the_model():
    found = believed(np.array([[1.0, 2.0]]), np.array([[0.5, 0.25], [0.0, 0.0]]), 1.0)
    np.testing.assert_allclose(found, [[1 / (1 + np.exp(-2))], [1 / (1 + np.exp(-1))]])


def test_what_is_weighed_is_named():
    with pytest.raises(InvalidConfig, match="users or events, got 'clicks'"):
        users_updates(*drawn(0), average=0.0, weigh="clicks", usual=1.0)
