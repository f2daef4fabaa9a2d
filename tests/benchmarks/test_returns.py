"""Final returns beside SB3's: how they are judged, and how the page is written."""

import importlib

import pytest


@pytest.fixture
def returns(bench):
    """Return the module."""
    return importlib.import_module("returns")


def found(ours, theirs):
    return {"ppo": ours, "sb3:PPO": theirs}


def test_equal_returns_meet_the_goal(returns):
    told = returns.judged(found([40.0, 41.0, 42.0], [42.0, 40.0, 41.0]))
    assert told["ratio"] == pytest.approx(1)
    low, high = told["interval"]
    assert 0.95 < low <= 1 <= high < 1.05
    assert told["met"]


def test_an_interval_that_leaves_the_margin_misses_it_on_either_side(returns):
    base = [40.0, 41.0, 42.0]
    for factor in (0.93, 1.07):
        assert not returns.judged(found([factor * value for value in base], base))["met"]
    wide = returns.judged(found([20.0, 41.0, 62.0], base))
    assert wide["ratio"] == pytest.approx(1)
    assert not wide["met"]


def test_both_learners_are_told_the_same(returns):
    ours, theirs = returns._LEARNERS.values()
    assert list(ours.values()) == list(theirs.values())
    assert returns.final_return("ppo", ours, seed=0, steps=800) == returns.final_return(
        "ppo", ours, seed=0, steps=800
    )


def test_the_page_says_what_was_found_between_its_marks(returns, tmp_path):
    page = tmp_path / "speed.md"
    page.write_text("before\n<!-- returns: begin -->\nold\n<!-- returns: end -->\nafter\n")
    told = returns.judged(found([40.0, 41.0], [40.0, 41.0])) | {"steps": 1000}
    returns.rewrite(page, returns.sentence(told))
    text = page.read_text()
    assert text.startswith("before\n<!-- returns: begin -->\nFinal returns of PPO")
    assert text.endswith("met.\n<!-- returns: end -->\nafter\n")
    assert "old" not in text
    assert "1,000 agent-steps, 2 seeds" in text
    page.write_text("nothing")
    with pytest.raises(ValueError, match="must have a place"):
        returns.rewrite(page, "line")


def test_the_page_of_ours_has_that_place(returns):
    text = returns.PAGE.read_text(encoding="utf-8")
    assert all(text.count(mark) == 1 for mark in returns._MARKS)
