"""Answers that no site can use: refused, with a sentence that names the threat."""

import numpy as np
import pytest

from rallypoint.errors import NotConformant
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats import Proposal
from tests.safety.stubs import CrashingStub, SeeingStub, ground, moving, touched, under


def writes_to(name):
    def writes(state, known, draws):
        array = state["memory"] if name == "state" else getattr(known, name)
        array[0] = 0
        return Proposal(known.opportunities, known.still), state

    return writes


@pytest.mark.parametrize(
    "name",
    [
        *("opportunities", "affordable", "allowance", "time", "still", "state"),
        *("actions", "own_percept", "true_state"),
    ],
)
def test_a_threat_that_writes_to_its_inputs_is_refused(name):
    env = under(
        writes_to(name),
        first=lambda E, N: {"memory": np.zeros(E)},
        knowledge=["actions", "own_percept", "true_state"],
        budget={"agents": 3},
    )
    env.reset(seed=0)
    with pytest.raises(NotConformant, match=r"threat 'stub' \(threats\[0\]\) must not write"):
        env.step(moving(env))


def proposes(where=None, values=None):
    def does(state, known, draws):
        chosen = known.opportunities if where is None else where(known)
        return Proposal(chosen, known.still if values is None else values(known)), state

    return does


@pytest.mark.parametrize(
    ("does", "message"),
    [
        (lambda s, k, d: k.opportunities, r"must return \(proposal, state\)"),
        (lambda s, k, d: ((k.opportunities, k.still), s), "must propose a Proposal.* not a tuple"),
        (proposes(where=lambda k: k.opportunities.astype(int)), r"in a bool array \(4, 3\).*int64"),
        (proposes(where=lambda k: k.opportunities[:, :2]), r"in a bool array \(4, 3\).*\(4, 2\)"),
        (proposes(where=lambda k: k.opportunities.tolist()), "bool array.*not a list"),
        (proposes(values=lambda k: k.still[:2]), r"values in an array \(4, 3\) of int64.*\(2, 3\)"),
        (proposes(values=lambda k: k.still + 0.5), "of int64, not an array .* of float64"),
        (proposes(values=lambda k: k.still.tolist()), "not a list"),
        (proposes(values=lambda k: k.still.astype(np.uint64)), "of int64, not an array .* uint64"),
        (proposes(values=lambda k: np.ma.array(k.still, mask=True)), "not a MaskedArray"),
        (proposes(where=lambda k: np.ma.array(k.opportunities)), "bool array.*not a MaskedArray"),
        (lambda s, k, d: (Proposal(k.opportunities), s), "not None"),
        (
            proposes(values=lambda k: k.still + 3),
            r"inside Discrete\(3\), not 3 for walker_0 in row 0",
        ),
        (proposes(values=lambda k: k.still - 1), r"inside Discrete\(3\), not -1"),
        (lambda s, k, d: (Proposal(k.opportunities, k.still), None), "state as a dict.*not None"),
        (
            lambda s, k, d: (Proposal(k.opportunities, k.still), {"new": np.zeros(4)}),
            r"keep the state it was given, arrays \['memory'\], not \['new'\]",
        ),
        (
            lambda s, k, d: (Proposal(k.opportunities, k.still), {"memory": np.zeros(3)}),
            r"state 'memory' an array \(4,\) of float64, not an array \(3,\)",
        ),
        (
            lambda s, k, d: (Proposal(k.opportunities, k.still), {"memory": np.ma.zeros(4)}),
            r"state 'memory' an array \(4,\) of float64, not a MaskedArray",
        ),
        (
            lambda s, k, d: (Proposal(k.opportunities, k.still), {"memory": np.zeros(4, int)}),
            "not an array .* of int64",
        ),
    ],
)
def test_an_ill_formed_answer_is_refused(does, message):
    env = under(does, first=lambda E, N: {"memory": np.zeros(E)})
    env.reset(seed=0)
    with pytest.raises(NotConformant, match=f"the threat 'stub'.*{message}"):
        env.step(moving(env))


@pytest.mark.parametrize("state", [np.zeros(3), np.zeros(0), [], {"new": np.zeros(4)}], ids=repr)
def test_who_remembers_nothing_goes_on_with_nothing(state):
    env = under(lambda s, k, d: (Proposal(k.opportunities, k.still), state))
    env.reset(seed=0)
    with pytest.raises(NotConformant, match=r"the threat 'stub'.*state"):
        env.step(moving(env))


def test_an_action_outside_a_box_is_refused():
    def does(state, known, draws):
        far = 9 if known.group.name == "gliders" else 0
        return Proposal(known.opportunities, known.still + known.still.dtype.type(far)), state

    env = under(does, victims=["glider_1"])
    env.reset(seed=0)
    with pytest.raises(NotConformant, match=r"inside Box.*for glider_1 in row 0"):
        env.step(moving(env))


def test_values_where_nothing_is_proposed_may_be_anything():
    def does(state, known, draws):
        where = np.zeros_like(known.opportunities)
        return Proposal(where, np.full_like(known.still, 99)), state

    assert not touched(under(does), 1).any()


def test_a_percept_outside_its_space_is_refused():
    def does(state, known, draws):
        percepts = np.full((*known.opportunities.shape, 3), 1e6, np.float32)
        return Proposal(known.opportunities, percepts), state

    env = Threatened(ground(copies=2, gliders=0), [SeeingStub(does=does)])
    with pytest.raises(NotConformant, match=r"seeing_stub.*inside Box"):
        env.reset(seed=0)


def test_a_crash_with_values_is_refused():
    env = under(proposes(), CrashingStub)
    with pytest.raises(NotConformant, match="proposes no values"):
        env.reset(seed=0)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (lambda E, N: None, "begin with a dict of arrays, not None"),
        (lambda E, N: {"memory": np.zeros((N, E))}, "first axis 4.*not an array"),
        (lambda E, N: {"memory": 0}, "first axis 4.*not a int"),
        (lambda E, N: {"a/b": np.zeros(E)}, "without '/'"),
        (lambda E, N: {"memory": np.full(E, None)}, "numbers in state 'memory', not objects"),
    ],
)
def test_an_ill_formed_first_state_is_refused(first, message):
    with pytest.raises(NotConformant, match=message):
        under(proposes(), first=first).reset(seed=0)


def test_errors_of_a_threats_own_are_left_as_they_are():
    def fails(state, known, draws):
        raise ValueError("out of luck")

    env = under(fails)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="out of luck"):
        env.step(moving(env))
