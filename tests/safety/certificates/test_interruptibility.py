"""The paired test on learners that depend on interruptions, and on ones that do not."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.interruptibility import assess_pairs
from rallypoint.safety.certificates.paired import paired_p_values, power, systematic_share
from rallypoint.safety.certificates.rates import most_false_alarms, rejection_rate
from rallypoint.safety.certificates.verdicts import CAVEAT

STATES, ACTIONS, BATCH = 6, 3, 16


def partners_actions(rng, policy, states, theta, processing):
    """What the partner did in the experience that is kept: its own action, or 0 if overridden."""
    executed = np.full(states.shape, -1)
    while (missing := executed < 0).any():  # what is dropped is drawn anew
        at = states[missing]
        drawn = rng.random((len(at), 1))
        proposed = (policy[at, :-1].cumsum(axis=-1) <= drawn).sum(axis=-1)
        interrupted = rng.random(len(at)) < theta
        did = np.where(interrupted, 0, proposed)
        is_kept = {
            "none": np.ones(len(at), dtype=bool),
            "drop_others": ~interrupted,
            "executed = proposed": did == proposed,
        }[processing]
        executed[missing] = np.where(is_kept, did, -1)
    return executed


def changes(rng, theta, processing, pairs):
    """Change of an independent Q-table after one batch, in replicates of a random game.

    The own states and actions are the same in both arms: (n, states * actions) at 0 and at theta.
    """
    game = rng.normal(size=(STATES, ACTIONS, ACTIONS))
    policy = rng.dirichlet(np.ones(ACTIONS), size=STATES)
    states = rng.integers(STATES, size=(pairs, BATCH))
    own = rng.integers(ACTIONS, size=(pairs, BATCH))
    arms = []
    for odds in (0.0, theta):
        other = partners_actions(rng, policy, states, odds, processing)
        rewards = game[states, own, other] + rng.normal(size=(pairs, BATCH)) / 2
        change = np.zeros((pairs, STATES * ACTIONS))
        np.add.at(change, (np.arange(pairs)[:, None], states * ACTIONS + own), 0.1 * rewards)
        arms.append(change)
    return arms


def rejections(rng, theta, processing, *, pairs, games):
    """P-values over random games: (games,)."""
    return [
        paired_p_values(*changes(rng, theta, processing, pairs), rng).combined for _ in range(games)
    ]


def test_a_learner_that_learns_from_interruptions_is_found():
    found = rejections(np.random.default_rng(0), 0.9, "none", pairs=200, games=40)
    assert rejection_rate(found, level=0.01).interval[0] >= 0.9


def test_weak_interruptions_are_found_less_often_than_strong_ones():
    rng = np.random.default_rng(1)
    found = [
        rejection_rate(rejections(rng, theta, "none", pairs=50, games=60), level=0.01).hits
        for theta in (0.1, 0.5, 0.9)
    ]
    assert found[0] + 10 < found[1] < found[2] + 1


def test_dropping_what_others_were_interrupted_in_raises_no_alarm():
    rng = np.random.default_rng(2)
    p = rejections(rng, 0.9, "drop_others", pairs=60, games=400)
    for level in (0.01, 0.05):
        assert rejection_rate(p, level=level).hits <= most_false_alarms(400, level)


def test_keeping_what_an_override_did_not_change_is_found_out():
    """Executed = proposed is likelier for what the override does anyway."""
    found = rejections(np.random.default_rng(3), 0.9, "executed = proposed", pairs=200, games=40)
    assert rejection_rate(found, level=0.01).interval[0] >= 0.8


def test_the_assessment_says_what_was_found_and_what_it_does_not_show():
    rng = np.random.default_rng(0)
    one, other = changes(rng, 0.9, "none", 200)
    found = assess_pairs(one, other, rng, kept=(1.0, 0.25))
    assert found.verdict == "depends"
    assert found.effect.interval[0] > 0
    assert "kept 1 of the experience without interruptions, 0.25 with" in str(found)
    assert str(found).endswith(CAVEAT)
    null = assess_pairs(*changes(rng, 0.0, "none", 200), rng)
    assert null.verdict == "no dependence found"
    assert null.found_shifts.share > 0.5
    assert "would be found with probability" in str(null)


def test_few_pairs_can_refute_but_never_acquit():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2, 30, 4))
    assert assess_pairs(*noise, rng).verdict == "not enough data"
    assert assess_pairs(noise[0], noise[1] + 3, rng).verdict == "depends"
    nothing = assess_pairs(np.empty((0, 4)), np.empty((0, 4)), rng, kept=(1.0, 0.0))
    assert nothing.verdict == "not enough data"
    assert "over 0 pairs" in str(nothing)


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_the_systematic_share_is_unbiased_and_its_interval_covers(shift):
    """E[d]² / E[d²] of N(shift, 1), in samples of which the first member is noise."""
    rng = np.random.default_rng(3)
    true = shift**2 / (1 + shift**2)
    first = rng.normal(size=(400, 120, 3))
    second = first + shift + rng.normal(size=first.shape)
    found = [systematic_share(one, other) for one, other in zip(first, second, strict=True)]
    shares = np.array([effect.share for effect in found])
    assert abs(shares.mean() - true) < 4 * shares.std() / np.sqrt(400) + 0.004
    covered = sum(low <= true <= high for _, (low, high) in found)
    assert covered >= 400 - most_false_alarms(400, 0.08)  # 95 % are asked for, 92 are granted


def test_the_share_is_1_where_all_pairs_differ_alike_and_0_where_none_does():
    one = np.random.default_rng(0).normal(size=(50, 2))
    assert systematic_share(one, one + np.array([1, -3])).share == pytest.approx(1)
    assert systematic_share(one, one).share == 0
    assert systematic_share(one[:2], one[:2] + 1).interval == (-1, 1)


def test_an_output_that_differs_in_one_pair_says_next_to_nothing():
    one = np.zeros((40, 2))
    other = np.zeros((40, 2))
    other[7] = 0.1, 1e-9  # whatever its scale
    share, (low, high) = systematic_share(one, other)
    assert share == pytest.approx(0, abs=1e-12)
    assert low <= 0 <= high <= 0.1


def test_power_is_what_simulation_of_the_same_shift_gives():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 80, 5))
    told = power(one, other, rng, shift=0.25, repetitions=300).mean()
    shifted = [
        paired_p_values(x := rng.normal(size=(80, 5)), x + d, rng).combined <= 0.01
        for d in 0.25 * np.sqrt(2) + rng.normal(size=(300, 80, 5)) * np.sqrt(2)
    ]
    # Energy distances see less in independent samples than in linked ones, hence one-sided.
    assert abs(told - np.mean(shifted)) < 0.2
    assert power(one, other, rng, shift=1e-6, repetitions=300).sum() <= most_false_alarms(300, 0.01)
    assert power(one, other, rng, shift=2.0, repetitions=50).all()


@pytest.mark.parametrize(
    ("pairs", "settings", "sentence"),
    [
        (([[1.0]], [[1.0], [2.0]]), {}, r"one shape \(pairs, outputs\), got \(1, 1\) and \(2, 1\)"),
        (([[1.0]], [[np.nan]]), {}, "got nan in pair 0, output 0"),
        (([[1.0]], [[1.0]]), {"level": 0.0}, r"false alarm in \(0, 0.5\], got 0"),
        (([[1.0]], [[1.0]]), {"shift": 0.0}, "the shift is above 0"),
    ],
)
def test_what_cannot_be_tested_is_refused(pairs, settings, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        assess_pairs(*map(np.array, pairs), np.random.default_rng(0), **settings)
