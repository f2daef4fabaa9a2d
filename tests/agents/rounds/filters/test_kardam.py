"""Kardam's judgement, against what is published of it."""

import numpy as np
import pytest

from rallypoint.agents.rounds.filters.dampening import Dampening
from rallypoint.agents.rounds.filters.kardam import Kardam
from rallypoint.agents.rounds.filters.memory import REASONS, Dated, Found, Memory
from rallypoint.agents.rounds.filters.versions import Versions
from rallypoint.errors import InvalidConfig, TooManyByzantine

OFF = {"coefficient": "off", "frequency": "off"}


def began(kardam, n=4, f=1, at=0.0):
    return kardam.memory(n, f, parameters=np.array([at]))


def told(kardam, memory, contributor, gradient, version, *, f=1):
    return kardam.judge(memory, contributor, Dated(version, np.array([gradient])), f=f)


def moving(kardam, memory, at):
    return kardam.moved(memory, memory.versions.current + 1, np.array([at]))


def a_memory(kardam, coefficients):
    """Return a memory of n contributors with known coefficients, one version and one gradient on.

    The last step was of length 1 and the last gradient applied was 0, so that a candidate's
    coefficient is its own size.
    """
    n = len(coefficients)
    memory = moving(kardam, began(kardam, n, 1), 1.0)
    table = np.full((n, kardam.remembered), np.nan)
    table[:, 0] = coefficients
    return memory._replace(
        coefficients=table,
        told=np.ones(n, dtype=np.int64),
        applied=(Found(0, np.zeros(1), np.zeros(1)),),
    )


@pytest.mark.parametrize(("size", "reason"), [(4.0, "accepted"), (5.0, "lipschitz")])
def test_among_coefficients_1_to_6_with_f_2_a_candidate_of_4_passes_and_one_of_5_does_not(
    size, reason
):
    kardam = Kardam()
    judgement, _ = told(kardam, a_memory(kardam, np.arange(1.0, 7.0)), 0, size, 1, f=2)
    assert judgement.reason == reason


def test_differences_are_divided_by_the_last_step_or_by_the_way_between_the_versions_used():
    """Two versions apart, steps of 1: a gradient of curvature 3 differs by 6 over 2, not over 1."""
    limit = 4.0
    for coefficient, reason in (("step", "lipschitz"), ("versions", "accepted")):
        kardam = Kardam(coefficient=coefficient)
        memory = moving(kardam, a_memory(kardam, np.full(6, limit)), 2.0)
        judgement, _ = told(kardam, memory, 5, 6.0, 2, f=2)
        assert judgement.reason == reason


def test_two_gradients_of_one_version_are_not_compared_but_one_is_with_the_version_before():
    kardam = Kardam(coefficient="versions", frequency="off")
    memory = a_memory(kardam, np.full(6, 4.0))
    judgement, memory = told(kardam, memory, 0, 3.0, 1, f=2)
    assert judgement.is_accepted
    assert [one.version for one in memory.applied] == [1, 0]
    judgement, memory = told(kardam, memory, 1, 3.9, 1, f=2)  # 3.9 from that of version 0
    assert judgement.is_accepted
    judgement, memory = told(kardam, memory, 2, 4.1, 1, f=2)
    assert judgement.reason == "lipschitz"
    assert [one.version for one in memory.applied] == [1, 0]


@pytest.mark.parametrize("keep", [2, 3, 64])
@pytest.mark.parametrize("coefficient", ["step", "versions"])
def test_after_steps_that_lead_nowhere_the_last_that_led_somewhere_counts(coefficient, keep):
    # Nothing is too far from the gradient 0 that was applied last; zeros move nothing.
    kardam = Kardam(coefficient=coefficient, frequency="off", keep=keep)
    memory = a_memory(kardam, np.full(6, 4.0))
    for version in (1, 2, 3):
        judgement, memory = told(kardam, memory, 0, 0.0, version, f=2)
        assert judgement.is_accepted
        memory = moving(kardam, memory, 1.0)
    for size, reason in ((1e6, "lipschitz"), (4.1, "lipschitz"), (3.9, "accepted")):
        assert told(kardam, memory, 1, size, 4, f=2)[0].reason == reason


