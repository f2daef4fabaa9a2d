"""A teammate that learned to harm a frozen team, from training to the threat that holds it."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.adversary.view import adversary_view
from rallypoint.agents.saved import Saved
from rallypoint.agents.tabular.by_name import keep, teach
from rallypoint.agents.teammates.focal import focal_returns
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threats import from_dict
from rallypoint.safety.threats.random_action import RandomAction

TOY = "coordination-toy-v0"
SEAT = ("agent_1",)


class Team:
    """Earns 100 together, and is predictable: action 0, and agent 1 the other where that pays."""

    def act(self, observations, draws):
        states = observations["agents"][:, 0]
        return {"agents": np.stack([np.zeros_like(states), states], axis=1)}


def toy(copies):
    return rallypoint.make(TOY, copies=copies)


def earned(threat):
    returns = focal_returns(toy(50), Team(), threat, Byzantine(members=SEAT), seed=9)
    return returns.mean()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("spoiler")
    view = adversary_view(toy(1), Team(), "teammate", victims=SEAT)
    about = Saved("q_learning", TOY, {})
    taught = teach(view, "q_learning", {}, steps=4000, seed=0)
    keep(taught, view, {}, about=about, seed=0, out=out)
    return out


def test_it_makes_nothing_of_a_team_that_is_predictable(folder):
    # Li et al. (2024): of whoever acts predictably in this game, a partner makes 0.
    replacement = {"policy": {"folder": str(folder)}, "victims": "byzantine"}
    learned = from_dict({"kind": "traitor"} | replacement)
    nobody = focal_returns(toy(50), Team(), learned, Byzantine(count=0), seed=9)
    assert nobody.mean() == pytest.approx(100, abs=1)
    assert earned(RandomAction(victims="byzantine")) == pytest.approx(50, abs=3)
    assert earned(learned) <= 1
