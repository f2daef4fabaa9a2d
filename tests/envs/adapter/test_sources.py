import gymnasium
import numpy as np
import pettingzoo
import pytest
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils.conversions import parallel_to_aec, turn_based_aec_to_parallel

import rallypoint
from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import InvalidConfig, NotConformant, NotReset, Unavailable, UnknownName
from tests.envs.adapter.toys import Levers, Toy

pettingzoo.register("parallel", "lab/lost-v0", entry_point="no_such_package:env")
gymnasium.register("lab/Lost-v0", entry_point="no_such_package:Env")

SPREAD = "mpe2.simple_spread_v3:parallel_env"


@pytest.mark.parametrize(
    ("id", "error", "why"),
    [
        ("gymnasium:CartPol-v1", UnknownName, "did you mean 'CartPole-v1'"),
        (
            "pettingzoo:butterfly/pistonbal-v6",
            UnknownName,
            "did you mean 'butterfly/pistonball-v6'",
        ),
        ("pettingzoo:classic/chess_v6", InvalidConfig, "its agents act in turn"),
        (
            "pettingzoo:classic/tictactoe-v3",
            InvalidConfig,
            "no step in which each of them has chosen",
        ),
        ("pettingzoo:lab/lost-v0", Unavailable, "No module named 'no_such_package'"),
        ("gymnasium:lab/Lost-v0", Unavailable, "No module named 'no_such_package'"),
        ("gymnasium:no_such_package:Cart-v1", Unavailable, "No module named 'no_such_package'"),
        ("gymnasium:json:Cart-v1", UnknownName, "knows no 'json:Cart-v1'"),
        ("gymnasium:Meadow-v0", UnknownName, "of another package is 'gymnasium:PACKAGE:ID'"),
        ("no_such_package:env", Unavailable, "No module named 'no_such_package'"),
        ("no_such_module:Env", Unavailable, "found where its folder is on PYTHONPATH, or it is"),
        ("mpe2.simple_spread_v3:no_env", Unavailable, "no attribute 'no_env'.* that makes one$"),
        ("math:CartPole-v1", Unavailable, "it is 'gymnasium:math:CartPole-v1'"),
        ("mpe2.simple_spread:simple_spread", InvalidConfig, "is nothing to call, but a module"),
        ("pettingzoo:", InvalidConfig, "an environment of another library is 'pettingzoo:ID'"),
        ("CartPole-v1", InvalidConfig, "an environment of another library is 'pettingzoo:ID'"),
        (7, InvalidConfig, "an environment of another library is 'pettingzoo:ID'"),
    ],
)
def test_what_leads_to_no_environment_is_refused_with_the_reason(id, error, why):
    with pytest.raises(error, match=why):
        adapt(id)


def test_importing_a_package_registers_its_environments(tmp_path, monkeypatch):
    (tmp_path / "adapter_meadows.py").write_text(
        "import gymnasium\n"
        "gymnasium.register('Meadow-v3', 'gymnasium.envs.classic_control:CartPoleEnv', "
        "max_episode_steps=7)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    try:
        env = rallypoint.make("gymnasium:adapter_meadows:Meadow-v3", copies=2)
        assert (env.id, env.time_limit) == ("gymnasium:adapter_meadows:Meadow-v3", 7)
    finally:
        gymnasium.registry.pop("Meadow-v3", None)


def test_settings_are_handed_on_and_unknown_ones_refused():
    assert adapt(SPREAD, N=5).num_agents == 5
    with pytest.raises(InvalidConfig, match=r"has no such setting: .* 'wolves'"):
        adapt(SPREAD, wolves=3)


def test_what_needs_more_than_settings_makes_no_environments():
    with pytest.raises(InvalidConfig, match=r"os:system makes no environment .* 'command'"):
        adapt("os:system")


def test_an_environment_that_is_made_already_is_refused():
    with pytest.raises(InvalidConfig, match="give what makes it"):
        adapt(Toy())


def test_each_copy_needs_an_environment_of_its_own():
    only = Toy()
    with pytest.raises(InvalidConfig, match="hands out one environment again and again"):
        adapt(lambda: only, copies=2)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: rallypoint.make("gathering-v0"), "is a batch already"),
        (lambda: gymnasium.make_vec("CartPole-v1", 2), "is a batch already"),
        (dict, r"is no pettingzoo\.ParallelEnv and no gymnasium\.Env, but a builtins\.dict"),
        (
            lambda: turn_based_aec_to_parallel(pettingzoo.make("aec", "classic/rps-v2")),
            "its agents act in turn",
        ),
    ],
)
def test_what_is_no_single_environment_is_refused(make, why):
    with pytest.raises(InvalidConfig, match=why):
        adapt(make)