@pytest.mark.parametrize("keep", [2, 64])
def test_the_filter_learns_and_judges_by_versions_that_are_forgotten(keep):
    """Four take turns, so that each has waited four versions when it speaks again."""
    for coefficient in ("step", "versions"):
        kardam = Kardam(coefficient=coefficient, keep=keep)
        memory = began(kardam)
        for version in range(8):
            judgement, memory = told(kardam, memory, version % 4, 2.0 * version, version)
            assert judgement.is_accepted
            memory = moving(kardam, memory, version + 1.0)
        assert kardam.erratic(memory).tolist() == [2.0] * 4
        assert told(kardam, memory, 0, 1e6, 8)[0].reason == "lipschitz"
        assert told(kardam, memory, 0, 16.0, 8)[0].is_accepted


def test_what_was_applied_is_known_when_the_version_it_was_found_on_is_forgotten():
    kardam = Kardam(coefficient="versions", frequency="off", keep=2)
    memory = moving(kardam, a_memory(kardam, np.full(4, 4.0)), 2.0)
    judgement, memory = told(kardam, memory, 0, 4.0, 1)  # as old as it may be
    assert judgement.is_accepted
    memory = moving(kardam, memory, 3.0)
    assert not memory.versions.knows(1)
    assert told(kardam, memory, 1, 1e6, 3)[0].reason == "lipschitz"
    restored = Memory.restored(memory.snapshot())
    assert told(kardam, restored, 1, 1e6, 3)[0].reason == "lipschitz"


def test_where_parameters_were_never_told_what_was_applied_is_told_apart_by_its_version():
    kardam = Kardam(coefficient="off", frequency="off")
    memory = kardam.memory(4, 1)
    for version in (0, 0, 1):
        judgement, memory = told(kardam, memory, 0, 1.0, version)
        memory = Memory.restored(memory.snapshot())
        assert judgement.is_accepted
        memory = memory._replace(versions=Versions(1, ()))
    assert [one.version for one in memory.applied] == [1, 0]


@pytest.mark.parametrize("coefficient", ["step", "versions"])
def test_a_memory_of_nothing_is_restored_as_one_of_nothing(coefficient):
    kardam = Kardam(coefficient=coefficient, frequency="off")
    memory = kardam.memory(4, 1)
    memory = Memory.restored(memory.snapshot())
    assert memory.left is None
    judgement, memory = kardam.judge(memory, 0, Dated(0, np.ones(2)), f=1)
    assert judgement.is_accepted
    memory = kardam.moved(memory, 1, np.ones(2))
    assert kardam.judge(memory, 1, Dated(1, np.ones(2)), f=1)[0].is_accepted


def test_a_coefficient_is_how_far_a_contributors_own_two_gradients_are_apart():
    kardam = Kardam()
    memory = began(kardam)
    _, memory = told(kardam, memory, 2, 1.0, 0)
    _, memory = told(kardam, memory, 2, 5.0, 0)  # at the same place: tells nothing
    assert np.isnan(kardam.erratic(memory)).all()
    memory = moving(kardam, memory, 2.0)
    _, memory = told(kardam, memory, 2, 11.0, 1)
    assert kardam.erratic(memory)[2] == 3
    memory = moving(kardam, memory, 3.0)
    _, memory = told(kardam, memory, 2, 12.0, 2)
    assert kardam.erratic(memory)[2] == 3
    assert Kardam(estimate="newest").erratic(memory)[2] == 1


def test_only_so_many_coefficients_are_remembered():
    kardam = Kardam(remembered=2, frequency="off")
    memory = began(kardam)
    for version, slope in enumerate((0.0, 9.0, 1.0, 2.0)):
        gradient = memory.sent[0].update[0] + slope if memory.sent[0] else 0.0
        _, memory = told(kardam, memory, 0, gradient, version)
        memory = moving(kardam, memory, version + 1.0)
    assert kardam.erratic(memory)[0] == 2


def test_with_nothing_known_everything_is_applied():
    kardam = Kardam()
    judgement, _ = told(kardam, began(kardam), 0, 1e9, 0)
    assert judgement.is_accepted


