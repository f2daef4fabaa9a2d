"""Groups of whom nobody is heard: what is told of them, and what their silence leaves to others."""

import numpy as np
import pytest

from rallypoint.agents.gradient import scsg
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.server import Server
from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import Aggregator
from tests.agents.gradient.trades import Trades, learner_of, rounds_in


class NoTuners(Rollout):
    """The tuners never act."""

    def _acting(self):
        acting = super()._acting().copy()
        acting[:, 3:] = False
        return acting


@pytest.mark.filterwarnings("error")
def test_of_a_group_without_honest_updates_nothing_is_told_and_nobody_is_warned():
    rounds = rounds_in(learner_of("a2c"), Trades(copies=9), rollout=NoTuners)
    before = rounds.server.parameters
    sorters, tuners = rounds.train_round().of_actors
    first, second = (actor.part for actor in rounds.actors.each)
    assert np.isfinite(sorters.ratio).all()
    assert np.isnan([*tuners.ratio, *tuners.cosine, *tuners.returns]).all()
    assert second.of(rounds.server.parameters).tobytes() == second.of(before).tobytes()
    assert first.of(rounds.server.parameters).tobytes() != first.of(before).tobytes()


def test_whom_the_server_has_not_met_does_not_end_its_steps(monkeypatch):
    learner = learner_of("fedpg_br", fewest=12, most=12, own_batch=1, learning_rate=1e-7)
    taken = {}
    for played in (Rollout, NoTuners):  # by the server alone
        rounds = rounds_in(learner, Trades(copies=36))
        monkeypatch.setattr(scsg, "Rollout", played)
        rounds.train_round()
        taken[played] = rounds._descent.last.steps.tolist()
    assert taken[NoTuners] == taken[Rollout] == rounds._descent.last.drawn.tolist()
    assert taken[Rollout][0] > 1


def test_a_server_that_does_not_know_of_all_actors_is_refused():
    """Who was silent as the first actor would be left out of the second, too."""
    rounds = rounds_in(learner_of("a2c"), Trades(copies=9))
    server = Server(rounds.server.weights, [Aggregator.parse("mean")], f=0, seeds=[0])
    workshop = rounds.delivery.workshops[0]
    with pytest.raises(InvalidConfig, match="aggregates 1 parts of the model, and there are 2"):
        Rounds(
            workshop.rollout,
            rounds.actors,
            learner_of("a2c"),
            rounds._contributors,
            server,
            steps=3,
            seeds=[0],
        )
