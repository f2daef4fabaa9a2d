"""Interruption: what it overrides, how often, and what it leaves as it was."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threats.interruption import Interruption
from tests.safety.interruption.ways import EVERY_WAY
from tests.safety.stubs import Doze, Noise, Stop, actions_at, bits, ground, moving, play

LEVEL = 0.999  # of the limits within which counts must fall


def stopped(env, steps=4, *, seed=0):
    """Play actions that do something; return who was interrupted, at each step: (K, E, N)."""
    env.reset(seed=seed)
    rows = []
    for _ in range(steps):
        step = env.step(moving(env))
        rows.append(step.infos["interrupted"])
    return np.array(rows)


def under(*, copies=6, **settings):
    return Threatened(ground(copies=copies), [Interruption(**settings)])


def assert_chance(happened, chance):
    low, high = binom.interval(LEVEL, happened.size, chance)
    assert low <= happened.sum() <= high


@pytest.mark.parametrize("threat", EVERY_WAY, ids=lambda t: str(t.to_dict()["initiation"]))
def test_every_way_to_interrupt_keeps_the_contract(threat):
    assert_is_threat(threat)


@pytest.mark.parametrize("threat", EVERY_WAY, ids=lambda t: str(t.to_dict()["initiation"]))
def test_only_the_actions_of_the_interrupted_differ_and_no_episode_ends(threat):
    env = Threatened(ground(copies=9), [threat])
    for step in play(env, 30):
        interrupted = step.infos["interrupted"]
        for group, columns in (("walkers", slice(0, 3)), ("gliders", slice(3, 5))):
            same = step.infos[f"executed/{group}"] == step.infos[f"proposed/{group}"]
            same = same.reshape(*same.shape[:2], -1).all(axis=2)
            assert same[~interrupted[:, columns]].all()
        # The world alone ends things: whoever falls or runs out of time.
        assert (step.terminated <= (np.abs(env.state()) > 3)).all()
        assert (step.truncated.any(axis=1) <= (env.time == 12)).all()
    assert disagreements(env.model, env.receipts()) == []


def test_a_frozen_agent_stays_where_it_is_and_alive():
    env = under(theta=0.5, copies=50)
    env.reset(seed=0)
    before = env.state()
    step = env.step(moving(env))
    walkers = slice(0, 3)
    stays = (env.state() == before)[:, walkers]
    assert (stays == step.infos["interrupted"][:, walkers]).all()
    assert step.alive.all()


def test_theta_0_is_bit_identical_to_no_threat():
    for theta in (0, 0.0):
        null = under(theta=theta, draw="episode", shared=True)
        assert bits(play(null, 30), infos=False) == bits(play(ground(copies=6), 30), infos=False)


def test_another_theta_or_seed_moves_no_stream_but_its_own():
    others = (
        Noise(victims={"fraction": 0.4}),
        Doze(victims={"count": 2}, odds=0.3),
        Stop(victims=["walker_0"], theta=0.5),
    )

    def run(**settings):
        # It stops whom nobody else looks at, so that only its own stream can show.
        threat = Interruption(initiation={"steps": [1, 2]}, policy={"action": 1}, **settings)
        env = Threatened(Lone(copies=30), [*others, replace(threat, victims=["walker_2"])])
        return list(play(env, 40))

    first, again = run(), run()
    assert bits(first) == bits(again)
    for other in (run(theta=0.9), run(seed=77)):
        differs = False
        for one, two in zip(first, other, strict=True):
            differs |= bool((one.infos["interrupted"] != two.infos["interrupted"]).any())
            assert (one.infos["interrupted"] == two.infos["interrupted"])[:, [0, 1, 3, 4]].all()
            for name in ("gliders", "walkers"):
                rest = slice(0, 2)
                for key in ("proposed", "executed"):
                    same = one.infos[f"{key}/{name}"] == two.infos[f"{key}/{name}"]
                    assert same[:, rest].all()
                seen = one.observations[name] == two.observations[name]
                assert seen[:, rest].all()
            assert (one.rewards == two.rewards)[:, [0, 1, 3, 4]].all()
        assert differs


class Lone(ProvingGround):
    """A line on which nobody sees anybody else, so that one agent's fate shows nowhere else."""

    def _observe(self):
        seen = super()._observe()
        return {
            name: array * np.float32([1, 0, 0, 1][: array.shape[2]]) for name, array in seen.items()
        }


