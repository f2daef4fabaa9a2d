"""A conformant world passes, and each fault is named."""

import pickle
from functools import partial

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.conformance import assert_is_env
from rallypoint.errors import InvalidConfig, NotConformant, UnknownName
from rallypoint.registration import envs
from rallypoint.wrapper import BatchWrapper
from tests.envs.broken import chance, copies, declarations, lives, parts, refusals, returns
from tests.envs.broken.catalogue import FAULTS
from tests.envs.harbour import Harbour

LONGEST = 200  # steps of an episode: every world comes to the end of its own, and soon
FOLDER = (chance, copies, declarations, lives, parts, refusals, returns)


def test_a_world_of_somebody_else_with_groups_arrivals_and_deaths_passes():
    assert_is_env(Harbour)


def test_an_episode_of_one_step_passes():
    assert_is_env(Harbour, max_cycles=1, processes=False)


def test_an_episode_longer_than_it_is_followed_passes():
    assert_is_env(Harbour, max_cycles=50, max_steps=20, processes=False)


@pytest.mark.parametrize("id", list(envs))
def test_every_registered_world_passes(id):
    is_long = (rallypoint.make(id).time_limit or 0) > LONGEST
    assert_is_env(id, **({"max_cycles": LONGEST} if is_long else {}))


@pytest.mark.parametrize("id", list(envs))
def test_every_registered_world_can_be_sent_elsewhere_and_goes_on_there_alike(id):
    here = rallypoint.make(id, copies=2)
    here.reset(seed=3)
    there = pickle.loads(pickle.dumps(here))  # noqa: S301  # our own
    actions = {
        group.name: np.array(
            [[group.action_space.sample() for _ in group.agents] for _ in range(2)]
        ).astype(group.action_space.dtype)
        for group in here.groups
    }
    if "action_mask" in here.offers:
        actions = {name: mask.argmax(axis=-1) for name, mask in here.action_mask().items()}
    one, other = here.step(actions), there.step(actions)
    for name, seen in one.observations.items():
        np.testing.assert_array_equal(seen, other.observations[name])
    np.testing.assert_array_equal(one.rewards, other.rewards)


@pytest.mark.parametrize(
    "settings", [{"num_agents": 1, "cells": 3}, {"num_agents": 7, "start": "antipodal"}], ids=str
)
def test_gathering_passes_at_other_sizes_and_starts(settings):
    assert_is_env("gathering-v0", processes=False, max_cycles=20, **settings)


@pytest.mark.parametrize(
    ("broken", "sentence"), FAULTS.items(), ids=[broken.__name__ for broken in FAULTS]
)
def test_a_fault_is_named(broken, sentence):
    with pytest.raises(NotConformant, match=sentence) as raised:
        assert_is_env(broken, processes=broken is chance.DependsOnTheHashSeed)
    assert str(raised.value).startswith(f"{broken.__name__}: ")
    assert "\n" not in str(raised.value)


def wrapped(**settings):
    return BatchWrapper(Harbour(**settings))


def test_a_wrapped_world_passes():
    assert_is_env(wrapped)


def test_every_file_of_broken_worlds_is_tried():
    assert {broken.__module__ for broken in FAULTS} == {module.__name__ for module in FOLDER}


def test_what_is_no_world_is_named():
    with pytest.raises(NotConformant, match="dict: it makes a dict, which is no BatchEnv"):
        assert_is_env(dict)


def test_what_cannot_be_made_is_named():
    with pytest.raises(NotConformant, match=r"making it with copies=3 raises TypeError: .*'boats'"):
        assert_is_env(Harbour, boats=3)


def test_a_registered_class_that_makes_no_world_is_told_so(monkeypatch):
    list(envs)  # found
    monkeypatch.setattr(envs, "_parts", {**envs._parts, "meadow/uncopied-v0": lambda: None})
    with pytest.raises(
        NotConformant, match=r"meadow/uncopied-v0: making it .* TypeError: .*copies"
    ):
        assert_is_env("meadow/uncopied-v0")


def test_an_unknown_id_is_not_the_fault_of_a_world():
    with pytest.raises(UnknownName, match="did you mean 'gathering-v0'"):
        assert_is_env("gatherin-v0")


@pytest.mark.parametrize(
    "hidden", [lambda **settings: Harbour(max_cycles=3, **settings), partial(Harbour, max_cycles=3)]
)
def test_what_a_fresh_process_cannot_import_is_refused_with_the_way_out(hidden):
    with pytest.raises(InvalidConfig, match=r"cannot be imported by a fresh .* or processes=False"):
        assert_is_env(hidden)
    assert_is_env(hidden, processes=False)


class Moored(Harbour):
    """Takes a setting that no other process can be told of."""

    def __init__(self, *, anchor, **settings):
        super().__init__(**settings)


def test_settings_that_a_fresh_process_cannot_be_told_are_refused_with_the_way_out():
    with pytest.raises(InvalidConfig, match="give plain values, or processes=False"):
        assert_is_env(Moored, anchor=object())
