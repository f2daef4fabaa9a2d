"""A budget of lies about percepts in words."""

import pytest

import rallypoint
from rallypoint.safety.in_words import told
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.perception.random_percept import RandomPercept


@pytest.mark.parametrize(
    ("reach", "says"),
    [
        (Reach(step=0.5), "for each victim, lies of at most 0.5 at a step (l_inf)"),
        (
            Reach(step=0.5, episode=3.0, norm="l2", scale=(1.0, 0.1), shared=True),
            (
                "for all victims of a copy together, lies of at most 0.5 at a step and 3 in an "
                "episode (l2, entry by entry in units of 1, 0.1)"
            ),
        ),
        (
            Reach(step=0.1, scale="range"),
            (
                "for each victim, lies of at most 0.1 at a step (l_inf, entry by entry in units of "
                "half the width of what can be seen)"
            ),
        ),
        (
            Reach(neighbours="any", episode=4),
            (
                "for each victim, other numbers than the true one, from a list of each, 4 times "
                "in an episode"
            ),
        ),
    ],
)
def test_a_reach_is_told_in_words(reach, says):
    model = ThreatModel(threats=(RandomPercept(budget={"reach": reach}),))
    (threat,) = told(model, rallypoint.make("cartpole-v1"))
    (budget,) = [s.says for s in threat.sentences if s.about == "budget"]
    assert budget == says
