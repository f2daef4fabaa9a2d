"""Receipts, as a reader meets them."""

from dataclasses import replace

from rallypoint.experiments.report.threats_done import deeds
from rallypoint.safety.receipts import Receipt

CRASH = Receipt(
    kind="crash",
    index=0,
    site="presence",
    agents=("a", "b", "c"),
    episodes=20_000,
    opportunities=400,
    applications={"a": 60, "b": 40},
    steps=100,
    first_step=3,
    last_step=9,
    most_steps=7,
    most_agents=1,
)
LIE = replace(
    CRASH,
    kind="alie",
    site="update",
    largest_norm=12.4477,
    strengths=(1.5, 1.5),
    clipped=2,
    violations={"budget": 3, "victims": 0},
)


def told(receipt):
    (deed,) = deeds({"training": [receipt.to_dict()]})
    return deed


def test_a_receipt_says_who_how_often_when_and_how_much():
    deed = told(CRASH)
    assert (deed.condition, deed.threat) == ("training", "crash of presence")
    assert (deed.touched, deed.applied) == ("2 of 3", "100 of 400 (25.0%)")
    assert (deed.episodes, deed.steps) == ("20,000", "steps 3–9")
    assert deed.most == "7 steps of one, 1 agent"
    assert (deed.size, deed.dropped) == ("–", "none")


def test_it_says_how_often_was_due_or_that_nobody_checked():
    assert told(CRASH).often == "not checked"
    assert told(replace(CRASH, chance=0.25)).often == "0.25, checked"
    assert told(replace(CRASH, chance=1.0)).often == "1, checked"


def test_lies_have_a_size_and_count_rounds():
    deed = told(LIE)
    assert deed.steps == "rounds 3–9"
    assert deed.size == "norm 12.45, scaled by 1.5, 2 cut to the budget"
    assert deed.dropped == "3 budget"
    lied = replace(CRASH, site="observation", largest_lie=0.2, most_lied=1.75)
    assert told(lied).size == "0.200 at a step, 1.750 in an episode"


def test_who_did_nothing_has_no_steps():
    idle = replace(CRASH, applications={}, first_step=None, last_step=None)
    assert told(idle).steps == "none"
    assert told(replace(CRASH, last_step=3)).steps == "step 3"


def test_what_is_no_receipt_of_ours_is_shown_as_it_is():
    (deed,) = deeds({"own": {"whose": "own", "count": 3}})
    assert deed.raw == '{"whose": "own", "count": 3}'
    (long,) = deeds({"own": {"x": "y" * 2000}})
    assert long.raw.endswith(" …")
    assert len(long.raw) < 700
