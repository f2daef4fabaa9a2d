"""The threat frame: resets, snapshots, and draws that depend on nothing else."""

import numpy as np
import pytest

import rallypoint
from rallypoint.draws import Draws
from rallypoint.envs.batch import autoreset
from rallypoint.errors import InvalidConfig, NotReset
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.wrong_observation import WrongObservation
from tests.safety.stubs import Doze, Stop, actions_at, bits, ground, made, play


def test_a_copy_has_the_same_episodes_in_any_batch():
    together = list(play(made(copies=range(20)), 12))
    for ids in ([0], [7], [19], range(5, 12)):
        alone = play(made(copies=ids), 12)
        assert bits(alone) == bits(together, list(ids))


def test_another_threat_shifts_nobodys_numbers():
    model = ThreatModel(threats=(Doze(victims={"count": 2}), Crash(when={"probability": 0.1})))
    more = ThreatModel(
        threats=(Stop(victims=[]), Crash(when={"probability": 0.5}, victims=[]), *model.threats)
    )
    # The second crash of `more` is the first's equal in kind, so its numbers are its own.
    fewer = ThreatModel(threats=(Stop(victims=[]), *model.threats))
    assert bits(play(made(9, model), 12)) == bits(play(made(9, fewer), 12))
    assert bits(play(made(9, model), 12)) != bits(play(made(9, more), 12))


def test_two_threats_of_a_kind_draw_different_victims():
    env = made(200, ThreatModel(threats=(Doze(victims={"count": 2}), Doze(victims={"count": 2}))))
    env.reset(seed=0)
    one, other = (leash.victims for leash in env._leashes)
    assert 0 < (one == other).all(axis=1).mean() < 0.5  # 1 in 10 by chance


def test_victims_are_drawn_anew_in_every_copy_and_episode():
    env = made(500, ThreatModel(byzantine=Byzantine(count=2), threats=()))
    env.reset(seed=0)
    first = env.byzantine
    assert (first.sum(axis=1) == 2).all()
    env.reset()
    second = env.byzantine
    assert (second.sum(axis=1) == 2).all()
    assert 0.02 < (first == second).all(axis=1).mean() < 0.25  # 1 in 10 by chance
    assert first.mean(axis=0) == pytest.approx(0.4, abs=0.07)
    env.reset(seed=0)
    assert (env.byzantine == first).all()


def test_victims_depend_on_seed_copy_and_episode_alone():
    env = Threatened(ground(copies=range(3, 9)), [Doze(victims={"count": 2})])
    env.reset(seed=5)
    mask = np.arange(6) % 2 == 0
    for _ in range(3):
        env.reset(mask=mask)
    draws = Draws(5, "threats/doze/victims", range(3, 9))
    draws.begin_episode(mask, episode=3)
    expected = draws.choose(2, np.ones((6, 5), dtype=bool))
    assert (env._leashes[0].victims == expected).all()


def test_who_is_byzantine_does_not_depend_on_what_they_do():
    def byzantine(threats):
        env = made(50, ThreatModel(byzantine=Byzantine(count=2), threats=threats))
        env.reset(seed=0)
        env.reset(mask=np.arange(50) % 2 == 0)
        return env.byzantine

    one = (Doze(victims="byzantine"),)
    assert (byzantine(()) == byzantine(one)).all()
    assert (byzantine(()) == byzantine((*one, Crash(victims="byzantine")))).all()


def test_a_threat_draws_for_some_rows_what_it_would_draw_for_all():
    whole, some = (Draws(0, "test/rows", range(6)) for _ in range(2))
    mask = np.array([True, False, True, True, False, True])
    inner = np.array([False, True, True, False])
    expected = whole.random((3,))
    part = some.rows(mask)
    assert (part.random((3,)) == expected[mask]).all()
    expected = whole.random((2,))
    assert (part.random((2,), inner) == expected[mask][inner]).all()
    assert (part.rows(~inner).random((2,)) == expected[mask][~inner]).all()
    assert (some.random((2,), ~mask) == Draws(0, "test/rows", range(6)).random((2,))[~mask]).all()


