"""Which models of a teammate's proposals depend on theta: by exact enumeration of small games.

docs/joint-proposed-model.md states and proves what is enumerated here. A learner keeps a table over
joint actions, keyed by what was executed, and a model of what its teammate proposes, from

- *same step*: the proposal of this step;
- *delayed*: the proposal of the previous visit of this state;
- *second draw*: another draw from the teammate's policy, made for the purpose and not acted on.

All probabilities are fractions, and laws are compared for equality.
"""

from collections import defaultdict
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise, product
from typing import NamedTuple

import pytest

POLICY = (
    (Fraction(2, 3), Fraction(1, 3)),
    (Fraction(1, 4), Fraction(3, 4)),
)  # of the teammate, by state; the learner tosses
REWARD = {(s, a, b): Fraction(3 * s + 2 * a + b + 1) for s, a, b in product(range(2), repeat=3)}
OVERRIDE = 0
THETAS = (Fraction(0), Fraction(1, 2), Fraction(9, 10))


def one_state(state, teammates):
    """Stay, whatever is done."""
    del teammates
    return state


def two_states(state, teammates):
    """Come back a step later after the teammate did 1, so that states tell what was executed."""
    return teammates if state == 0 else 0


class Step(NamedTuple):
    state: int
    own: int
    proposed: int
    executed: int
    second_draw: int


@cache
def paths(leads_to, theta, steps, *, triggered_by=(0, 1)):
    """List the probability and the steps of everything that may happen from state 0.

    The teammate's proposals in ``triggered_by`` are overridden with probability theta.
    """
    ways = [(Fraction(1), 0, ())]
    for _ in range(steps):
        further = []
        for chance, state, past in ways:
            for own, proposed, overridden, second in product(range(2), repeat=4):
                odds = theta if proposed in triggered_by else Fraction(0)
                here = chance * Fraction(1, 2) * POLICY[state][proposed] * POLICY[state][second]
                here *= odds if overridden else 1 - odds
                if here:
                    executed = OVERRIDE if overridden else proposed
                    step = Step(state, own, proposed, executed, second)
                    further.append((here, leads_to(state, executed), (*past, step)))
        ways = further
    return [(chance, past) for chance, _, past in ways]


@cache
def learn(path, kind, *, frozen_table=False):
    """Return the learner's state, table and model, before each step and after the last."""
    table = dict.fromkeys(REWARD, Fraction(0))
    seen = {(state, action): Fraction(1) for state, action in product(range(2), repeat=2)}
    last: dict[int, int] = {}
    states = []

    def known():
        return tuple(table.values()), tuple(seen.values())

    def value(state):
        share = [seen[state, b] / (seen[state, 0] + seen[state, 1]) for b in range(2)]
        return max(sum(share[b] * table[state, a, b] for b in range(2)) for a in range(2))

    for step, following in zip(path, (*path[1:], None), strict=True):
        states.append(known())
        sample = {"same step": step.proposed, "delayed": last.get(step.state)}.get(
            kind, step.second_draw
        )
        last[step.state] = step.proposed
        entry = (step.state, step.own, step.executed)
        if not frozen_table:
            ahead = value(following.state) if following else Fraction(0)
            table[entry] += Fraction(1, 2) * (REWARD[entry] + Fraction(1, 2) * ahead - table[entry])
        if sample is not None:
            seen[step.state, sample] += 1
    return [*states, known()]


def law(leads_to, theta, steps, what, given, **settings):
    """Return the distribution of ``what(path)`` for each value of ``given(path)``."""
    found = defaultdict(lambda: defaultdict(Fraction))
    for chance, path in paths(leads_to, theta, steps, **settings):
        if (condition := given(path)) is not None:
            found[condition][what(path)] += chance
    return {
        condition: {outcome: chance / sum(law.values()) for outcome, chance in law.items()}
        for condition, law in found.items()
    }


def depends_on_theta(leads_to, steps, what, given, **settings):
    """Whether a conditional law at some theta is another than at theta = 0, where both exist."""
    laws = [law(leads_to, theta, steps, what, given, **settings) for theta in THETAS]
    return any(
        other[condition] != laws[0][condition]
        for other in laws[1:]
        for condition in other.keys() & laws[0].keys()
    )


def next_state(kind, at):
    """The learner's state after step ``at``, which is the last but one enumerated or the last."""
    return lambda path: learn(path, kind)[at + 1]


def by_definition(kind, at):
    """Given the learner's state, the state of the world and the executed joint action."""
    return lambda path: (learn(path, kind)[at], path[at].state, path[at].own, path[at].executed)


@pytest.mark.parametrize("leads_to", [one_state, two_states])
@pytest.mark.parametrize(
    ("kind", "at", "depends"),
    [
        ("same step", 0, True),  # the proposal is told by the executed action, but for theta
        ("delayed", 0, False),  # nothing to be delayed yet
        ("delayed", 1, True),  # the table tells what was executed at the previous visit
        ("second draw", 0, False),
        ("second draw", 1, False),
        ("second draw", 2, False),
    ],
)
def test_the_definition_by_its_letter(leads_to, kind, at, depends):
    found = depends_on_theta(leads_to, at + 1, next_state(kind, at), by_definition(kind, at))
    assert found == depends


