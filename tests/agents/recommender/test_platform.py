"""A platform that learns: what it comes to believe, by which rule, and under which lies."""

from itertools import islice

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.bandits import Pair
from rallypoint.agents.episodes import play
from rallypoint.agents.recommender import HonestUsers, LearningPlatform, Promoter, TrustedMean
from rallypoint.draws import Draws
from rallypoint.envs.recommender.metrics import click_rate
from rallypoint.envs.recommender.world import feedback_in
from rallypoint.errors import Diverged, InvalidConfig, InvalidUpdates, TooManyByzantine
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.teammate.traitor import Traitor
from rallypoint.safety.updates import UpdateThreats

USERS = tuple(f"user_{index}" for index in range(60))


def world(**settings):
    return rallypoint.make("recommender-v0", **({"copies": 2, "max_cycles": 60} | settings))


def platform(env, **settings):
    return LearningPlatform(env.groups, **settings)


def played(env, learner, threats=()):
    """Play an episode; return how likely honest users click in its last third: (E, U)."""
    attacked = Threatened(env, threats) if threats else env
    draws = Draws(0, "tests/recommender", env.copies)
    rates = [
        click_rate(moment.step.infos["shown"], env.chances)
        for moment in play(attacked, Pair(learner, HonestUsers()), draws, seed=0)
    ]
    return np.mean(rates[-len(rates) // 3 :], axis=0)


def liars(count, *threats, copies=2):
    model = ThreatModel.from_dict({"byzantine": {"members": USERS[:count]}, "threats": threats})
    return [UpdateThreats(model, contributors=USERS, seed=copy) for copy in range(copies)]


def test_the_first_round_moves_items_against_what_its_users_say():
    env = world(copies=1, max_cycles=2, num_items=7)
    learner = platform(env, learning_rate=0.5, average=-2.0)
    draws = Draws(0, "tests/recommender", env.copies)
    first, second = play(env, Pair(learner, HonestUsers()), draws, seed=0)
    told = feedback_in(second.observations, 5)
    assert (told.shown == first.step.infos["shown"]).all()
    expected = np.zeros((7, 4))
    chance = 1 / (1 + np.exp(2.0))
    for user, profile in enumerate(told.profiles[0]):
        for item, clicked in zip(told.shown[0, user], told.events[0, user], strict=True):
            # Of the loss, one of 5 events of one of 60 users; the rate is of one of 7 items.
            expected[item] -= 0.5 * 7 * (chance - clicked) * profile / 5 / 60
    np.testing.assert_allclose(learner.items[0], expected, rtol=1e-5, atol=1e-12)


def test_without_liars_and_minorities_all_rules_come_to_about_the_same():
    rates = {}
    for rule in ("mean", "trimmed_mean", "median", "geometric_median", "multi_krum", "nan_median"):
        env = world(minority=0, rank=3)
        f = 0 if rule == "mean" else 5
        rates[rule] = played(env, platform(env, aggregator=rule, f=f)).mean()
    nothing_learned = env.chances.mean()
    assert rates["mean"] > nothing_learned + 0.3
    for rate in rates.values():
        assert rate > 0.93 * rates["mean"]


def test_told_of_nobody_a_rule_that_leaves_out_f_is_the_mean():
    beliefs = []
    for rule in ("mean", "trimmed_mean", "nnm+mean"):
        env = world(max_cycles=10)
        learner = platform(env, aggregator=rule)
        played(env, learner)
        beliefs.append(learner.items)
    np.testing.assert_allclose(beliefs[1], beliefs[0], rtol=1e-6)
    np.testing.assert_allclose(beliefs[2], beliefs[0], rtol=1e-6)


@pytest.mark.parametrize(
    ("rule", "minority", "learns"),
    [
        ("mean", 5, True),
        ("median", 29, False),  # more than half have nothing to say about it
        ("nan_median", 10, False),
        ("nan_median", 11, True),  # 2 f + 1 of them
        ("nan_trimmed_mean", 10, False),
        ("nan_trimmed_mean", 11, True),
    ],
)
def test_a_minority_is_learned_about_only_by_rules_that_can_tell_it_from_liars(
    rule, minority, learns
):
    env = world(minority=minority, max_cycles=40)
    learner = platform(env, aggregator=rule, f=0 if rule == "mean" else 5)
    played(env, learner)
    of_minority = learner.items[..., 2:]
    assert (of_minority != 0).any() == learns
    assert (learner.items[..., :2] != 0).any()


@pytest.mark.parametrize("lie", [{"kind": "sign_flip", "factor": 50.0}, {"kind": "gaussian"}])
def test_arbitrary_updates_break_the_mean_and_no_robust_rule(lie):
    rates = {}
    for rule in ("mean", "trimmed_mean", "nan_trimmed_mean", "multi_krum"):
        env, frames = world(), liars(5, lie)
        f = 0 if rule == "mean" else 5
        rates[rule] = played(env, platform(env, aggregator=rule, f=f, frames=frames))[:, 5:].mean()
        for frame in frames:
            assert not disagreements(frame.model, frame.receipts())
            assert frame.receipts()[0].applications
    assert rates.pop("mean") < 0.6
    assert min(rates.values()) > 0.7


def test_an_update_that_is_no_number_is_refused_by_the_mean_and_left_out_by_others():
    env = world(max_cycles=3)
    with pytest.raises(InvalidUpdates):
        played(env, platform(env, frames=liars(1, {"kind": "nan"})))
    learner = platform(env, aggregator="multi_krum", f=1, frames=liars(1, {"kind": "nan"}))
    played(env, learner)
    assert np.isfinite(learner.items).all()


def test_what_nobody_says_anything_about_any_more_stays_as_it_is():
    env = world(copies=1, max_cycles=9)
    silence = {"kind": "partial_drop", "fraction": 1.0, "fill": "nan", "when": {"from": 4}}
    learner = platform(env, aggregator="nan_median", frames=liars(60, silence, copies=1))
    draws = Draws(0, "tests/recommender", env.copies)
    moments = play(env, Pair(learner, HonestUsers()), draws, seed=0)
    beliefs = [learner.items for _ in moments]
    assert (beliefs[3] != beliefs[4]).any()
    assert (beliefs[4] == beliefs[8]).all()


def test_promoters_that_click_more_move_who_weighs_events_and_not_who_weighs_users():
    far = {}
    for weigh in ("events", "users"):
        for events in (100, 10_000):
            env = world(events=events, max_cycles=20)
            threat = Traitor(victims=USERS[:5], policy=Promoter(events=events))
            learner = platform(env, weigh=weigh)
            played(env, learner, [threat])
            far[weigh, events] = np.linalg.norm(learner.items[:, 0], axis=-1).mean()
    assert far["events", 10_000] > 10 * far["events", 100]
    assert far["users", 10_000] == pytest.approx(far["users", 100], rel=0.2)


def test_what_a_copy_learns_does_not_depend_on_those_beside_it():
    beliefs = []
    for copies in ([4], [9, 4]):
        env = world(copies=copies, max_cycles=8)
        learner = platform(env, aggregator="geometric_median", f=5)
        played(env, learner)
        beliefs.append(learner.items[-1])
    assert (beliefs[0] == beliefs[1]).all()


def test_episodes_begin_anew_in_the_copies_where_they_do():
    env = world(max_cycles=20)
    learner = platform(env)
    draws = Draws(0, "tests/recommender", env.copies)
    for _ in islice(play(env, Pair(learner, HonestUsers()), draws, seed=0), 5):
        pass
    before = learner.items
    learner.begin_episode(np.array([True, False]))
    assert (learner.items[0] == 0).all()
    assert (learner.items[1] == before[1]).all()
    assert before[1].any()


def test_a_platform_with_a_rule_of_its_own_shows_it_updates_and_profiles():
    env, seen = world(copies=1, max_cycles=3), []

    def rule(updates, profiles):
        seen.append((updates.shape, profiles.shape))
        return updates.mean(axis=0)

    own, mean = platform(env, aggregator=rule), platform(env)
    played(env, own)
    played(env, mean)
    assert seen == [((60, 120), (60, 4))] * 2  # the first slates have not been acted on
    np.testing.assert_allclose(own.items, mean.items, atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"learning_rate": 0.0}, "learning_rate is a finite number > 0, got 0.0"),
        ({"exploration": 1.2}, r"exploration is a finite number in \[0, 1\], got 1.2"),
        ({"aggregator": "fltrust"}, "fltrust needs root, which a platform does not know"),
        ({"aggregator": "median", "f": 60}, "f must be at least 0 and below n"),
        ({"frames": [UpdateThreats((), contributors=3, seed=0)]}, "got one of 3"),
        ({"weigh": "clicks"}, "users or events, got 'clicks'"),
        ({"learning_rate": "fast"}, "learning_rate is a finite number > 0, got 'fast'"),
        ({"average": np.nan}, "average is a finite number, got nan"),
        ({"aggregator": None}, "an aggregator is one by name, or a function .*, got None"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, says):
    env = world(max_cycles=3)
    with pytest.raises(InvalidConfig, match=says):
        played(env, platform(env, **settings))


@pytest.mark.parametrize(
    "rule",
    [
        lambda updates, _profiles: updates,
        lambda updates, _profiles: np.nan * updates[0],
        lambda _updates, _profiles: None,
    ],
)
def test_a_rule_that_makes_no_update_of_all_is_told_so(rule):
    env = world(max_cycles=3)
    with pytest.raises(InvalidUpdates, match="a rule makes one update of finite numbers"):
        played(env, platform(env, aggregator=rule))


def test_items_that_are_not_finite_any_more_end_it():
    env = world(max_cycles=5)
    with pytest.raises(
        Diverged, match=r"smaller learning_rate than 1e\+305, or a rule that bounds"
    ):
        played(env, platform(env, learning_rate=1e305, aggregator=lambda u, _: 1e3 + 0 * u[0]))


def test_a_bound_that_is_broken_is_refused_before_anything_is_shown():
    with pytest.raises(TooManyByzantine, match=r"n >= 2 f \+ 1"):
        platform(world(), aggregator="median", f=30)


def test_frames_are_one_for_each_copy():
    env = world(copies=2)
    with pytest.raises(InvalidConfig, match="3 frames are for as many copies, and there are 2"):
        played(env, platform(env, frames=liars(1, {"kind": "zero"}, copies=3)))


def test_another_world_is_no_place_for_a_platform():
    with pytest.raises(InvalidConfig, match=r"got \['agents'\]; make recommender-v0"):
        LearningPlatform(rallypoint.make("gathering-v0").groups)


def test_a_platform_that_trusts_learns_too():
    env = world()
    rate = played(env, platform(env, aggregator=TrustedMean(f=5))).mean()
    assert rate > env.chances.mean() + 0.25
