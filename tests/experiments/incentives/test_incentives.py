"""The incentives experiment, in miniature: what is measured, and how it is judged."""

import numpy as np

from rallypoint.agents.bandits import BestResponse, UcbOracle
from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Row
from rallypoint.experiments.incentives.measure import (
    INTERESTS,
    MEANS,
    PRINCIPALS,
    PUBLISHED,
    played,
)
from tests.experiments.in_miniature import of_kind
from tests.experiments.incentives.miniature import MINIATURE, SEEDS


def test_every_condition_has_a_claim_and_every_game_a_row(findings):
    claims = [finding.id for finding in of_kind(findings, Claim)]
    assert claims == [
        "incentives/ipa-near-oracle",
        "incentives/ipa-growth/600",
        "incentives/epsilon-greedy-above",
        "incentives/tuned-epsilon-greedy-above",
        "incentives/a-lie-pays",
        "incentives/learning-agent",
        "incentives/obedience",
    ]
    rows = of_kind(findings, Row)
    assert len(rows) == 4 * 3 * len(SEEDS) * len(MINIATURE.horizons)
    assert [finding.name for finding in of_kind(findings, File)] == ["regret.png"]


def test_regret_is_what_was_pulled_less_than_the_best():
    pair = (UcbOracle(rounds=300), BestResponse())
    game = played((3, 4), 5, pair, rounds=300)
    nets = np.array(MEANS) - (max(INTERESTS) - np.array(INTERESTS))
    np.testing.assert_allclose(game.last, 300 * (nets.max() - game.arms @ nets))
    np.testing.assert_allclose(game.overpaid, 1 / 300**2, atol=1e-12)
    assert (np.diff(game.regret, axis=1) >= -1e-9).all()


def test_who_explores_by_chance_is_also_met_at_a_rate_that_suits_the_game():
    """Else IPA is compared with one that explores in a fifth of all rounds, and looks good."""
    regret = {
        name: played((0,), 4, (PRINCIPALS[name](PUBLISHED, 2500), BestResponse()), rounds=2500).last
        for name in ("epsilon_greedy", "tuned_epsilon_greedy")
    }
    assert regret["tuned_epsilon_greedy"] < 0.5 * regret["epsilon_greedy"]
