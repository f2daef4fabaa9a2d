"""Principals and agents, against what must come out of their games by arithmetic."""

import math
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rallypoint
from rallypoint.agents.bandits import (
    BestResponse,
    EpsilonGreedyPrincipal,
    Ipa,
    LearningArms,
    LyingResponse,
    Pair,
    UcbOracle,
)
from rallypoint.agents.bandits.principal import NetUcb
from rallypoint.agents.episodes import play
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig

INTERESTS = st.lists(st.floats(0, 1), min_size=2, max_size=5)


def game(interests, *, rounds, copies=2, **settings):
    means = np.linspace(0.9, 0.1, len(interests))
    settings = {"means": means, "interests": interests, "rounds": rounds} | settings
    return rallypoint.make("principal-agent-v0", copies=copies, **settings)


def answers(env, *members, seed=0):
    """Play, and yield each answer with the offers it was given to: arms (E,), offers (E, K)."""
    for moment in play(env, Pair(*members), Draws(seed, "tests/bandits", env.copies), seed=seed):
        if moment.time % 2:
            seen = moment.observations["agent"][:, 0]
            arms = env.num_arms
            yield moment.actions["agent"][:, 0], seen[:, 1 : 1 + arms], moment.step


@given(INTERESTS)
def test_the_search_brackets_the_least_incentive_of_every_arm(interests):
    rounds = 200
    env, ipa = game(interests, rounds=rounds), Ipa(num_arms=len(interests), rounds=rounds)
    knower = BestResponse(interests=interests)
    for _ in islice(answers(env, ipa, knower), ipa.search + 1):
        pass  # learned from at the next offer, which is what the one round more is for
    over = ipa.incentives - env.least
    assert (over >= 0).all()
    assert (over <= 2.0**-ipa.bits + 1e-12).all()
    assert ipa.search == len(interests) * math.ceil(math.log2(rounds))


@given(INTERESTS)
def test_after_the_search_every_recommendation_is_taken(interests):
    rounds = 120
    env, ipa = game(interests, rounds=rounds), Ipa(num_arms=len(interests), rounds=rounds)
    for number, (arms, offers, _) in enumerate(
        answers(env, ipa, BestResponse(interests=interests))
    ):
        if number >= ipa.search:
            assert (arms == offers.argmax(axis=1)).all()


class LastOfEquals(BestResponse):
    """Selfish, and of equally good arms it pulls the last."""

    @staticmethod
    def _best(offers, interests):
        total = interests + offers
        return total.shape[1] - 1 - total[:, ::-1].argmax(axis=1)


@pytest.mark.parametrize("agent", [BestResponse, LastOfEquals])
@pytest.mark.parametrize("interests", [(0.5, 1.0, 0.25), (1.0, 0.5, 0.25), (0.25, 0.5, 1.0)])
def test_more_is_offered_than_makes_arms_equal_however_equals_are_told_apart(agent, interests):
    # Each least incentive is the middle of the first or second search, where all arms are equal.
    rounds = 100
    env, ipa = game(interests, rounds=rounds), Ipa(num_arms=3, rounds=rounds)
    played = list(answers(env, ipa, agent(interests=interests)))[ipa.search :]
    for arms, offers, _ in played:
        each = np.arange(len(arms))
        assert (arms == offers.argmax(axis=1)).all()
        # The search may have found the least to the last bit, since equals may answer yes.
        assert (offers[each, arms] >= env.least[arms] + 1 / rounds**2 - 1e-15).all()


def test_ipa_regrets_little_more_than_who_knows_the_agent():
    regrets = {}
    for principal in (Ipa(rounds=2500), UcbOracle(rounds=2500)):
        env = rallypoint.make("principal-agent-v0", copies=20)
        best = env.nets.max()
        nets = [step.infos["net"] for *_, step in answers(env, principal, BestResponse())]
        regrets[type(principal)] = (best - np.array(nets)).sum(axis=0).mean()
    assert regrets[UcbOracle] < regrets[Ipa] < 1.5 * regrets[UcbOracle] + 5 * math.log2(2500)


def test_learning_is_from_what_is_left_after_the_incentive():
    interests = (1.0, 0.2)  # arm 1 brings more, and takes an incentive that eats it up
    env = game(interests, rounds=400, means=(0.5, 1.0), noise=0.0)
    pulled = [
        arms
        for arms, *_ in answers(env, Ipa(num_arms=2, rounds=400), BestResponse(interests=interests))
    ]
    assert (np.array(pulled)[200:] == 0).mean() > 0.6


def test_the_index_is_the_mean_and_its_width():
    found = NetUcb(100).index(np.array([[6.0, 0.0]]), np.array([[3.0, 0.0]]))
    assert found.tolist() == [[2 + math.sqrt(4 * math.log(100) / 3), math.inf]]


def test_a_horizon_too_short_for_the_search_is_refused():
    with pytest.raises(InvalidConfig, match=r"5 ceil\(log2 25\) = 25 rounds, and there are 25"):
        Ipa(num_arms=5, rounds=25)


def shortest(bounds):
    """Close bounds on differences under going from arm to arm: Floyd and Warshall."""
    bounds = bounds.copy()
    for middle in range(len(bounds)):
        bounds = np.minimum(bounds, bounds[:, middle, None] + bounds[None, middle])
    return bounds


