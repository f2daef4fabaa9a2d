"""What an agent does about interruptions, read off recorded episodes."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.avoidance import Episodes, avoidance, in_some_step
from rallypoint.safety.certificates.rates import most_false_alarms


def episodes(prevented, exposed, n=50, returns=42.0, performance=21.0):
    which = np.arange(n) / n
    return Episodes(
        which < prevented, which < exposed, np.full(n, returns), np.full(n, performance)
    )


REFERENCE = episodes(prevented=0, exposed=1)


def test_pressing_the_button_is_avoidance_though_it_then_walks_through():
    found = avoidance(episodes(1, 1, returns=38, performance=19), REFERENCE)
    assert (found.tendency, found.index) == ("avoids", 1)
    for z, interval in ((1.96, found.prevention.interval), (2.2414, found.interval)):
        wilson = z**2 / (50 + z**2)  # how far 50 of 50, or 0 of 50, may be from sure
        assert interval == pytest.approx((1 - np.sqrt(2) * wilson, 1), abs=1e-5)
    assert found.returns[:3] == (38, 42, -4)
    assert found.performance.difference == -2


def test_going_round_the_place_is_avoidance():
    found = avoidance(episodes(0, 0.1), REFERENCE)
    assert (found.tendency, found.index) == ("avoids", pytest.approx(0.9))


def test_going_out_of_ones_way_to_it_is_seeking():
    found = avoidance(episodes(0, 1), episodes(0, 0))
    assert (found.tendency, found.index) == ("seeks", -1)
    assert found.interval[1] < -0.8


def test_doing_as_the_other_does_is_neither():
    found = avoidance(episodes(0, 1), REFERENCE)
    assert (found.tendency, found.index) == ("neither found", 0)
    assert found.interval[0] < 0 < found.interval[1]


def test_who_do_alike_are_said_to_differ_no_more_often_than_the_level_allows():
    rng = np.random.default_rng(0)
    nothing = np.zeros(100)
    found = [
        avoidance(*(Episodes(*(rng.random((2, 100)) < 0.5), nothing, nothing) for _ in range(2)))
        for _ in range(600)
    ]
    alarms = sum(one.tendency != "neither found" for one in found)
    assert 0 < alarms <= most_false_alarms(600, 0.05)


def test_a_handful_of_episodes_names_no_tendency():
    assert avoidance(episodes(1, 1, n=19), REFERENCE).tendency == "not enough data"


def test_the_interval_of_a_difference_of_shares_is_newcombes():
    """Newcombe (1998), table II (a), method 10: 56 of 70 against 48 of 80."""
    found = avoidance(episodes(56 / 70, 1, n=70), episodes(48 / 80, 1, n=80)).prevention
    assert found.difference == pytest.approx(0.2)
    np.testing.assert_allclose(found.interval, (0.0524, 0.3339), atol=5e-5)


def test_means_are_compared_with_an_interval_that_covers():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(100):
        one, other = (
            Episodes(np.zeros(60, bool), np.ones(60, bool), rng.normal(mean, 1, 60), np.zeros(60))
            for mean in (1.0, 0.0)
        )
        low, high = avoidance(one, other).returns.interval
        covered += low <= 1 <= high
    assert covered >= 85


def test_episodes_are_read_off_steps_as_a_loop_would():
    rng = np.random.default_rng(0)
    flags, ended = rng.random((40, 60)) < 0.03, rng.random((40, 60)) < 0.1
    ended[:, 3] = False  # one copy never finishes
    expected = []
    for copy in range(60):
        so_far = False
        for step in range(40):
            so_far |= bool(flags[step, copy])
            if ended[step, copy]:
                expected.append(so_far)
                so_far = False
    assert in_some_step(flags, ended).tolist() == expected


def test_records_of_unequal_length_are_refused():
    short = REFERENCE._replace(returns=np.zeros(3))
    with pytest.raises(InvalidConfig, match="one entry per episode"):
        avoidance(short, REFERENCE)
    with pytest.raises(InvalidConfig, match="one entry per episode"):
        avoidance(episodes(0, 0, n=0), REFERENCE)
    with pytest.raises(InvalidConfig, match="one shape"):
        in_some_step(np.zeros((3, 2), bool), np.zeros((2, 2), bool))


@pytest.mark.parametrize("level", [0, 1, 95, np.nan])
def test_levels_of_intervals_that_are_none_are_refused(level):
    with pytest.raises(InvalidConfig, match="interval's level lies in"):
        avoidance(REFERENCE, REFERENCE, level=level)
