"""Beliefs: teams that learn alike, are tried alike, and are compared seed by seed."""

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.experiments.beliefs.config import BeliefsConfig
from rallypoint.experiments.beliefs.teams import (
    BELIEVING,
    BLIND,
    REMEMBERING,
    TEAMS,
    Learned,
    Point,
    earned,
    learning,
)
from rallypoint.experiments.experiment import File, Metric, Row
from tests.experiments.beliefs.miniature import MINIATURE, SEEDS
from tests.experiments.in_miniature import of_kind


def test_every_team_is_tried_by_every_seed(findings):
    rows = [found.values for found in of_kind(findings, Row)]
    tried = [(row["team"], row["seed"]) for row in rows if "drawn" in row]
    assert sorted(tried) == sorted((team, seed) for team in TEAMS for seed in SEEDS)
    for row in rows:
        if "drawn" in row:
            assert min(row["peace"], row["war"]) <= row["drawn"] <= max(row["peace"], row["war"])
            assert 0 <= row["drawn"] <= MINIATURE.steps
    assert of_kind(findings, File)


def test_gains_are_differences_within_a_seed(findings):
    returns = {found.name: found.value for found in of_kind(findings, Metric)}
    [gain] = [c for c in of_kind(findings, Claim) if c.id == "beliefs/gain"]
    paired = np.subtract(returns[f"{BELIEVING}/drawn"], returns[f"{BLIND}/drawn"])
    assert gain.measured == pytest.approx(paired.mean())
    assert gain.n == len(SEEDS)


def test_beliefs_learn_in_one_team_and_stay_in_another():
    def lost(team):
        *points, end = learning(team, MINIATURE, 0)
        assert isinstance(end, Learned)
        return points, end

    points, believing = lost(BELIEVING)
    assert all(isinstance(point, Point) and point.lost > 0 for point in points)
    _, remembering = lost(REMEMBERING)
    _, blind = lost(BLIND)
    assert blind.network is None
    weights = [next(end.network.parameters()).detach() for end in (believing, remembering)]
    assert (weights[0] != weights[1]).any()  # they began alike, and one has learned
    again = [end for *_, end in [learning(REMEMBERING, BeliefsConfig(rounds=1, steps=6), 0)]]
    assert (next(again[0].network.parameters()) == weights[1]).all()


def test_a_team_that_knows_how_to_earn_earns_in_peace_and_not_in_war():
    class Fits:
        """The first agent does 0, and the second what is paid beside it."""

        def act(self, observations, draws):
            states = observations["agents"][:, :, :2].argmax(axis=2)
            return {"agents": np.stack([0 * states[:, 0], states[:, 1]], axis=1)}

    found = earned(BLIND, Learned(Fits(), None), BeliefsConfig(steps=8, evaluated=400), 0)
    assert found.peace == 8
    # Who is hostile does one thing always. In place of the first: the other is paid always or
    # never. In place of the second: with "0" every other time, and with "1" always from the second
    # state, and never from the first.
    assert found.war == pytest.approx(4, abs=0.5)
