"""The toy game: its exact oracles, its learners, and what a run says."""

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.envs.games.solve import against
from rallypoint.experiments.experiment import File, Receipts, Row
from rallypoint.experiments.toy_game import learners
from rallypoint.experiments.toy_game.config import ToyGameConfig
from rallypoint.experiments.toy_game.exact import together, with_memory, worst_partner
from rallypoint.experiments.toy_game.playing import Table
from rallypoint.experiments.toy_game.traitors import TRAITORS, returns
from rallypoint.transitions import check_transitions, optimal_values
from tests.experiments.in_miniature import of_kind
from tests.experiments.toy_game.miniature import MINIATURE, SEEDS


@pytest.fixture(scope="module")
def table():
    return Table(SEEDS, 40, "test/toy-game")


def laws_of(*first):
    """Return laws (R, 2, 2) by the probability of the first action in both states."""
    firsts = np.array(first)
    return np.stack([firsts, 1 - firsts], axis=-1)


def guaranteed(table, laws):
    return worst_partner(table.model, laws, horizon=table.horizon).guarantee


def test_predictable_agents_guarantee_nothing_and_coin_tossers_half(table):
    certain = laws_of([0, 0], [0, 1], [1, 0], [1, 1])
    np.testing.assert_allclose(guaranteed(table, certain), 0)
    np.testing.assert_allclose(guaranteed(table, laws_of([0.5, 0.5])), 50)


def test_no_law_without_memory_guarantees_more_than_half(table):
    places = np.linspace(0, 1, 21)
    grid = laws_of(*[(first, second) for first in places for second in places])
    found = guaranteed(table, grid)
    assert found.max() == pytest.approx(50)
    assert grid[found.argmax(), :, 0].tolist() == [0.5, 0.5]


def test_the_worst_partner_is_the_best_response_to_the_opposite_reward(table, rng):
    laws = rng.dirichlet([1, 1], size=(6, 2))
    for law, found in zip(laws, guaranteed(table, laws), strict=True):
        faced = against(table.model, 1, [law, law])
        opposite = faced._replace(rewards=-faced.rewards)
        most = optimal_values(opposite, gamma=1, horizon=100).max(axis=1)
        assert found == pytest.approx(-(table.model.start @ most))


def test_the_worst_partner_leaves_in_the_world_what_it_is_said_to_leave(table, rng):
    laws = rng.dirichlet([1, 1], size=(len(SEEDS), 2))
    worst = worst_partner(table.model, laws, horizon=100)
    both = np.stack(np.broadcast_arrays(laws, worst.law), axis=2)
    played = table.play(table.each(both)).to_go[0].reshape(len(SEEDS), -1) * 100
    error = played.std(axis=1) / 40**0.5
    assert (np.abs(played.mean(axis=1) - worst.guarantee) < 5 * error + 1e-9).all()


def test_what_teams_earn_is_what_they_are_said_to_earn(table, rng):
    laws = rng.dirichlet([1, 1], size=(len(SEEDS), 2, 2))
    played = table.play(table.each(laws[None])).to_go[0].reshape(len(SEEDS), -1) * 100
    expected = together(table.model, laws, horizon=100)
    error = played.std(axis=1) / 40**0.5
    assert (np.abs(played.mean(axis=1) - expected) < 5 * error + 1e-9).all()


def test_the_gradient_is_that_of_what_is_earned():
    many = Table(range(20), 500, "test/toy-gradient")
    logits = np.array([[[0.9, -0.6], [0.7, -0.9]], [[0.8, -0.7], [-0.8, 0.8]]])
    laws = learners.softmax(np.tile(logits, (20, 1, 1, 1)))
    found = many.ascent(many.play(many.each(laws[None])), laws[:, 0], 0)
    step, slopes = 1e-5, np.empty((2, 2))
    for at in np.ndindex(2, 2):
        moved = np.stack([logits, logits])
        moved[(0, 0, *at)] += step
        moved[(1, 0, *at)] -= step
        above, below = together(many.model, learners.softmax(moved), horizon=100) / 100
        slopes[at] = (above - below) / (2 * step)
    error = found.std(axis=0, ddof=1) / 20**0.5
    assert (np.abs(found.mean(axis=0) - slopes) < 5 * error).all()
    assert (np.abs(slopes) > 20 * error).all()  # no other gradient would be as near