def test_the_worlds_own_stream_stays_whatever_the_interruption_draws():
    def starts(**settings):
        env = under(**settings)
        return [env.reset(seed=3 if i == 0 else None)["walkers"][..., 0] for i in range(4)]

    for settings in ({"theta": 0.9}, {"seed": 5}, {"draw": "episode"}, {"policy": "uniform"}):
        for one, other in zip(starts(), starts(**settings), strict=True):
            assert (one == other).all()


def test_coins_fall_for_each_agent_alone():
    who = stopped(under(theta=0.3, copies=2000), 3)
    assert_chance(who, 0.3)
    both = who[..., 0] & who[..., 1]
    assert_chance(both, 0.09)
    assert_chance(who[1] & who[2], 0.09)  # from step to step
    assert_chance(who[..., 0] & who[..., 4], 0.09)  # in another group


def test_a_shared_coin_falls_for_all_agents_of_a_copy_at_once():
    who = stopped(under(theta=0.3, copies=4000, shared=True), 3)
    assert (who == who[..., :1]).all()
    assert_chance(who[..., 0], 0.3)
    assert_chance(who[0, :, 0] & who[1, :, 0], 0.09)  # but anew at each step


def test_one_coin_an_episode_falls_before_it_begins_and_holds_to_its_end():
    env = under(theta=0.4, copies=3000, draw="episode")
    assert not env.will_interrupt.any()
    env.reset(seed=1)
    announced = env.will_interrupt
    assert_chance(announced, 0.4)
    for _ in range(4):
        step = env.step(moving(env))
        assert (step.infos["will_interrupt"] == announced).all()
        assert (step.infos["interrupted"] == (announced & step.alive)).all()
    env.reset(mask=np.arange(3000) < 1500)
    again = env.will_interrupt
    assert (again[1500:] == announced[1500:]).all()
    assert_chance(again[:1500] & announced[:1500], 0.16)


def test_a_shared_coin_an_episode_is_everybodys():
    env = under(theta=0.4, copies=3000, draw="episode", shared=True)
    env.reset(seed=1)
    assert (env.will_interrupt == env.will_interrupt[:, :1]).all()
    assert_chance(env.will_interrupt[:, 0], 0.4)


def test_nothing_is_announced_where_each_step_has_its_own_coin_or_nobody_is_meant():
    for settings in ({"draw": "step", "theta": 0.9}, {"draw": "episode", "victims": []}):
        env = under(**settings)
        assert not env.will_interrupt.any()  # before the first reset
        env.reset(seed=0)
        assert not env.will_interrupt.any()
    with pytest.raises(ValueError, match="read-only"):
        env.will_interrupt[0] = True


def test_who_is_overridden_acts_alone_again_after_so_many_more_steps():
    env = under(initiation={"steps": [2, 7]}, theta=0.6, resume_after=3, copies=400)
    who = stopped(env, 12)
    fired = who[[2, 7]]
    assert_chance(fired, 0.6)
    for start, hit in ((2, fired[0]), (7, fired[1])):
        assert (who[start : start + 4] == hit).all()
    assert not who[[0, 1, 6, 11]].any()


def test_an_interruption_that_goes_on_begins_its_count_anew_when_it_fires_again():
    env = under(initiation={"steps": [1, 2]}, theta=0.999999, resume_after=2)
    who = stopped(env, 8)
    assert who[1:5].all()
    assert not who[5:].any()


def test_what_did_not_happen_does_not_go_on():
    env = under(initiation={"steps": [1]}, theta=0.999999, resume_after=5, when={"from": 3})
    assert not stopped(env, 8).any()


