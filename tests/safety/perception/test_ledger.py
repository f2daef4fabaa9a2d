"""The ledger: whoever lies, however much, spends what was declared and not a bit more."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

import rallypoint
from rallypoint.batch_env import Group
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.known import Span
from rallypoint.safety.perception.ledger import Ledger
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.receipts import combined, disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Proposal
from tests.safety.stubs import CrashingStub, SeeingStub, Stub, actions_at, ground, play


def liar(reach, size=9.0, **settings):
    """Somebody who tells lies of a size, uniformly, whatever the budget is."""

    def does(state, known, draws):
        seen = known.own_percept
        noise = size * (2 * draws.random(seen.shape[1:]) - 1)
        return Proposal(known.affordable, (seen + noise).astype(seen.dtype)), state

    settings = {"knowledge": ["own_percept"], "budget": {"reach": reach}} | settings
    return SeeingStub(does=does, **settings)


def told_lies(env, steps, unit=1.0):
    """Play, and return the lies: a list of (E, N) sizes by entry (E, N, 3)."""
    found = []
    for step in play(env, steps):
        parts = [
            (step.observations[g] - step.infos[f"true_observations/{g}"].astype(np.float64))[
                ..., :3
            ]
            for g in ("walkers", "gliders")
        ]
        found.append(np.abs(np.concatenate(parts, axis=1)) / unit)
    return found


def test_no_lie_is_larger_than_a_step_allows_and_the_receipt_says_exactly_so():
    env = Threatened(ground(), [liar({"step": 0.25})])
    lies = told_lies(env, 12)
    largest = max(lie.max() for lie in lies)
    assert 0.2 < largest <= 0.25
    (receipt,) = env.receipts()
    assert receipt.largest_lie <= 0.25
    assert receipt.largest_lie > 0.2499  # of hundreds of lies of up to 9, one is cut to all of it
    assert receipt.clipped > 0
    assert disagreements(env.model, [receipt]) == []


def test_what_is_within_reach_is_told_as_it_is():
    wide = Threatened(ground(), [liar({"step": 99.0}, size=0.5)])
    free = Threatened(ground(), [liar(None, size=0.5)])
    for one, other in zip(play(wide, 10), play(free, 10), strict=True):
        for group in ("walkers", "gliders"):
            assert (one.observations[group] == other.observations[group]).all()
    assert wide.receipts()[0].clipped == 0


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("shared", [False, True])
def test_an_episode_holds_so_much_and_no_more(norm, shared):
    reach = {"norm": norm, "step": 0.5, "episode": 1.25, "shared": shared}
    env = Threatened(ground(), [liar(reach)])
    power = 2 if norm == "l2" else 1
    spent = np.zeros((6, 5))
    env.reset(seed=0)
    spent += step_sizes(env, norm) ** power
    most_at_once = 0.0
    for count in range(11):
        step = env.step(actions_at(env, count))
        now = step_sizes(env, norm) ** power
        spent += now
        at_once = now.sum(axis=1) if shared else now
        most_at_once = max(most_at_once, at_once.max() ** (1 / power))
        if step.ended.any():
            break
    totals = spent.sum(axis=1) if shared else spent
    assert (totals ** (1 / power) <= 1.25 + 1e-9).all()
    assert most_at_once <= 0.5 + 1e-9
    (receipt,) = env.receipts()
    assert receipt.most_lied == pytest.approx(totals.max() ** (1 / power), rel=1e-6)
    assert receipt.most_lied <= 1.25
    assert receipt.most_lied > 1.249
    assert disagreements(env.model, [receipt]) == []


def step_sizes(env, norm):
    parts = []
    for group, true in env.true_observations.items():
        apart = np.abs(env._perceived[group].astype(np.float64) - true)
        parts.append(apart.max(axis=-1) if norm == "linf" else np.sqrt((apart**2).sum(axis=-1)))
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_unit_of_zero_is_not_touched_where_there_is_no_other_limit(norm):
    reach = {"norm": norm, "scale": [0.1, 0.0, 2.0]}
    env = Threatened(ground(gliders=0), [liar(reach, size=3.0)])
    env.reset(seed=0)
    apart = np.abs(env._perceived["walkers"].astype(np.float64) - env.true_observations["walkers"])
    assert (apart[..., 1] == 0).all()
    assert (apart[..., ::2] > 0).all()
    (receipt,) = env.receipts()
    assert 1.5 < receipt.largest_lie < 31 * np.sqrt(2)
    assert receipt.most_lied == receipt.largest_lie


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_truth_without_end_leaves_no_hole_in_the_budget(norm):
    space = Box(-np.inf, np.inf, (3,), np.float32)
    group = Group("agents", ("a", "b"), space, Discrete(2))
    ledger = Ledger(Reach(norm=norm, step=0.5, episode=1.0), (1, 2), [group], "a liar")
    true = np.float32([[[np.inf, 0.0, 0.0], [np.nan, 0.0, 0.0]]])
    told = 0.0
    for _ in range(9):
        ledger.open(slice(None))
        lies = true + np.float32([0.0, 0.0, 5.0])
        seen = ledger.settle(
            slice(None), Span(group, slice(0, 2), None), np.ones((1, 2), dtype=bool), lies, true
        )
        assert np.array_equal(seen[..., :2], true[..., :2], equal_nan=True)
        assert (seen[..., 2] <= 0.5).all()
        told = told + seen[..., 2].astype(np.float64) ** (2 if norm == "l2" else 1)
    assert (told > 0.99).all()
    assert (told <= 1.0).all()
    assert ledger.told()["largest_lie"] == 0.5


def test_a_unit_of_zero_is_not_touched_and_others_count_in_theirs():
    env = Threatened(ground(gliders=0), [liar({"step": 0.5, "scale": [0.1, 0.0, 2.0]}, size=99.0)])
    env.reset(seed=0)
    apart = np.abs(env._perceived["walkers"].astype(np.float64) - env.true_observations["walkers"])
    assert apart[..., 0].max() <= 0.05
    assert (apart[..., 1] == 0).all()
    assert 0.5 < apart[..., 2].max() <= 1.0


def counted(neighbours, **limits):
    def does(state, known, draws):
        seen = known.own_percept
        offsets = np.array([-2, -1, 1, 1])[draws.integers(4, seen.shape[1:])]
        return Proposal(known.affordable, np.clip(seen + offsets, 0, None)), state

    return SeeingStub(
        does=does,
        knowledge=["own_percept"],
        budget={"reach": {"neighbours": neighbours, **limits}},
    )


def test_only_neighbours_are_shown_and_so_many_of_them():
    world = rallypoint.make("island-navigation-v0", copies=50)
    count = int(world.groups[0].observation_space.n)
    line = [[k for k in (n - 1, n + 1) if 0 <= k < count] for n in range(count)]
    env = Threatened(world, [counted(line, episode=3)])
    rng = stream(0, "test")
    env.reset(seed=0)
    lies, goes_on = np.zeros(50), np.ones(50, dtype=bool)
    for _ in range(8):
        apart = env._perceived["agents"] - env.true_observations["agents"]
        assert (abs(apart) <= 1).all()
        lies += (apart != 0)[:, 0] & goes_on
        step = env.step({"agents": rng.integers(0, 4, (50, 1))})
        goes_on &= ~step.ended
        if step.ended.any():
            env.reset(mask=step.ended)
    assert lies.max() == 3
    assert env.receipts()[0].clipped > 0
    assert env.receipts()[0].most_lied == 3.0
    assert env.receipts()[0].largest_lie == 1.0


def test_receipts_add_up_and_a_receipt_over_budget_disagrees():
    env = Threatened(ground(), [liar({"step": 0.25, "episode": 0.5})])
    list(play(env, 5))
    (receipt,) = env.receipts()
    assert combined([receipt, receipt]).most_lied == receipt.most_lied
    tight = ThreatModel(threats=[liar({"step": 0.2, "episode": 0.5})])
    assert any("reach.step = 0.2" in fault for fault in disagreements(tight, [receipt]))


def test_it_goes_on_from_a_snapshot_with_what_was_spent():
    env = Threatened(ground(), [liar({"step": 0.25, "episode": 0.6, "shared": True})])
    env.reset(seed=3)
    for count in range(2):
        env.step(actions_at(env, count))
    snapshot = env.snapshot()
    rest = [env.step(actions_at(env, count)).observations for count in range(2, 5)]
    receipt = env.receipts()[0]
    again = Threatened(ground(), [liar({"step": 0.25, "episode": 0.6, "shared": True})])
    again.reset(seed=4)
    again.restore(snapshot)
    for count, was in enumerate(rest, start=2):
        seen = again.step(actions_at(again, count)).observations
        assert all((seen[group] == was[group]).all() for group in was)
    assert again.receipts()[0] == receipt


def test_every_episode_has_its_own_budget():
    env = Threatened(ground(), [liar({"step": 1.0, "episode": 1.5})])
    for _ in range(3):
        env.reset()
        first = step_sizes(env, "linf")
        env.step(actions_at(env, 0))
        assert (first > 0.99).all()
        both = first + step_sizes(env, "linf")
        assert (both <= 1.5).all()
        assert (both > 1.49).all()


def test_a_truth_outside_of_its_space_is_told_rather_than_a_lie_too_large():
    world = ground(gliders=0)
    narrow = Box(
        -0.5, 0.5, (3,), np.float32
    )  # walkers are seen further off, and in numbers up to 3
    world.groups = (world.groups[0]._replace(observation_space=narrow), *world.groups[1:])

    def does(state, known, draws):
        return Proposal(known.affordable, np.zeros_like(known.own_percept)), state

    threat = SeeingStub(
        does=does, knowledge=["own_percept"], budget={"reach": {"step": 0.1, "episode": 0.3}}
    )
    env = Threatened(world, [threat])
    env.reset(seed=0)
    true = env.true_observations["walkers"]
    far = (np.abs(true) > 0.6).any(axis=-1)
    assert far.any()
    assert (env._perceived["walkers"][far] == true[far]).all()
    (receipt,) = env.receipts()
    assert receipt.largest_lie <= 0.1
    assert disagreements(env.model, [receipt]) == []


def test_zeros_and_ones_have_no_norm():
    world = ground(gliders=0)
    world.groups = (world.groups[0]._replace(observation_space=Box(0, 1, (3,), np.float32)),)
    world._observe = lambda: {"walkers": np.eye(3, dtype=np.float32)[None].repeat(6, axis=0)}
    env = Threatened(world, [liar({"step": 0.1}, size=0.0)])
    with pytest.raises(InvalidConfig, match=r"made of zeros and ones.*neighbours"):
        env.reset(seed=0)


@pytest.mark.parametrize("kind", [Stub, CrashingStub])
def test_a_reach_is_of_percepts_only(kind):
    threat = kind(does=print, budget={"reach": {"step": 0.1}})
    with pytest.raises(InvalidConfig, match="a budget of reach, which is of what agents are shown"):
        Threatened(ground(), [threat])


def test_a_number_of_a_few_has_no_norm():
    world = ground()
    world.groups = tuple(g._replace(observation_space=Discrete(4)) for g in world.groups)
    with pytest.raises(InvalidConfig, match=r"reach = \{neighbours = …\}"):
        Threatened(world, [liar({"step": 0.1})])