def test_a_seed_of_the_frames_own_leaves_the_world_its_seed():
    def first(frame_seed, world_seed):
        env = Threatened(
            ground(copies=50), [Crash(victims={"count": 2}, mode="frozen")], seed=frame_seed
        )
        observations = env.reset(seed=world_seed)
        return env.crashed, observations["walkers"]

    assert (first(1, 5)[0] == first(1, 6)[0]).all()
    assert (first(1, 5)[0] != first(2, 5)[0]).any()
    assert (first(1, 5)[1] == first(2, 5)[1]).all()
    assert (first(None, 5)[0] == first(5, 6)[0]).all()


def test_going_on_from_a_snapshot_is_bit_identical():
    env = made(9)
    list(play(env, 5))
    snapshot = env.snapshot()
    kept = {name: array.copy() for name, array in snapshot.items()}
    seen = {name: array.copy() for name, array in env._perceived.items()}
    ahead = bits(play(env, 20, seed=None, first=5))
    receipts = env.receipts()
    for other in (env, made(9)):
        restored = other.restore(snapshot)
        assert all((restored[name] == seen[name]).all() for name in seen)
        assert bits(play(other, 20, seed=None, first=5)) == ahead
        assert other.receipts() == receipts
    assert all((snapshot[name] == kept[name]).all() for name in kept)


def test_a_snapshot_of_other_threats_is_refused():
    env = made()
    env.reset(seed=0)
    with pytest.raises(InvalidConfig, match=r"under threats \['0.crash'.*this one is under \[\]"):
        made(model=ThreatModel()).restore(env.snapshot())
    with pytest.raises(NotReset):
        made().snapshot()


def ring_under(*threats, copies=3, **settings):
    world = rallypoint.make("gathering-v0", copies=copies, num_agents=3, cells=5, **settings)
    return Threatened(world, threats)


DROWSE = Doze(victims={"count": 1}, when={"probability": 0.5})


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda _: None, "a snapshot of gathering-v0 under threats is a dict of arrays"),
        (lambda _: {"junk": 1}, r"the snapshot is of a world under threats \[\], this one is"),
        (lambda s: {k: v for k, v in s.items() if "victims" not in k}, "there is no .*victims"),
        (lambda s: {k: v for k, v in s.items() if "/draws/" not in k}, "there is no .*/draws/"),
        (lambda s: s | {"threats/time": np.zeros(2, int)}, r"time is int64 \(3,\), got int64 \(2"),
        (lambda s: s | {"threats/crashed": [True]}, r"crashed is bool \(3, 3\), got list"),
        (lambda s: s | {"world/seed": 3}, "in a snapshot of gathering-v0, seed is uint64"),
    ],
)
def test_a_spoilt_snapshot_is_refused_and_leaves_the_world_as_it_was(spoil, sentence):
    env, undisturbed, other = (ring_under(DROWSE, Crash(victims=[2])) for _ in range(3))
    for world in (env, undisturbed):
        list(play(world, 3))
    list(play(other, 5, seed=8))
    with pytest.raises(InvalidConfig, match=sentence):
        env.restore(spoil(other.snapshot()))
    assert bits(play(env, 9, seed=None)) == bits(play(undisturbed, 9, seed=None))
    assert env.receipts() == undisturbed.receipts()


def test_a_snapshot_of_other_copies_or_settings_is_refused_before_anything_changes():
    env = ring_under(DROWSE)
    env.reset(seed=1)
    for other in (ring_under(DROWSE, copies=[0, 1, 5]), ring_under(DROWSE, copies=4)):
        other.reset(seed=2)
        with pytest.raises(InvalidConfig):
            other.restore(env.snapshot())
        assert (other.seed, other._seed) == (2, 2)


