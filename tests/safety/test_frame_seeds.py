"""The threat frame: which seeds its coins began with, before a snapshot and after it."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from tests.safety.stubs import made


def test_what_is_played_once_more_from_a_snapshot_is_no_repetition():
    env, elsewhere = made(), made()
    env.reset(seed=3)
    snapshot = env.snapshot()
    env.reset(seed=4)
    told = []
    for one in (env, elsewhere):
        one.restore(snapshot)
        one.reset(seed=4)
        told.append([receipt.repeats for receipt in one.receipts()])
    assert told[0] == told[1] == [1] * len(told[0])


def test_a_seed_that_is_begun_once_more_after_a_snapshot_of_it_is_a_repetition():
    env, elsewhere = made(), made()
    env.reset(seed=3)
    snapshot = env.snapshot()
    for one in (env, elsewhere):
        one.restore(snapshot)
        one.reset(seed=3)
        assert {receipt.repeats for receipt in one.receipts()} == {2}


def test_all_seeds_that_were_begun_before_a_snapshot_are_known_after_it():
    env, elsewhere = made(), made()
    for seed in (3, 3, 2**64 - 1, 4):
        env.reset(seed=seed)
    snapshot = env.snapshot()
    told = []
    for seeds, repeats in (([4], 2), ([3], 3), ([2**64 - 1] * 2, 3), ([5, 4], 2)):
        for one in (env, elsewhere):
            one.restore(snapshot)
            for seed in seeds:
                one.reset(seed=seed)
            told.append({receipt.repeats for receipt in one.receipts()} == {repeats})
    assert all(told)


@pytest.mark.parametrize("seeds", [np.zeros((2, 3), np.uint64), np.zeros((1, 2)), np.zeros(2)])
def test_a_snapshot_whose_seeds_are_none_is_refused(seeds):
    env = made()
    env.reset(seed=0)
    spoilt = env.snapshot() | {"threats/0.crash/tally/seeds": seeds}
    with pytest.raises(InvalidConfig, match="tally/seeds is uint64"):
        env.restore(spoilt)
