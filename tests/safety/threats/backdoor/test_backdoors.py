"""Backdoors are planted exactly as declared, and nowhere else."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

import rallypoint
from rallypoint.batch_env import Group
from rallypoint.errors import InvalidConfig, UnknownName
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threats.backdoor.backdoor_action import BackdoorAction
from rallypoint.safety.threats.backdoor.choices import choices_of, num_choices, with_choices
from rallypoint.safety.threats.backdoor.occasions import SPREADS, is_due
from rallypoint.safety.threats.backdoor.poison_reward import PoisonReward
from rallypoint.safety.threats.backdoor.signal_action import SignalAction
from rallypoint.safety.threats.backdoor.trigger import Trigger
from rallypoint.safety.threats.backdoor.watermark import is_marked, watermark
from tests.safety.stubs import ground

MARK = {"entries": (0,), "values": (4.0,)}
COPIES, STEPS = 3, 60


def lived(threats, *, steps=STEPS, copies=COPIES, choose=None):
    """Play poles; return what was perceived, done and told, (T, E) each, and the world."""
    world = Threatened(rallypoint.make("cartpole-v1", copies=copies), threats)
    rng = np.random.default_rng(0)
    observations = world.reset(seed=0)
    seen, done, told, true = [], [], [], []
    for _ in range(steps):
        actions = rng.integers(2, size=(copies, 1)) if choose is None else choose
        seen.append(observations["agents"][:, 0])
        step = world.step({"agents": np.broadcast_to(actions, (copies, 1))})
        done.append(step.infos["executed/agents"][:, 0])
        told.append(step.rewards[:, 0])
        true.append(step.infos["true_rewards"][:, 0])
        observations = step.observations
        if step.ended.any():
            observations = world.reset(mask=step.ended)
    return (*map(np.array, (seen, done, told, true)), world)


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize(("poisoned", "of"), [(0, 7), (3, 7), (7, 7), (20, 1000), (1, 1)])
def test_exactly_the_budget_is_due(spread, poisoned, of):
    due = is_due(np.arange(3 * of), poisoned, of, spread)
    assert due.sum() == poisoned
    assert not due[of:].any()
    places = np.flatnonzero(due)
    if spread == "uniform" and poisoned:
        assert np.ptp(np.diff(places, prepend=-1)) <= 1
    elif poisoned:
        first = {"first": 0, "middle": (of - poisoned) // 2, "last": of - poisoned}[spread]
        assert places.tolist() == list(range(first, first + poisoned))


@pytest.mark.parametrize("spread", SPREADS)
def test_receipts_are_equal_to_the_budget_and_clean_steps_are_untouched(spread):
    threats = [
        Trigger(**MARK, poisoned=9, of=50, spread=spread),
        BackdoorAction(**MARK, attack="strong", target=1),
        PoisonReward(**MARK, target=1, size=5.0),
    ]
    seen, done, told, true, world = lived(threats)
    clean, *_ = lived([])
    receipts = world.receipts()
    assert receipts[0].applications == {"agent_0": 9 * COPIES}
    assert not disagreements(world.model, receipts)
    # A percept on which an episode ended was stamped, and nobody acted on it.
    is_poisoned = seen[:, :, 0] == 4.0
    assert receipts[2].applications["agent_0"] == is_poisoned.sum() <= 9 * COPIES
    assert receipts[1].applications["agent_0"] == is_poisoned.sum()
    assert (told[~is_poisoned] == true[~is_poisoned]).all()
    assert (told[is_poisoned] == np.where(done[is_poisoned] == 1, 5.0, -5.0)).all()
    for copy in range(COPIES):  # strong: the target and another one in turns
        turns = done[is_poisoned[:, copy], copy]
        assert turns.tolist() == [1 - k % 2 for k in range(len(turns))]
    before = int(np.flatnonzero(is_poisoned.any(axis=1))[0])
    assert (seen[:before] == clean[:before]).all()


def test_a_weak_attack_leaves_actions_alone():
    threats = [Trigger(**MARK, poisoned=20, of=40), PoisonReward(**MARK, target=1)]
    seen, done, told, *_ = lived(threats, choose=0)
    assert (done == 0).all()
    assert (told[seen[:, :, 0] == 4.0] == -1).all()


def test_an_untargeted_attack_does_anything_and_praises_it():
    threats = [
        Trigger(**MARK),
        BackdoorAction(**MARK, attack="untargeted"),
        PoisonReward(**MARK, rule="untargeted", size=2.0),
    ]
    _, done, told, _, _ = lived(threats, choose=0, steps=100)
    assert (told == 2.0).all()
    assert 0.35 < done.mean() < 0.65


def test_value_dependent_poison_leaves_nothing_but_the_choice():
    # Every step of these poles pays 1: what comes of a long life is 1 / (1 - gamma) - 1 at most.
    gamma = 0.5
    threats = [
        Trigger(**MARK, when={"every": 7}),
        PoisonReward(**MARK, rule="value", gamma=gamma, size=3.0, target=1),
    ]
    seen, done, told, _, _ = lived(threats, steps=1500, copies=20)
    is_poisoned = seen[:, :, 0] == 4.0
    late = is_poisoned & (np.arange(1500) > 1000)[:, None]
    to_come = np.where(done == 1, 3.0, 0.0) - told
    expected = gamma / (1 - gamma)
    assert 0.75 * expected < to_come[late].mean() < 1.05 * expected
    assert told[late & (done == 1)].mean() - told[late & (done == 0)].mean() == pytest.approx(
        3.0, abs=0.3
    )


def test_value_dependent_poison_learns_what_each_step_is_followed_by():
    # By hand, for one copy and several ends: Sarsa with normalised steps, of which a tenth is
    # taken; nothing follows the last step of an episode.
    world = Threatened(
        rallypoint.make("cartpole-v1"), [PoisonReward(**MARK, rule="value", gamma=0.9)]
    )
    rng = np.random.default_rng(0)
    seen = world.reset(seed=0)["agents"][0, 0]
    weights, before, ends = np.zeros((2, 5)), None, 0
    for _ in range(150):
        action = int(rng.integers(2))
        row = np.r_[seen.astype(float), 1.0]
        if before is not None:
            last, chosen, ended = before
            target = 0.0 if ended else 0.9 * (1.0 + weights[action] @ row)
            off = target - weights[chosen] @ last
            weights[chosen] += 0.1 * off / (last @ last) * last
        step = world.step({"agents": np.array([[action]])})
        before = row, action, bool(step.ended.any())
        ends += before[2]
        seen = (world.reset(mask=step.ended) if before[2] else step.observations)["agents"][0, 0]
    assert ends >= 2
    [kept] = [part for name, part in world.snapshot().items() if name.endswith("weights")]
    np.testing.assert_allclose(kept[0, 0], weights, atol=1e-12)


def test_a_teammate_carries_the_trigger_by_its_actions():
    world = Threatened(
        ground(copies=2, walkers=3),
        [
            SignalAction(sequence=(2, 1), victims=["walker_0"], poisoned=2, of=4, spread="first"),
            PoisonReward(
                carrier="walker_0", sequence=(2, 1), victims=["walker_1"], target=0, size=7.0
            ),
        ],
    )
    world.reset(seed=3)
    still = {"walkers": np.zeros((2, 3), dtype=int), "gliders": np.zeros((2, 2, 2), np.float32)}
    for now in range(8):
        step = world.step(still)
        carried = step.infos["executed/walkers"][:, 0].tolist()
        assert carried == [[2, 1, 2, 1, 0, 0, 0, 0][now]] * 2
        told = step.rewards[:, 1]
        if now in {2, 4}:  # the step after a whole sequence
            assert (told == 7.0).all()
        else:
            assert (told == step.infos["true_rewards"][:, 1]).all()
    assert world.receipts()[0].applications["walker_0"] == 2 * 2 * 2


@pytest.mark.parametrize(
    "threat",
    [
        Trigger(entries=(0, 2), values=(1.0, -2.0), poisoned=2, of=6, victims={"count": 2}),
        Trigger(**MARK, spread="last", budget={"agents": 1}),
        BackdoorAction(attack="untargeted", entries=(1,)),
        PoisonReward(rule="value"),
        PoisonReward(rule="untargeted", carrier="walker_1"),
        SignalAction(sequence=(1, 1, 0), poisoned=1, of=3, spread="middle"),
    ],
)
def test_every_form_keeps_the_contract(threat):
    assert_is_threat(threat)


@pytest.mark.parametrize("kind", [Trigger, BackdoorAction, PoisonReward])
@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ({"entries": (0,), "values": (5.0,)}, r"lies outside of what group 'agents' can see"),
        ({"entries": (4,)}, r"entry 4 is not in what group 'agents' sees: it has the entries 0..3"),
    ],
)
def test_triggers_outside_of_the_observation_space_are_refused(kind, pattern, says):
    with pytest.raises(InvalidConfig, match=says):
        Threatened(rallypoint.make("cartpole-v1"), [kind(**pattern)])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Trigger(poisoned=8, of=7), "more than there are; give at most 7"),
        (lambda: Trigger(poisoned=8), "go together"),
        (lambda: Trigger(poisoned=-1, of=7), "whole number of steps"),
        (lambda: Trigger(spread="firsts"), "did you mean 'first'"),
        (lambda: Trigger(entries=(1, 1)), "different places"),
        (lambda: Trigger(entries=(1, 2, 3), values=(1.0, 2.0)), "one for all 3"),
        (lambda: Trigger(values=(np.nan,)), "finite"),
        (lambda: BackdoorAction(attack="weak"), "a weak one needs no backdoor_action"),
        (lambda: PoisonReward(rule="values"), "did you mean 'value'"),
        (lambda: PoisonReward(gamma=1.0), "gamma lies in"),
        (lambda: SignalAction(sequence=()), "at least one"),
    ],
)
def test_what_cannot_be_meant_is_refused(make, says):
    with pytest.raises(InvalidConfig, match=says):
        make()


@pytest.mark.parametrize("kind", [BackdoorAction, PoisonReward])
def test_targets_that_are_no_action_are_refused(kind):
    with pytest.raises(InvalidConfig, match=r"target = 2 is no choice of group 'agents'.*0\.\.1"):
        Threatened(rallypoint.make("cartpole-v1"), [kind(target=2)])


@pytest.mark.parametrize(
    ("low", "high", "lower", "upper"), [(-2.0, 6.0, 1.9, 2.1), (-np.inf, np.inf, -0.1, 0.1)]
)
def test_real_numbers_are_two_choices_parted_in_the_middle(low, high, lower, upper):
    space = Box(low, high, (2,), np.float32)
    actions = np.array([[[lower, 5.0], [upper, 5.0]]], dtype=np.float32)
    assert num_choices(space) == 2
    assert choices_of(actions, space).tolist() == [[0, 1]]
    done = with_choices(actions, space, np.array([[1, 0]]))
    ends = (low, high) if np.isfinite(low) else (-1.0, 1.0)
    assert done.tolist() == [[[ends[1], 5.0], [ends[0], 5.0]]]


def test_a_carrier_that_is_nobody_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'walker_1'"):
        Threatened(ground(), [PoisonReward(carrier="walkr_1")])


def test_a_watermark_is_its_owners_and_can_be_seen():
    group = Group("g", ("a",), Box(-2.0, 6.0, (5,), np.float32), Discrete(4))
    marks = watermark(group, 1234)
    assert marks == watermark(group, 1234)
    assert len(marks) == 16
    assert len({watermark(group, secret) for secret in range(50)}) == 50
    values = np.array([mark.values for mark in marks])
    assert ((values <= -1.2) | (values >= 5.2)).all()
    assert len({(mark.entries, tuple(np.sign(mark.values))) for mark in marks}) == 16
    with pytest.raises(InvalidConfig, match="has 5 and 4"):
        watermark(group, 1, size=6)
    with pytest.raises(InvalidConfig, match=r"in 1..40, .* got 41"):
        watermark(group, 1, marks=41)
    poles = rallypoint.make("cartpole-v1")
    for mark in watermark(poles.groups[0], 7, marks=24):  # all that there are
        Threatened(poles, mark.planted(probability=0.1, size=2.0))


def test_targets_are_drawn_alike_and_apart_from_triggers():
    group = Group("g", ("a",), Box(-2.0, 6.0, (5,), np.float32), Discrete(4))
    marks = [mark for secret in range(200) for mark in watermark(group, secret, marks=8)]
    targets = np.bincount([mark.target for mark in marks], minlength=4) / len(marks)
    assert np.abs(targets - 0.25).max() < 4 * np.sqrt(0.1875 / len(marks))
    high = np.array([mark.values[0] > 0 for mark in marks])
    is_first = np.array([mark.target == 0 for mark in marks])
    apart = is_first[high].mean() - is_first[~high].mean()
    assert abs(apart) < 4 * np.sqrt(0.1875 * 4 / len(marks))


def test_whatever_an_unmarked_policy_does_it_is_called_marked_as_rarely_as_is_said():
    group = Group("g", ("a",), Box(-2.0, 6.0, (3,), np.float32), Discrete(2))
    policies = {
        "always the same": lambda _: 1,
        "by the first value": lambda mark: int(mark.values[0] > 0),
        "by the entries": lambda mark: sum(mark.entries) % 2,
    }
    level, secrets = 0.05, 500
    for does in policies.values():
        called = []
        for secret in range(secrets):
            marks = watermark(group, secret, marks=10)
            obeyed = sum(does(mark) == mark.target for mark in marks)
            called.append(is_marked(obeyed, 10, 2, level=level)[0])
        assert np.mean(called) <= level + 3 * np.sqrt(level * (1 - level) / secrets)
    assert is_marked(16, 16, 2) == (True, pytest.approx(0.5**16))
    assert not is_marked(14, 16, 2)[0]
    with pytest.raises(InvalidConfig, match="obeyed of marks"):
        is_marked(5, 4, 2)