@given(INTERESTS, st.integers(0, 2**32))
def test_what_is_sure_follows_from_all_answers_by_shortest_paths(interests, seed):
    arms = len(interests)
    env = game(interests, rounds=30, copies=1)
    principal = EpsilonGreedyPrincipal(num_arms=arms, rounds=30, exploration=15.0)
    bounds = np.where(np.eye(arms, dtype=bool), 0.0, 1.0)
    for pulled, offers, _ in answers(env, principal, BestResponse(interests=interests), seed=seed):
        known = principal._memory["bounds"][0]
        np.testing.assert_allclose(known, shortest(bounds), atol=1e-9)
        arm = pulled[0]
        bounds[:, arm] = np.minimum(bounds[:, arm], offers[0, arm] - offers[0])
    differences = np.subtract.outer(np.array(interests), np.array(interests))
    assert (differences <= principal._memory["bounds"][0] + 1e-9).all()
    assert principal.contradictions.tolist() == [0]


def test_rounding_never_makes_an_offer_negative():
    env = rallypoint.make("principal-agent-v0", copies=50, rounds=3000)
    principal = EpsilonGreedyPrincipal(rounds=3000, exploration=2000.0)
    for _, offers, _ in answers(env, principal, LearningArms(exploration=20.0), seed=3):
        assert (offers >= 0).all()
    assert (np.diagonal(principal._memory["bounds"], axis1=1, axis2=2) == 0).all()


def test_a_liar_is_paid_its_bribe_for_ever_and_contradicts_itself_before_who_asks_at_random():
    ipa = Ipa(rounds=500)
    env = rallypoint.make("principal-agent-v0", copies=4, rounds=500)
    liar = LyingResponse(bribe=0.1, lies_for=ipa.search)
    over = [step.infos["paid"] - env.least[arms] for arms, _, step in answers(env, ipa, liar)]
    settled = np.array(over)[ipa.search + 50 :]
    bribed = settled[settled > 0.05]
    assert len(bribed) > 0.5 * settled.size
    np.testing.assert_allclose(bribed, 0.1, atol=2 * 2.0**-ipa.bits)
    asks = EpsilonGreedyPrincipal(rounds=500)
    for _ in answers(env, asks, LyingResponse(bribe=0.3, lies_for=100)):
        pass
    assert (asks.contradictions > 0).all()


def test_who_learns_its_interests_comes_to_answer_as_who_knows_them():
    env = rallypoint.make("principal-agent-v0", copies=10, rounds=600, agent_noise=0.3)
    anything = EpsilonGreedyPrincipal(exploration=1e9)
    knower = BestResponse()
    agreed = [
        arms == (knower.interests + offers).argmax(axis=1)
        for arms, offers, _ in answers(env, anything, LearningArms(exploration=5.0))
    ]
    assert np.mean(agreed[:20]) < 0.75
    assert np.mean(agreed[300:]) > 0.9


def test_episodes_begin_anew_in_the_copies_where_they_do():
    ipa = Ipa(rounds=100)
    env = rallypoint.make("principal-agent-v0", copies=3, rounds=100)
    for _ in islice(answers(env, ipa, BestResponse()), 20):
        pass
    before = ipa.incentives
    assert (before < 1).any()
    ipa.begin_episode(np.array([False, True, False]))
    assert (ipa.incentives[1] == 1).all()
    assert (ipa.incentives[[0, 2]] == before[[0, 2]]).all()


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: LyingResponse(bribe=-0.1), "bribe is a finite number >= 0, got -0.1"),
        (lambda: LyingResponse(lies_for=-1), "lies_for is an integer >= 0, got -1"),
        (lambda: EpsilonGreedyPrincipal(exploration=0), "a finite number > 0, got 0"),
        (lambda: EpsilonGreedyPrincipal(rounds=0), "rounds is an integer >= 1, got 0"),
        (lambda: EpsilonGreedyPrincipal(num_arms=1), "num_arms is an integer >= 2, got 1"),
        (lambda: Ipa(num_arms=0, rounds=100), "num_arms is an integer >= 2, got 0"),
        (lambda: Ipa(most=np.nan), "most is a finite number > 0, got nan"),
        (lambda: UcbOracle(rounds=0), "rounds is an integer >= 1, got 0"),
        (lambda: UcbOracle(interests=()), "interests are finite numbers, one for each of two"),
        (lambda: BestResponse(interests=(0.1, np.nan)), "interests are finite numbers"),
        (lambda: LearningArms(num_arms=1), "num_arms is an integer >= 2, got 1"),
        (lambda: LearningArms(exploration=-1), "a finite number >= 0, got -1"),
        (lambda: Ipa(most="all"), "most is a finite number > 0, got 'all'"),
        (lambda: BestResponse(interests="ab"), "interests are finite numbers"),
    ],
)
def test_what_cannot_be_meant_is_refused(made, says):
    with pytest.raises(InvalidConfig, match=says):
        made()


@pytest.mark.parametrize("agent", [BestResponse(), LyingResponse(), LearningArms()])
def test_an_agent_of_other_arms_than_the_game_has_is_told_so(agent):
    env = rallypoint.make("principal-agent-v0", means=(0.1, 0.2), interests=(0.2, 0.1))
    with pytest.raises(InvalidConfig, match="agent of 5 arms was offered something for 2; give it"):
        agent.act(env.reset(seed=0), Draws(0, "evaluate/policy", env.copies))
