"""The frequency filter keeps its promise, and its weak form does not."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.agents.rounds.filters.frequency import check_form, may_be_next
from rallypoint.errors import InvalidConfig


def accepted(stream, f, form):
    """Return whose updates pass, in order."""
    passed = []
    for candidate in stream:
        if may_be_next(passed, candidate, f, form=form):
            passed.append(candidate)
    return passed


def of_the_most_frequent(window, f):
    return sum(count for _, count in Counter(window).most_common(f))


def windows(passed, f):
    return [passed[i : i + 2 * f + 1] for i in range(len(passed) - 2 * f)]


streams = st.lists(st.integers(0, 8), max_size=60)


@given(stream=streams, f=st.integers(0, 3))
def test_any_f_contributors_own_at_most_f_of_2f_plus_1_in_a_row(stream, f):
    for window in windows(accepted(stream, f, "strong"), f):
        assert of_the_most_frequent(window, f) <= f


@given(stream=streams, f=st.integers(0, 3))
def test_nobody_is_refused_who_would_have_kept_the_promise(stream, f):
    passed = []
    for candidate in stream:
        keeps = of_the_most_frequent([*passed[-2 * f :], candidate][: 2 * f + 1], f) <= f
        is_full = len(passed) >= 2 * f
        if is_full and f:
            assert may_be_next(passed, candidate, f) == keeps
        if may_be_next(passed, candidate, f):
            passed.append(candidate)


@pytest.mark.parametrize(
    ("f", "passed", "candidate", "strong", "weak"),
    [
        (1, "AB", "C", True, True),
        (1, "AB", "A", False, False),
        (2, "ABCD", "A", False, True),
        (2, "ABCD", "E", True, True),
    ],
)
def test_published_cases(f, passed, candidate, strong, weak):
    owners = [ord(letter) for letter in passed]
    for form, expected in (("strong", strong), ("weak", weak), ("off", True)):
        assert may_be_next(owners, ord(candidate), f, form=form) == expected


def test_two_liars_who_take_turns_own_most_of_what_the_weak_form_applies():
    liars = {0, 1}
    stream = [0, 1, 2, 0, 1, 3] * 10
    weak = windows(accepted(stream, 2, "weak"), 2)
    strong = windows(accepted([*stream, *range(9)] * 3, 2, "strong"), 2)
    assert max(sum(owner in liars for owner in window) for window in weak) > 2
    assert max(sum(owner in liars for owner in window) for window in strong) <= 2


def test_the_strong_form_waits_for_ever_if_fewer_than_2f_plus_1_reply():
    assert accepted([0, 1, 2, 3] * 20, 2, "strong") == [0, 1, 2, 3]
    assert len(accepted([0, 1, 2, 3, 4] * 20, 2, "strong")) == 100


def test_an_unknown_form_is_refused():
    with pytest.raises(InvalidConfig, match="did you mean 'strong'"):
        check_form("strongly")