def test_a_turn_based_task_is_refused_and_a_parallelizable_one_taken():
    class InTurn(AECEnv):
        metadata = {"name": "in_turn_v0"}  # noqa: RUF012  # as PettingZoo's own write it

    with pytest.raises(InvalidConfig, match="its agents act in turn"):
        adapt(InTurn)
    assert adapt(lambda: parallel_to_aec(Toy())).num_agents == 3


@pytest.mark.parametrize("agents", [None, {"a", "b"}, [], ["a", "a"]])
def test_agents_must_be_known_beforehand_and_in_an_order(agents):
    class Unknown(ParallelEnv):
        metadata = {"name": "unknown_v0"}  # noqa: RUF012  # as PettingZoo's own write it

        def __init__(self):
            if agents is not None:
                self.possible_agents = agents

    with pytest.raises(InvalidConfig, match="unknown_v0 cannot be a batch"):
        adapt(Unknown)


def test_copies_that_differ_are_refused():
    sizes = iter([2, 3])
    with pytest.raises(NotConformant, match="of copy 1: possible_agents became"):
        adapt(lambda: adapt_me(next(sizes)), copies=2)


def adapt_me(size):
    env = Toy()
    env.possible_agents = list(env.names[:size])
    return env


@pytest.mark.parametrize(
    ("env", "limit"),
    [(SPREAD, 25), ("gymnasium:CartPole-v1", 500), ("gymnasium:Blackjack-v1", None), (Toy, None)],
)
def test_the_time_limit_is_what_the_environment_says(env, limit):
    assert adapt(env).time_limit == limit
    assert adapt(env, max_cycles=7).time_limit == 7


def test_the_environment_keeps_a_limit_that_it_is_given():
    spread = adapt(SPREAD, max_cycles=7)._plays[0].env
    cart = adapt("gymnasium:CartPole-v1", max_cycles=7)._plays[0].env
    assert spread.unwrapped.max_cycles == 7
    assert cart.env.spec.max_episode_steps == 7


def test_our_own_worlds_come_back_through_pettingzoos_registry():
    assert_is_env(
        "pettingzoo:rallypoint/gathering-v0",
        processes=False,
        num_agents=3,
        cells=5,
        max_cycles=6,
    )


def test_a_no_op_is_what_the_user_says_it_is():
    assert adapt(SPREAD).noop is None
    assert adapt(SPREAD, noop=0).noop == {"agents": 0}
    assert adapt(Toy, noop={"wolf": -1, "sheep": [0, 2]}).noop["sheep"].tolist() == [0, 2]
    assert adapt("gymnasium:Pendulum-v1", noop=[0.0]).noop["agents"] == np.zeros(1)


@pytest.mark.parametrize(
    ("noop", "why"),
    [
        ({"wolf": 0}, r"a dict with one for each of the groups \['wolf', 'sheep'\]"),
        (0, "noop of group 'sheep'"),
        ({"wolf": 5, "sheep": [0, 0]}, r"must be an integer in -1\.\.1, got 5"),
    ],
)
def test_a_no_op_that_is_no_action_is_refused(noop, why):
    with pytest.raises(InvalidConfig, match=why):
        adapt(Toy, noop=noop)


def test_the_seeds_of_copies_do_not_depend_on_company():
    whole, shard = adapt(Levers, copies=8), adapt(Levers, copies=[5, 2])
    whole.reset(seed=7)
    shard.reset(seed=7)
    assert shard.episode_seeds.tolist() == whole.episode_seeds[[5, 2]].tolist()
    assert len(set(whole.episode_seeds.tolist())) == 8
    before = whole.episode_seeds
    whole.reset(mask=np.arange(8) == 3)
    assert (before != whole.episode_seeds).tolist() == (np.arange(8) == 3).tolist()


def test_a_state_is_not_told_before_the_first_reset():
    with pytest.raises(NotReset):
        adapt(SPREAD).state()
