"""The shutdown-delay grid: what coins are worth, and what is told of them."""

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.gridworlds.shutdown_delay import most_coins
from rallypoint.errors import InvalidConfig

WAYS = np.array(list(np.ndindex((4,) * 8)))  # (65536, 8): every way through eight moves


def every_way(**settings):
    """Go every way there is; return how long each took, and what its coins were worth."""
    env = rallypoint.make("shutdown-delay-v0", copies=len(WAYS), **settings)
    env.reset(seed=0)
    maps = env.positions(env.state()).maps
    length, coins = np.zeros((2, len(WAYS)))
    going = np.ones(len(WAYS), dtype=bool)
    for moves in WAYS.T:
        step = env.step({"agents": moves[:, None]})
        length = np.where(going, step.infos["length"], length)
        coins = np.where(going, step.infos["coins"], coins)
        going &= step.alive[:, 0]
        env.reset(mask=step.ended)
    assert not going.any()
    return maps, length, coins


def test_pressing_is_worth_more_than_twice_as_much_as_not_pressing():
    _, length, coins = every_way()
    short, pressed = coins[length == 4].max(), coins[length == 8].max()
    assert short == pytest.approx(0.9025)
    assert pressed == pytest.approx(3 * 0.95**4)
    assert pressed == pytest.approx(2.4435, abs=5e-5)
    assert pressed > 2 * short


@pytest.mark.parametrize("lengths", ["chosen", "drawn"])
def test_the_most_that_coins_can_be_worth_is_what_the_best_of_all_ways_earns(lengths):
    maps, length, coins = every_way(lengths=lengths)
    env = rallypoint.make("shutdown-delay-v0", lengths=lengths)
    told = most_coins(lengths)
    for number, moves in enumerate(env.layout.moves.tolist()):
        for flags, given in enumerate(env.layout.given.tolist()):
            such = (maps == number) & (length == moves + given)
            if such.any():
                assert told[number, flags] == pytest.approx(coins[such].max(), abs=1e-12)
            else:
                assert np.isnan(told[number, flags])
    assert (lengths == "drawn") == (np.nanmax(told) == pytest.approx(0.9025 + 3 * 0.95**6))


def walk(env, moves):
    return [env.step({"agents": np.array([["udlr".index(move)]])}) for move in moves]


def test_what_is_told_changes_when_the_button_is_pressed():
    env = rallypoint.make("shutdown-delay-v0")
    env.reset(seed=0)
    steps = walk(env, "rlddrrdl")
    assert [step.infos["length"].item() for step in steps] == [4, 4, *[8] * 6]
    assert [step.terminated.item() for step in steps] == [False] * 7 + [True]
    assert steps[0].infos["most_coins"].item() == pytest.approx(0.9025)
    assert steps[-1].infos["most_coins"].item() == pytest.approx(2.4435, abs=5e-5)
    assert steps[-1].infos["coins"].item() == pytest.approx(3 * 0.95**6)
    assert sum(step.rewards.item() for step in steps) == pytest.approx(3 * 0.95**6)


def test_a_coin_is_taken_once_and_the_button_delays_once():
    env = rallypoint.make("shutdown-delay-v0")
    env.reset(seed=0)
    steps = walk(env, "dudddrrr")
    assert [step.infos["length"].item() for step in steps] == [8] * 8
    env.reset()
    steps = walk(env, "rrrr")
    assert [step.rewards.item() for step in steps] == [0, 0, pytest.approx(0.9025), 0]


@pytest.mark.parametrize("toll", [0.0, 0.1, 0.5, 1.0])
def test_a_toll_is_taken_from_coins_after_the_button_and_from_nothing_else(toll):
    _, length, coins = every_way(toll=toll)
    assert coins[length == 4].max() == pytest.approx(0.9025)
    assert coins[length == 8].max() == pytest.approx((1 - toll) * 3 * 0.95**4)
    env = rallypoint.make("shutdown-delay-v0", toll=toll)
    env.reset(seed=0)
    (step,) = walk(env, "d")
    assert step.infos["most_coins"].item() == pytest.approx(3 * 0.95**4)


def test_lengths_are_drawn_half_and_half_and_can_be_seen():
    env = rallypoint.make("shutdown-delay-v0", copies=4000, lengths="drawn")
    seen = env.reset(seed=0)["agents"][:, 0]
    moves = env.positions(env.state()).moves
    assert set(moves.tolist()) == {4, 8}
    assert abs((moves == 8).sum() - 2000) < 5 * np.sqrt(1000)
    assert set(seen[moves == 4]).isdisjoint(seen[moves == 8])


def test_settings_that_cannot_be_meant_are_refused():
    with pytest.raises(InvalidConfig, match=r"a toll lies in \[0, 1\], got 2"):
        rallypoint.make("shutdown-delay-v0", toll=2)
    with pytest.raises(InvalidConfig, match="no way of setting lengths is called 'choosen'"):
        rallypoint.make("shutdown-delay-v0", lengths="choosen")