@pytest.mark.parametrize("leads_to", [one_state, two_states])
def test_a_second_draw_survives_brakes_that_the_proposal_triggers(leads_to):
    for at in range(3):
        assert not depends_on_theta(
            leads_to,
            at + 1,
            next_state("second draw", at),
            by_definition("second draw", at),
            triggered_by=(1,),
        )


def test_given_all_that_was_executed_everything_learned_is_free_of_theta_with_second_draws():
    def executed(path):
        return tuple((step.state, step.own, step.executed) for step in path)

    def learned(kind):
        return lambda path: learn(path, kind)[-1]

    for triggered_by in ((0, 1), (1,)):
        settings = {"triggered_by": triggered_by}
        assert not depends_on_theta(two_states, 3, learned("second draw"), executed, **settings)
        assert depends_on_theta(two_states, 3, learned("delayed"), executed, **settings)
        assert depends_on_theta(two_states, 3, learned("same step"), executed, **settings)


def second_visit(path):
    """Index of the second visit of state 0, which comes at the third step at the latest."""
    return [k for k, step in enumerate(path) if step.state == 0][1]


def delayed_sample(path):
    return path[0].proposed  # state 0 is where it starts


def done_at_second_visit(path):
    step = path[second_visit(path)]
    return step.own, step.executed


@pytest.mark.parametrize("triggered_by", [(0, 1), (1,)])
def test_with_a_frozen_learner_the_delayed_sample_is_fresh_at_each_visit(triggered_by):
    """Given the visit's number and what is executed there: the policy, at every theta."""
    for theta in THETAS:
        settings = {"triggered_by": triggered_by}
        laws = law(two_states, theta, 3, delayed_sample, done_at_second_visit, **settings)
        assert len(laws) == 4
        assert all(dict(enumerate(POLICY[0])) == found for found in laws.values())


def test_given_the_clock_it_is_not_since_what_was_executed_decides_when_one_comes_back():
    def at_once(path):
        return (path[1].own, path[1].executed) if path[1].state == 0 else None

    assert depends_on_theta(two_states, 2, delayed_sample, at_once)
    assert not depends_on_theta(one_state, 2, delayed_sample, at_once)
    # Back at once means that 0 was executed: proposed, or 1 and overridden.
    found = law(
        two_states, Fraction(1, 2), 2, delayed_sample, lambda path: path[1].state == 0 or None
    )
    assert found == {True: {0: Fraction(4, 5), 1: Fraction(1, 5)}}


def test_a_table_that_learns_tells_what_was_executed_at_the_previous_visit():
    """And that tells of the proposal, but for theta: 0 was meant with odds π / (π + (1 - π) θ)."""
    for theta in THETAS:
        laws = law(one_state, theta, 2, delayed_sample, lambda path: learn(path, "delayed")[1][0])
        told = [found.get(0, Fraction(0)) for found in laws.values()]
        meant = POLICY[0][0]
        assert sorted(set(told)) == [0, meant / (meant + (1 - meant) * theta)]


def test_the_delayed_model_is_that_of_the_same_step_a_visit_late():
    several = 0
    for _, path in paths(two_states, Fraction(1, 2), 3)[::7]:
        late, prompt = learn(path, "delayed"), learn(path, "same step")
        visits = [k for k, step in enumerate(path) if step.state == 0]
        for earlier, later in pairwise(visits):
            assert late[later + 1][1][:2] == prompt[earlier + 1][1][:2]
            several += 1
    assert several > 100


def meant(policy, override, executed, theta):
    """Return the law of the proposal given what was executed, by Bayes' rule."""
    weights = [
        odds * ((1 - theta) * (proposed == executed) + theta * override[executed])
        for proposed, odds in enumerate(policy)
    ]
    return [weight / sum(weights) for weight in weights] if sum(weights) else None


SHARES = [
    [Fraction(x, 4) for x in parts] for parts in product(range(5), repeat=3) if sum(parts) == 4
]


def test_the_same_step_tells_nothing_of_theta_just_where_overrides_are_never_or_always_meant():
    """For every action with which it overrides, the policy's probability is 0 or 1."""
    for policy, override in product(SHARES, repeat=2):
        laws = [
            [meant(policy, override, executed, theta) for executed in range(3)] for theta in THETAS
        ]
        depends = any(
            one != other
            for at_one_theta, at_another in combinations(laws, 2)
            for one, other in zip(at_one_theta, at_another, strict=True)
            if one is not None and other is not None  # what never happens has no law
        )
        told = any(0 < policy[a] < 1 and override[a] for a in range(3))
        assert depends == told
