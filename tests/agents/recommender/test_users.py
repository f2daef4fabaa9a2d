"""Users that click honestly, and those that want one item to be seen."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.episodes import play
from rallypoint.agents.recommender import HonestUsers, Promoter
from rallypoint.draws import Draws
from rallypoint.envs.recommender.world import slate_in
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel


def test_honest_users_click_as_often_as_things_appeal_to_them():
    env = rallypoint.make("recommender-v0", copies=400)
    seen = env.reset(seed=0)
    clicks = HonestUsers().act(seen, Draws(0, "tests/users", env.copies))["users"]
    _, appeals = slate_in(seen)
    for low, high in ((-4, -2), (-1, 0), (1, 3)):
        here = (appeals > low) & (appeals < high)
        chance = (1 / (1 + np.exp(-appeals[here]))).mean()
        assert clicks[here].mean() == pytest.approx(chance, abs=0.01)


@pytest.mark.parametrize("pretends", [False, True])
def test_a_promoter_clicks_on_its_item_and_if_it_pretends_elsewhere_as_the_honest_do(pretends):
    env = rallypoint.make("recommender-v0", copies=50, events=7)
    seen = env.reset(seed=0)
    draws = [Draws(0, "tests/users", env.copies) for _ in range(2)]
    clicks = Promoter(item=3, events=7, pretends=pretends).act(seen, draws[0])["users"]
    honest = HonestUsers().act(seen, draws[1])["users"]
    items, _ = slate_in(seen)
    assert (clicks[items == 3] == 7).all()
    assert (clicks[items != 3] == (honest[items != 3] if pretends else 0)).all()


def test_a_promoter_takes_the_place_of_users_by_its_address():
    env = rallypoint.make("recommender-v0", copies=2, max_cycles=20)
    promotes = {"policy": "rallypoint.agents.recommender:Promoter"}
    model = ThreatModel.from_dict(
        {"threats": [{"kind": "traitor", "victims": ["user_0", "user_1"], "policy": promotes}]}
    )
    attacked = Threatened(env, model)
    everybody = Promoter(item=5)
    for moment in play(attacked, everybody, Draws(0, "tests/users", env.copies), seed=0):
        done = moment.step.infos["executed/users"]
        items, _ = slate_in(moment.observations)
        assert (done[:, :2] == (items[:, :2] == 0)).all()
        assert (done[:, 2:] == (items[:, 2:] == 5)).all()
    assert (items == 5).all()  # as the platform it shows nothing else
    assert not disagreements(attacked.model, attacked.receipts())


def test_where_only_users_are_meant_it_is_not_asked_what_a_platform_would_do():
    env = rallypoint.make("recommender-v0", slate=3)
    promotes = {"policy": "rallypoint.agents.recommender:Promoter"}  # whose slates have 5 places
    table = {"kind": "traitor", "policy": promotes}
    Threatened(env, ThreatModel.from_dict({"threats": [table | {"victims": ["user_0"]}]}))
    with pytest.raises(InvalidConfig, match="for group 'platform'"):
        Threatened(env, ThreatModel.from_dict({"threats": [table | {"victims": "all"}]}))


@pytest.mark.parametrize("settings", [{"item": -1}, {"events": 0}, {"slate": 0}, {"item": 0.5}])
def test_what_cannot_be_meant_is_refused(settings):
    with pytest.raises(InvalidConfig, match=f"{next(iter(settings))} is an integer >= "):
        Promoter(**settings)