def test_an_interruption_does_not_go_on_into_the_next_episode():
    env = under(initiation={"steps": [2]}, theta=0.999999, resume_after=5)
    assert stopped(env, 3)[2].all()
    env.reset(mask=np.array([True, False] * 3))
    interrupted = env.step(moving(env)).infos["interrupted"]
    assert not interrupted[::2].any()
    assert interrupted[1::2].all()


def test_no_step_is_added_beyond_a_budget_or_a_schedule():
    env = under(
        initiation={"steps": [1]},
        theta=0.999999,
        resume_after=9,
        budget={"steps_per_episode": 3},
        when={"until": 6},
    )
    assert stopped(env, 8).sum(axis=0).tolist() == [[3] * 5] * 6
    assert disagreements(env.model, env.receipts()) == []


def test_a_budget_of_agents_goes_to_those_whom_the_coin_hits():
    env = under(theta=0.5, budget={"agents": 1}, copies=200)
    who = stopped(env, 6)
    assert (who.any(axis=0).sum(axis=1) <= 1).all()
    hit = who.any(axis=0).sum(axis=0)
    assert (hit > 5).sum() >= 4  # agents later in the order get their turn as well
    assert disagreements(env.model, env.receipts()) == []


def test_infos_tell_how_likely_each_interruption_was():
    env = under(initiation={"region": "high"}, theta=0.25, copies=100)
    env.reset(seed=0)
    for _ in range(5):
        expected = 0.25 * (env.regions()["high"] & env.alive)
        assert (env.step(moving(env)).infos["theta"] == expected).all()
    assert expected.any()
    env = under(initiation={"steps": [1]}, theta=0.5, resume_after=2, copies=20)
    env.reset(seed=0)
    steps = [env.step(moving(env)).infos for _ in range(5)]
    hit = steps[1]["interrupted"]
    assert hit.any()
    told = [infos["theta"] for infos in steps]
    assert all((one == other).all() for one, other in zip(told, [0, 0.5, hit, hit, 0], strict=True))


def test_chances_of_several_interruptions_add_up_and_unknown_ones_are_nan():
    two = [Interruption(theta=0.5), Interruption(theta=0.2)]
    env = Threatened(ground(copies=3), two)
    env.reset(seed=0)
    assert env.step(actions_at(env, 0)).infos["theta"] == pytest.approx(0.6)
    env = Threatened(ground(copies=3), [Stop(victims=[1]), Interruption(theta=0.2)])
    env.reset(seed=0)
    theta = env.step(actions_at(env, 0)).infos["theta"]
    assert np.isnan(theta[:, 1]).all()
    assert theta[:, [0, 2, 3, 4]] == pytest.approx(0.2)


def test_the_later_of_two_interruptions_has_the_last_word():
    both = [
        Interruption(victims=["walker_0"], theta=0.999999, policy={"action": action})
        for action in (1, 2)
    ]
    env = Threatened(ground(copies=4), both)
    env.reset(seed=0)
    assert (env.step(moving(env)).infos["executed/walkers"][:, 0] == 2).all()


def test_a_copy_is_interrupted_alike_in_any_batch():
    for threat in EVERY_WAY:
        whole = list(play(Threatened(ground(copies=range(12)), [threat]), 30))
        for ids in ([3], range(6, 12)):
            part = play(Threatened(ground(copies=ids), [threat]), 30)
            assert bits(part) == bits(whole, list(ids))


@pytest.mark.parametrize("threat", EVERY_WAY, ids=lambda t: str(t.to_dict()["initiation"]))
def test_going_on_from_a_snapshot_is_bit_identical(threat):
    env, other = (Threatened(ground(copies=5), [threat]) for _ in range(2))
    list(play(env, 17))
    snapshot = env.snapshot()
    announced = env.will_interrupt
    ahead = bits(play(env, 20, seed=None, first=17))
    other.restore(snapshot)
    assert (other.will_interrupt == announced).all()
    assert bits(play(other, 20, seed=None, first=17)) == ahead
    assert other.receipts() == env.receipts()