def test_what_is_old_counts_for_less_and_what_is_too_old_for_nothing():
    kardam = Kardam(**OFF, keep=5, dampening=Dampening(way="inverse"))
    memory = began(kardam)
    for version in range(1, 5):
        memory = moving(kardam, memory, version + 1.0)
    assert [told(kardam, memory, 0, 1.0, v)[0].factor for v in (4, 3, 1, 0)] == [
        1,
        1 / 2,
        1 / 4,
        1 / 5,
    ]
    memory = moving(kardam, memory, 5.0)
    assert told(kardam, memory, 0, 1.0, 0)[0].reason == "too_old"


def test_numbers_that_are_not_finite_never_get_in():
    kardam = Kardam(**OFF, escape=1)
    memory = began(kardam)
    for _ in range(5):
        judgement, memory = told(kardam, memory, 0, np.nan, 0)
        assert judgement.reason == "non_finite"
        assert judgement.factor == 0
    assert not memory.applied


def test_stalls_are_counted():
    kardam = Kardam(coefficient="off")
    memory = began(kardam)
    for _ in range(5):
        _, memory = told(kardam, memory, 0, 1.0, 0)
    assert (memory.stalled, memory.longest_stall) == (4, 4)
    _, memory = told(kardam, memory, 1, 1.0, 0)
    assert (memory.stalled, memory.longest_stall) == (0, 4)
    assert dict(zip(REASONS, memory.counts, strict=True)) == {
        "accepted": 2,
        "non_finite": 0,
        "too_old": 0,
        "lipschitz": 0,
        "frequency": 4,
    }


def test_n_useless_gradients_buy_a_poisoned_one_only_where_escape_is_asked_for():
    for escape, bought in ((None, 0), (4, 2)):
        kardam = Kardam(coefficient="off", escape=escape)
        memory = began(kardam)
        for _ in range(11):
            _, memory = told(kardam, memory, 0, 666.0, 0)
        assert memory.escapes == bought


def test_no_memory_is_changed_by_judging():
    kardam = Kardam()
    memory = a_memory(kardam, np.arange(1.0, 7.0))
    before = {name: part.copy() for name, part in memory.snapshot().items()}
    for contributor in range(6):
        told(kardam, memory, contributor, 3.0, 1, f=2)
    after = memory.snapshot()
    assert all(np.array_equal(before[name], after[name], equal_nan=True) for name in before)


def test_a_snapshot_goes_on_alike():
    kardam, rng = Kardam(coefficient="versions"), np.random.default_rng(0)
    memory = kardam.memory(7, 2, parameters=np.zeros(3))
    copied = None
    for event in range(60):
        if event == 30:
            copied = Memory.restored(memory.snapshot())
        gradient, contributor = rng.standard_normal(3), int(rng.integers(7))
        version = max(0, memory.versions.current - int(rng.integers(3)))
        memories = [memory] if copied is None else [memory, copied]
        judged = [kardam.judge(one, contributor, Dated(version, gradient), f=2) for one in memories]
        assert len({judgement for judgement, _ in judged}) == 1
        memories = [one for _, one in judged]
        if judged[0][0].is_accepted:
            where = rng.standard_normal(3)
            memories = [kardam.moved(m, m.versions.current + 1, where) for m in memories]
        memory, copied = memories[0], memories[-1] if copied is not None else None
    assert memory.counts[0] > 10


def test_a_memory_of_nothing_is_saved_and_restored():
    kardam = Kardam()
    memory = Memory.restored(kardam.memory(4, 1).snapshot())
    assert told(kardam, memory, 0, 1.0, 0)[0].is_accepted


def test_fewer_than_3f_plus_1_contributors_are_refused():
    with pytest.raises(TooManyByzantine, match=r"needs 7, and gets n = 6; take f <= 1"):
        Kardam().memory(6, 2)
    with pytest.raises(InvalidConfig, match="f is a number"):
        Kardam().memory(6, -1)


@pytest.mark.parametrize(
    "settings",
    [
        {"coefficient": "steps"},
        {"estimate": "largst"},
        {"quantile": "median"},
        {"frequency": "on"},
        {"remembered": 0},
        {"keep": 1},
        {"escape": 0},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(InvalidConfig):
        Kardam(**settings)
