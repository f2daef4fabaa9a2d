"""ExpertRank."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.parts import Context
from rallypoint.safety.aggregation.rules.expert_rank import ExpertRank

ORIGIN = np.zeros(6)


def reference(updates, trusted, rule):
    lengths = np.linalg.norm(updates, axis=1)
    vouched = np.clip(updates @ updates.T / np.outer(lengths, lengths) - rule.least_cosine, 0, 1)
    vouched -= np.diag(np.diagonal(vouched))
    passed = rule.decay * vouched / ((vouched > 0).sum(axis=1, keepdims=True) + rule.sink)
    start = rule.pretrust * np.isin(np.arange(len(updates)), trusted)
    trust = start
    for _ in range(500):
        trust = np.minimum(1, start + passed.T @ trust)
    by_length = sorted(trusted, key=lengths.__getitem__)
    masses = np.cumsum(trust[by_length])
    cap = lengths[by_length[np.searchsorted(masses, masses[-1] / 2)]]
    capped = updates * np.minimum(1, cap / lengths)[:, None]
    return minimize(
        lambda point: trust @ np.linalg.norm(capped - point, axis=1),
        updates[trusted].mean(axis=0),
        method="Nelder-Mead",
        options={"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-8, "fatol": 1e-14},
    ).x


def crowd(seed, experts=6, colluders=14):
    """Draw updates that agree loosely, and lies that agree with each other against them."""
    rng = np.random.default_rng(seed)
    honest = 1 + 0.5 * rng.standard_normal((experts, 6))
    lies = -3 + 0.01 * rng.standard_normal((colluders, 6))
    return np.vstack([honest, lies])


def test_it_is_the_median_weighted_by_trust(answer):
    rule = ExpertRank(least_reached=0.0)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        updates = rng.standard_normal((8, 3)) + 0.7
        updates *= rng.uniform(0.3, 3, (8, 1))
        for experts in ([0, 3], [1, 2, 4, 5, 7]):
            found = answer(rule, updates, 3, Context(trusted=experts), origin=np.zeros(3))
            assert found == pytest.approx(reference(updates, experts, rule), abs=1e-5)


def test_trust_flows_along_a_chain_and_never_into_a_clique():
    vouched = np.zeros((5, 5))  # A, trusted, vouches for B, B for C; D and E for each other
    vouched[0, 1] = vouched[1, 2] = vouched[3, 4] = vouched[4, 3] = 1
    rule = ExpertRank(decay=0.8, sink=5)
    trust = rule.trust(vouched, np.array([True, False, False, False, False]))
    assert trust == pytest.approx([0.8, 0.106667, 0.014222, 0, 0], abs=1e-6)
    assert trust[3] == trust[4] == 0


@given(seed=st.integers(0, 2**32 - 1), decay=st.floats(0, 0.95), sink=st.floats(1e-3, 10))
def test_trust_outside_the_experts_is_bounded_whoever_vouches(seed, decay, sink):
    rng = np.random.default_rng(seed)
    vouched = rng.random((12, 12)) ** rng.integers(0, 9)
    np.fill_diagonal(vouched, 0)
    experts = np.arange(12) < rng.integers(1, 12)
    trust = ExpertRank(decay=decay, sink=sink).trust(vouched, experts)
    assert trust[~experts].sum() <= decay / (1 - decay) * trust[experts].sum() + 1e-7
    assert ((trust >= 0) & (trust <= 1)).all()


@pytest.mark.parametrize("seed", range(5))
def test_six_experts_outweigh_fourteen_colluders_where_others_follow_them(answer, seed):
    updates = crowd(seed)
    found = answer(ExpertRank(), updates, 14, Context(trusted=range(6)), origin=ORIGIN)
    assert np.linalg.norm(found - 1) < 1
    for follows in (np.mean, np.median):
        assert np.linalg.norm(follows(updates, axis=0) - 1) > 3


@pytest.mark.parametrize("seed", range(5))
def test_three_experts_bring_their_friends_in(answer, seed):
    updates = crowd(seed)
    rule = ExpertRank()
    span_weights = answer(rule, np.eye(20), 14, Context(trusted=[0, 1, 2]), origin=np.zeros(20))
    assert np.count_nonzero(np.abs(span_weights) > 1e-12) == 3  # nobody points along another
    found = answer(rule, updates, 14, Context(trusted=[0, 1, 2]), origin=ORIGIN)
    alone = answer(rule, updates[:3], 0, Context(trusted=[0, 1, 2]), origin=ORIGIN)
    assert np.linalg.norm(found - 1) < 1.2
    assert not np.allclose(found, alone)


def test_copying_an_expert_buys_no_majority(answer):
    honest = crowd(0, experts=2, colluders=0)
    turned = honest.mean(axis=0) + np.array([4.0, -4, 4, -4, 4, -4]) / 4  # within the cosine
    updates = np.vstack([honest, np.repeat(turned[None], 18, axis=0)])
    for decay, holds in ((0.4, True), (0.95, False)):
        found = answer(
            ExpertRank(decay=decay, sink=0.01), updates, 18, Context(trusted=[0, 1]), origin=ORIGIN
        )
        nearest = np.linalg.norm(updates[[0, 1, 2]] - found, axis=1).argmin()
        assert (nearest < 2) == holds


def test_where_experts_agree_with_nobody_to_speak_of_they_answer_alone(answer):
    updates = np.array([[1.0, 0.5], [1, -0.5], [1, 0.2]])  # the last is between them
    context = Context(trusted=[0, 1])
    for least, expected in ((0.05, [1, 0.2]), (1e9, [1, 0.5])):
        found = answer(ExpertRank(least_reached=least), updates, 1, context, origin=np.zeros(2))
        assert found == pytest.approx(expected, abs=1e-6)
    strangers = np.array([[1.0, 0, 0], [0.3, 5, 0], [0.3, 0, 5]])
    found = answer(ExpertRank(), strangers, 2, Context(trusted=[0]), origin=np.zeros(3))
    assert found.tolist() == [1, 0, 0]


def test_nobody_is_longer_than_the_experts(answer):
    updates = np.array([[1.0, 0], [0.9, 0.1], [1e30, 1e29]])
    found = answer(ExpertRank(), updates, 1, Context(trusted=[0, 1]), origin=np.zeros(2))
    assert np.linalg.norm(found) <= 1 + 1e-9
    zeros = np.vstack([np.zeros((2, 2)), np.ones((3, 2))])
    assert not answer(ExpertRank(), zeros, 3, Context(trusted=[0, 1]), origin=np.zeros(2)).any()


def test_without_experts_there_is_no_telling_the_camps_apart(answer):
    with pytest.raises(InvalidConfig, match=r"expert_rank needs trusted: give context"):
        aggregate("expert_rank", crowd(0), 14, context=Context(trusted=[]))
    swapped = answer(ExpertRank(), crowd(0), 14, Context(trusted=range(14, 20)), origin=ORIGIN)
    assert np.linalg.norm(swapped + 3) < 0.1  # the other camp's experts, the other answer


@pytest.mark.parametrize(
    "settings",
    [{"pretrust": 0}, {"decay": 1.0}, {"sink": 0}, {"least_cosine": 1}, {"least_reached": -1}],
)
def test_settings_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(InvalidConfig, match=next(iter(settings))):
        ExpertRank(**settings)