def test_what_agents_perceive_is_part_of_a_snapshot_of_lies():
    env = made()
    env.reset(seed=0)
    lacking = {k: v for k, v in env.snapshot().items() if "perceived" not in k}
    with pytest.raises(InvalidConfig, match="there is no perceived/"):
        env.restore(lacking)


def test_snapshots_within_snapshots_do_not_mix():
    def twice():
        return Threatened(made(5), [Doze(victims={"count": 1})])

    env = twice()
    list(play(env, 3))
    snapshot = env.snapshot()
    ahead = bits(play(env, 8, seed=None, first=3))
    other = twice()
    other.restore(snapshot)
    assert bits(play(other, 8, seed=None, first=3)) == ahead


def test_a_masked_reset_clears_only_the_masked_rows():
    env, untouched = made(6), made(6)
    for _ in zip(play(env, 4), play(untouched, 4), strict=True):
        pass
    mask = np.array([True, False, False, True, False, False])
    before = {name: array.copy() for name, array in env._perceived.items()}
    observations = env.reset(mask=mask)
    for name, array in observations.items():
        assert (array[~mask] == before[name][~mask]).all()
        assert (array[mask] != before[name][mask]).any()
    assert env.time.tolist() == [0, 4, 4, 0, 4, 4]
    for leash, other in zip(env._leashes, untouched._leashes, strict=True):
        assert (leash._tally.spent[~mask] == other._tally.spent[~mask]).all()
        assert (leash.victims[~mask] == other.victims[~mask]).all()
        for group, state in leash._memory._states.items():
            for name, array in state.items():
                assert (array[~mask] == other._memory._states[group][name][~mask]).all()
                assert (array[mask] == leash.threat.init(1, 1)[name].flat[0]).all()
                assert (array[~mask] != array[mask].flat[0]).any()
    # The others play on as if nothing had happened, random numbers included.
    rest = list(play(env, 8, seed=None, first=4))
    assert bits(rest, ~mask) == bits(play(untouched, 8, seed=None, first=4), ~mask)


def test_masked_copies_play_the_episode_they_would_have_played_anyway():
    env, whole = made(6), made(6)
    for _ in zip(play(env, 4), play(whole, 4), strict=True):
        pass
    mask = np.array([True, False, False, True, False, False])
    whole.reset()
    env.reset(mask=mask)
    ours = play(env, 3, seed=None)
    assert bits(ours, mask) == bits(play(whole, 3, seed=None), mask)


def test_a_mask_may_be_written_to_when_a_reset_is_over():
    blind = WrongObservation(mode="zeros")
    env, other = ring_under(blind), ring_under(blind)
    mask = np.array([True, False, False])
    for each in (env, other):
        each.reset(seed=0)
    env.reset(mask=mask)
    other.reset(mask=mask.copy())
    mask[:] = ~mask
    for name, array in other.snapshot().items():
        np.testing.assert_array_equal(env.snapshot()[name], array)
    assert env.receipts() == other.receipts()


def test_resetting_no_copy_changes_nothing():
    env = made(3)
    *_, last = play(env, 3)
    observations = env.reset(mask=np.zeros(3, dtype=bool))
    assert all((observations[name] == last.observations[name]).all() for name in observations)
    assert env.time.tolist() == [3, 3, 3]


def test_the_first_reset_is_of_all_copies():
    world = ground(copies=2)
    world.reset(seed=0)
    with pytest.raises(InvalidConfig, match="start every copy"):
        Threatened(world, []).reset(mask=np.array([True, False]))


def test_autoreset_around_the_frame_starts_threatened_episodes():
    env = autoreset(made(3, ThreatModel(threats=(Crash(victims=["walker_0"]),))))
    env.reset(seed=0)
    for step in range(30):
        done = env.step(actions_at(env, step))
        assert not done.alive[:, 0].any()
