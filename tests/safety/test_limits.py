"""Victims, schedules and budgets."""

import json

import numpy as np
import pytest

from rallypoint.config import from_dict, to_dict
from rallypoint.errors import InvalidConfig
from rallypoint.safety.limits import (
    Budget,
    Byzantine,
    Schedule,
    Share,
    as_budget,
    as_schedule,
    as_victims,
)


@pytest.mark.parametrize(
    ("share", "agents", "expected"),
    [
        (Share(fraction=0.9), 100, 90),
        (Share(fraction=0.9), 10, 9),
        (Share(fraction=0.29), 100, 29),  # 0.29 * 100 is 28.999…
        (Share(fraction=0.29), 50, 15),  # 14.5, and halves go up
        (Share(fraction=0.25), 10, 3),
        (Share(fraction=0.0), 10, 0),
        (Share(fraction=1.0), 7, 7),
        (Share(count=3), 10, 3),
        (Share(count=0), 10, 0),
    ],
)
def test_a_share_is_the_nearest_whole_number(share, agents, expected):
    assert share.of(agents) == expected


@pytest.mark.parametrize("tenths", range(11))
@pytest.mark.parametrize("agents", [10, 20, 50, 100, 1000])
def test_tenths_of_round_numbers_are_exact(tenths, agents):
    share = Share(fraction=tenths / 10)
    assert share.of(agents) == tenths * agents // 10


def test_a_fraction_so_small_that_it_is_nobody_is_refused():
    with pytest.raises(InvalidConfig, match="is nobody; give a count"):
        Share(fraction=0.01).of(10)


def test_more_victims_than_agents_are_refused():
    with pytest.raises(InvalidConfig, match="count = 11 of 10 agents"):
        Share(count=11).of(10)


@pytest.mark.parametrize(
    "settings",
    [
        *({}, {"fraction": 0.5, "count": 1}, {"fraction": 1.1}, {"fraction": -0.1}),
        *({"count": -1}, {"count": 1.5}, {"count": True}, {"fraction": "half"}),
        {"fraction": float("nan")},
        *({"counts": ()}, {"counts": (1, -1)}, {"counts": (1, 2), "count": 1}),
    ],
)
def test_a_share_that_cannot_be_meant_is_refused(settings):
    with pytest.raises(InvalidConfig):
        Share(**settings)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("all", "all"),
        ("byzantine", "byzantine"),
        (["agent_0", 3], ("agent_0", 3)),
        (range(2), (0, 1)),
        ([], ()),
        ({"fraction": 0.5}, Share(fraction=0.5)),
        (Share(count=2), Share(count=2)),
        ({"counts": [0, 2]}, Share(counts=(0, 2))),
    ],
)
def test_victims_are_taken_as_files_say_them_and_as_python_does(given, kept):
    assert as_victims(given) == kept


@pytest.mark.parametrize("given", ["agent_0", "everybody", 3, [1.5], [-1], [True], None])
def test_victims_that_cannot_be_meant_are_refused(given):
    with pytest.raises(InvalidConfig, match="victims are"):
        as_victims(given)


def test_a_misspelt_key_names_the_nearest():
    with pytest.raises(InvalidConfig, match=r"victims has no key 'fractoin'; did you mean 'frac"):
        as_victims({"fractoin": 0.5})
    with pytest.raises(InvalidConfig, match=r"when has no key 'form'; did you mean 'from'"):
        as_schedule({"form": 3})
    with pytest.raises(InvalidConfig, match=r"budget has no key 'steps'.* Known: agents, norm, r"):
        as_budget({"steps": 3})


def brute_force_due(schedule, time):
    occasions = range(schedule.from_, schedule.until or 10**6, schedule.every)
    return time in occasions


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(),
        Schedule(from_=3),
        Schedule(from_=3, until=4),
        Schedule(from_=2, until=9, every=3),
        Schedule(every=4),
    ],
)
def test_occasions_are_those_of_a_range(schedule):
    due = schedule.due(np.arange(20))
    assert due.tolist() == [brute_force_due(schedule, time) for time in range(20)]


@pytest.mark.parametrize(
    "settings",
    [
        *({"from_": -1}, {"from_": 1.5}, {"from_": 3, "until": 3}, {"until": 0}, {"every": 0}),
        *({"probability": 1.1}, {"probability": -0.1}, {"probability": "often"}),
    ],
)
def test_a_schedule_that_cannot_be_meant_is_refused(settings):
    with pytest.raises(InvalidConfig):
        Schedule(**settings)


def test_a_budget_that_cannot_be_meant_is_refused():
    with pytest.raises(InvalidConfig, match="a whole number >= 0"):
        Budget(steps_per_episode=-1)


@pytest.mark.parametrize(
    "settings", [{}, {"count": 1, "fraction": 0.1}, {"members": "agent_0"}, {"count": -1}]
)
def test_byzantine_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(InvalidConfig):
        Byzantine(**settings)


@pytest.mark.parametrize(
    "config",
    [
        Schedule(from_=5, until=9, every=2, probability=0.5),
        Schedule(),
        Budget(steps_per_episode=3),
        Share(fraction=0.25),
        Byzantine(members=("agent_3", 1)),
        Byzantine(count=2),
    ],
)
def test_a_limit_comes_back_from_json_unchanged(config):
    plain = json.loads(json.dumps(to_dict(config)))
    assert from_dict(type(config), plain) == config
    assert to_dict(from_dict(type(config), plain)) == plain


def test_the_key_of_a_schedule_is_from():
    assert to_dict(Schedule(from_=5))["from"] == 5
    assert as_schedule({"from": 5}) == Schedule(from_=5)
    with pytest.raises(InvalidConfig, match="has no key 'from_'"):
        as_schedule({"from_": 5})