def test_episodes_in_which_an_agent_did_not_act_teach_it_nothing(table):
    law = laws_of([0.3, 0.6])[[0, 0, 0]]
    played = table.play(table.each(np.stack([law, law], axis=1)[None]))
    nobody = np.zeros(table.world.num_copies, dtype=bool)
    assert not table.ascent(played, law, 0, of=nobody).any()
    whole = table.ascent(played, law, 0)
    halves = [table.ascent(played, law, 0, of=half) for half in (~nobody, nobody)]
    np.testing.assert_allclose(sum(halves), whole)


def test_with_a_memory_the_game_stays_a_game_and_forgets_nothing(table):
    whole = with_memory(table.model)
    check_transitions(whole)
    assert whole.next_states[:, :, 0].tolist() == [
        [1, 2, 2, 1],  # unequal where equal pays: betrayed, in the first state
        [2, 1, 1, 2],
        [3, 2, 2, 3],
        [2, 3, 3, 2],
    ]


def test_whoever_trusts_until_betrayed_has_both(table):
    trusting = np.array([[1.0, 0], [1, 0]]), np.array([[1.0, 0], [0, 1]])
    coins = np.full((2, 2), 0.5)
    team = np.stack([np.concatenate([own, coins]) for own in trusting])[None]
    whole = with_memory(table.model)
    assert together(whole, team, horizon=100) == pytest.approx(100)
    assert worst_partner(whole, team[:, 0], horizon=100).guarantee == pytest.approx(49.5)
    alone, receipts = returns("trigger", team, (3,), "none", episodes=4)
    assert alone.tolist() == [100]
    assert receipts.disagreements == ()


@pytest.mark.parametrize("traitor", [name for name in TRAITORS if name != "none"])
def test_coin_tossers_earn_half_whatever_their_partner_does(traitor):
    coins = np.full((2, 2, 4, 2), 0.5)
    found, receipts = returns("coins", coins, (0, 1), traitor, episodes=100)
    assert np.abs(found - 50).max() < 5 * 5 / 100**0.5
    assert receipts.disagreements == ()


def test_a_seed_learns_the_same_whoever_learns_beside_it():
    ways = (
        lambda seeds: learners.independent(MINIATURE, seeds),
        lambda seeds: learners.robust(MINIATURE, seeds),
        lambda seeds: learners.with_learned_adversary(MINIATURE, seeds, 0.5),
    )
    for way in ways:
        *_, beside = way((4, 7))
        *_, alone = way((7,))
        np.testing.assert_array_equal(beside[1], alone[0])


def test_independent_learners_get_better_together():
    # One-sided: of ten runs that did not learn, all end better than they began with 0.001.
    curve = list(learners.independent(ToyGameConfig(rounds=15, episodes=8), range(10)))
    model = Table((0,), 2, "test/toy-model").model
    first, last = (together(model, laws, horizon=100) for laws in (curve[0], curve[-1]))
    assert (last > first).all()


def test_a_run_claims_what_it_measured(findings):
    claims = {found.id: found for found in of_kind(findings, Claim)}
    assert {"independent/together", "robust/guaranteed", "trigger/together"} <= claims.keys()
    known = {name for name, claim in claims.items() if claim.documented_limit}
    assert known == {"learned-adversary-0.5/guaranteed", "learned-adversary-1/guaranteed"}
    assert all(claim.n == len(SEEDS) for claim in claims.values())
    assert [found.name for found in of_kind(findings, File)] == ["toy-game.png"]
    rows = [found.values for found in of_kind(findings, Row)]
    assert {row["round"] for row in rows if "round" in row} == {10, 12}
    receipts = of_kind(findings, Receipts)
    assert len(receipts) == 6 * len(TRAITORS)
