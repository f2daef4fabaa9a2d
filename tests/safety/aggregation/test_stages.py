"""What remembers from round to round."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, InvalidUpdates
from rallypoint.safety.aggregation import Aggregator, aggregate
from rallypoint.safety.aggregation.parts import Context
from rallypoint.safety.aggregation.stages import Remembering, WorkerMomentum


def test_momentum_is_the_fading_sum_of_updates(rng):
    stage, rounds = WorkerMomentum(beta=0.5), rng.standard_normal((4, 3, 2))
    state = stage.init(3, 2, np.float64)
    for k, updates in enumerate(rounds, start=1):
        momenta, state = stage.apply(state, updates)
        faded = 0.5 ** np.arange(k - 1, -1, -1)
        assert np.allclose(momenta, np.tensordot(faded, rounds[:k], 1))


def test_apply_is_pure(rng):
    stage, updates = WorkerMomentum(), rng.standard_normal((3, 2)).astype(np.float32)
    state = stage.apply(stage.init(3, 2), updates)[1]
    kept = state["momentum"].copy(), updates.copy()
    once, again = (stage.apply(state, updates)[0] for _ in range(2))
    assert once.tobytes() == again.tobytes()
    assert np.array_equal(state["momentum"], kept[0])
    assert np.array_equal(updates, kept[1])


def test_what_is_not_finite_is_seen_and_forgotten(rng):
    stage, updates = WorkerMomentum(), np.ones((3, 2), dtype=np.float32)
    _, state = stage.apply(stage.init(3, 2), updates)
    broken = updates.copy()
    broken[1, 0] = np.nan
    momenta, state = stage.apply(state, broken)
    assert np.isnan(momenta[1, 0])
    momenta, state = stage.apply(state, updates)
    assert np.allclose(momenta[:, 0], [2.71, 1.9, 2.71])


def test_the_last_aggregate_is_remembered(rng):
    clipping = Aggregator.parse("centered_clipping", tau=0.5)
    defence = Remembering(clipping)
    state, previous = defence.init(7, 5), np.zeros(5, np.float32)
    for _ in range(4):
        updates = rng.standard_normal((7, 5)).astype(np.float32)
        aggregate, state = defence.apply(state, updates, f=2)
        expected = clipping(updates, 2, context=Context(previous=previous))
        assert aggregate.tobytes() == expected.tobytes()
        previous = expected


def test_stages_keep_their_states_apart(rng):
    defence = Remembering(
        Aggregator.parse("krum"), (WorkerMomentum(beta=0.9), WorkerMomentum(beta=0.1))
    )
    state = defence.init(7, 5)
    assert sorted(state) == ["0/momentum", "1/momentum", "previous"]
    one, two = (WorkerMomentum(beta=beta) for beta in (0.9, 0.1))
    by_hand = [one.init(7, 5), two.init(7, 5)]
    for _ in range(3):
        updates = rng.standard_normal((7, 5)).astype(np.float32)
        answer, state = defence.apply(state, updates, f=2)
        updates, by_hand[0] = one.apply(by_hand[0], updates)
        updates, by_hand[1] = two.apply(by_hand[1], updates)
        assert answer.tobytes() == aggregate("krum", updates, f=2).tobytes()


def test_a_state_is_arrays_and_can_be_saved_and_loaded(rng, tmp_path):
    from safetensors.numpy import load_file, save_file

    defence = Remembering(Aggregator.parse("nnm+median"), (WorkerMomentum(),))
    updates = rng.standard_normal((7, 5)).astype(np.float32)
    _, state = defence.apply(defence.init(7, 5), updates, f=2)
    save_file(dict(state), tmp_path / "state.safetensors")
    loaded = load_file(tmp_path / "state.safetensors")
    ours, theirs = (defence.apply(s, updates, f=2)[0] for s in (state, loaded))
    assert ours.tobytes() == theirs.tobytes()


def test_momentum_lets_the_honest_be_told_from_lies(rng):
    """Sums of k rounds differ sqrt(k) times less, relative to their length."""
    stage, state = WorkerMomentum(), WorkerMomentum().init(20, 50, np.float64)

    def spread(updates):
        return updates.std(axis=0).mean() / np.linalg.norm(updates.mean(axis=0))

    first = None
    for _ in range(30):
        momenta, state = stage.apply(state, 1 + rng.standard_normal((20, 50)))
        first = first or spread(momenta)
    assert spread(momenta) < first / 2


@pytest.mark.parametrize("beta", [-0.1, 1.0])
def test_a_rate_that_cannot_be_meant_is_refused(beta):
    with pytest.raises(InvalidConfig, match="beta must lie in"):
        WorkerMomentum(beta=beta)


def test_contributors_cannot_come_and_go():
    stage = WorkerMomentum()
    with pytest.raises(InvalidUpdates, match=r"updates must be \(3, 2\) as at first, got \(4, 2\)"):
        stage.apply(stage.init(3, 2), np.zeros((4, 2), np.float32))
