"""What the frame of threats to updates keeps them to, and what it refuses."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rallypoint.errors import InvalidConfig, UnknownName
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.update.alie import Alie
from rallypoint.safety.threats.update.gaussian import Gaussian
from rallypoint.safety.threats.update.infinity import Infinity
from rallypoint.safety.threats.update.optimal import Optimal
from rallypoint.safety.threats.update.sign_flip import SignFlip
from rallypoint.safety.threats.update.zero import Zero
from rallypoint.safety.updates import UpdateThreats
from rallypoint.safety.updates.recorder import UpdateRecorder
from tests.safety.update_frames import N, frame, updates_of


@pytest.mark.parametrize(
    ("victims", "expected"),
    [
        ("byzantine", [1, 4]),
        ("all", list(range(N))),
        (["worker_2", 7], [2, 7]),
        ((), []),
    ],
)
def test_victims_are_named(victims, expected):
    lied = frame(Zero(victims=victims)).apply(updates_of(0), round_number=0).lied
    assert np.flatnonzero(lied).tolist() == expected


def test_a_share_is_drawn_once_for_the_run_and_by_the_seed():
    drawn = set()
    for seed in range(30):
        threatened = frame(Zero(victims={"fraction": 1 / 3}), seed=seed)
        rounds = [threatened.apply(updates_of(k), round_number=k).lied for k in range(3)]
        assert all((lied == rounds[0]).all() and lied.sum() == 3 for lied in rounds)
        drawn.add(tuple(np.flatnonzero(rounds[0])))
    assert len(drawn) > 20
    byzantine = frame(Zero(), count=3).byzantine
    assert byzantine.sum() == 3
    assert (byzantine == frame(Zero(), SignFlip(), count=3).byzantine).all()


def test_the_byzantine_are_those_of_the_first_episode_of_a_worlds_first_copy():
    for seed in range(10):
        both = ThreatModel(byzantine=Byzantine(count=2), threats=(Crash(when={"from": 1}), Zero()))
        world = Threatened(ProvingGround(copies=3), both.at("presence"), seed=seed)
        world.reset(seed=99)
        updates = UpdateThreats(both.at("update"), contributors=world.agents, seed=seed)
        assert updates.byzantine.tolist() == world.byzantine[0].tolist()


def test_a_schedule_counts_rounds():
    threatened = frame(Zero(when={"from": 2, "until": 7, "every": 2}))
    lied = [threatened.apply(updates_of(k), round_number=k).lied.any() for k in range(9)]
    assert np.flatnonzero(lied).tolist() == [2, 4, 6]
    [receipt] = threatened.receipts()
    assert (receipt.first_step, receipt.last_step, receipt.steps) == (2, 6, 3)
    assert receipt.applications == {"worker_1": 3, "worker_4": 3}
    assert receipt.opportunities == 6


def test_with_a_probability_each_lies_on_its_own_coin():
    threatened = frame(Zero(victims="all", when={"probability": 0.3}))
    lied = np.array([threatened.apply(updates_of(k), round_number=k).lied for k in range(400)])
    assert lied.mean() == pytest.approx(0.3, abs=0.03)
    assert np.abs(np.corrcoef(lied.T) - np.eye(N)).max() < 0.2


def test_budgets_bound_rounds_and_contributors():
    threatened = frame(Zero(victims="all", budget={"rounds": 2, "agents": 3}))
    lied = [threatened.apply(updates_of(k), round_number=k).lied for k in range(4)]
    assert [np.flatnonzero(row).tolist() for row in lied] == [[0, 1, 2], [0, 1, 2], [], []]
    [receipt] = threatened.receipts()
    assert (receipt.most_steps, receipt.most_agents) == (2, 3)
    assert disagreements(threatened.model, [receipt]) == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_budget_of_norm_cuts_lies_to_size_and_turns_none(dtype):
    free, bound = frame(SignFlip(factor=50)), frame(SignFlip(factor=50, budget={"norm": 2.0}))
    long = free.apply(updates_of(0, dtype), round_number=0)
    short = bound.apply(updates_of(0, dtype), round_number=0)
    assert np.linalg.norm(short.updates[[1, 4]], axis=1) == pytest.approx(2.0)
    scaled = long.updates * 2 / np.linalg.norm(long.updates, axis=1, keepdims=True)
    assert np.allclose(short.updates[[1, 4]], scaled[[1, 4]], rtol=1e-5)
    assert (long.receipts[0].clipped, short.receipts[0].clipped) == (0, 2)
    sent = np.linalg.norm(short.updates[[1, 4]].astype(float), axis=1).max()
    assert short.receipts[0].largest_norm == pytest.approx(sent, rel=1e-12)
    assert short.receipts[0].largest_norm <= 2.0
    assert disagreements(bound.model, bound.receipts()) == []
    huge = frame(Gaussian(deviation=1e200, budget={"norm": 2.0}))
    sent = huge.apply(updates_of(0), round_number=0).updates
    assert np.linalg.norm(sent[[1, 4]], axis=1) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            lambda: frame(Crash()),
            r"stands at site 'presence'; the frame around updates .*model\.at",
        ),
        (lambda: frame(Zero(budget={"steps_per_episode": 3})), "give its budget as rounds"),
        (lambda: frame(Infinity(budget={"norm": 1.0})), "which no budget of norm can cut"),
        (lambda: frame(Zero(knowledge=["true_state"])), "about updates there is aggregator, coll"),
        (lambda: UpdateThreats(Zero(victims=[0]), contributors=0, seed=0), "at least one, by diff"),
        (lambda: UpdateThreats(Zero(victims=[0]), contributors=["a", "a"], seed=0), "at least one"),
        (lambda: UpdateThreats([Zero()], contributors=3, seed=0), "is done by the Byzantine"),
        (lambda: frame(Zero(budget={"norm": 0.0})), "norm is a finite length > 0"),
        (lambda: frame(Zero(budget={"rounds": -1})), "rounds is a whole number >= 0"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_first_round(made, message):
    with pytest.raises(InvalidConfig, match=message):
        made()


@pytest.mark.parametrize("budget", [{"rounds": 3}, {"norm": 1.0}])
def test_a_world_refuses_budgets_of_updates(budget):
    with pytest.raises(InvalidConfig, match="a budget of rounds or norm, which are of updates"):
        Threatened(ProvingGround(copies=2), Crash(victims=[0], budget=budget))


def test_a_world_refuses_threats_to_updates():
    with pytest.raises(InvalidConfig, match="stands at site 'update'; the frame around a world"):
        Threatened(ProvingGround(copies=2), Zero(victims=[0]))


def test_an_unknown_contributor_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'worker_1'"):
        frame(Zero(victims=["worker1"]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (dict(updates=np.ones((N, 2), dtype=int)), r"a floating array \(n, d\)"),
        (dict(updates=np.ones(N)), r"a floating array \(n, d\)"),
        (dict(updates=[[1.0]]), r"a floating array \(n, d\), got list"),
        (dict(round_number=-1), "a round is a whole number >= 0"),
        (dict(members=[0, 1]), "members say which of 9"),
        (dict(members=[0, 1, 2, 3, 4, 5, 6, 7, 7]), "each once"),
        (dict(members=range(1, 10)), "members say which of 9"),
    ],
)
def test_rounds_that_cannot_be_meant_are_refused(given, message):
    with pytest.raises(InvalidConfig, match=message):
        frame(Zero()).apply(**({"updates": updates_of(0), "round_number": 0} | given))


def test_an_attack_on_an_aggregator_that_is_not_given_is_refused():
    with pytest.raises(InvalidConfig, match="knows the aggregator, and none was given"):
        frame(Optimal()).apply(updates_of(0), round_number=0)


def test_a_frame_is_for_one_model():
    threatened = frame(Alie())
    threatened.apply(updates_of(0), round_number=0)
    with pytest.raises(InvalidConfig, match="have 7 columns, and had 6 in earlier rounds"):
        threatened.apply(updates_of(0, columns=7), round_number=1)


def test_a_snapshot_of_other_threats_is_refused():
    with pytest.raises(InvalidConfig, match=r"of threats \['0.zero'\], and these are \['0.alie'\]"):
        frame(Alie()).restore(frame(Zero()).snapshot())


@settings(max_examples=150, deadline=None)
@given(
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
    of_lies=st.floats(0, 0.9999),  # from the smallest number that there is to the largest
    of_limit=st.floats(0, 0.9999),
    columns=st.integers(1, 60),
    seed=st.integers(0, 99),
)
def test_lies_of_any_size_are_cut_to_any_budget_and_not_beyond_it(
    dtype, of_lies, of_limit, columns, seed
):
    least, most = float(np.finfo(dtype).smallest_subnormal), float(np.finfo(dtype).max)
    size, norm = (
        2.0 ** (math.log2(least) + share * (math.log2(most) - math.log2(least)))
        for share in (of_lies, of_limit)
    )
    shape = (3, columns)
    found = (np.random.default_rng(seed).uniform(-1, 1, shape) * size).astype(dtype)
    model = ThreatModel(threats=(SignFlip(victims=[1], budget={"norm": norm}),))
    few = UpdateThreats(model, contributors=3, seed=0)
    recorder = UpdateRecorder(few)
    sent = few.apply(found, round_number=0).updates[1]
    assert recorder.finish() == []  # an honest run is none that is invalid
    mantissa, exponent = math.frexp(norm)
    with np.errstate(over="ignore"):  # of what is that much too long
        whole, length = (
            math.hypot(*np.ldexp(row.astype(float), -exponent).tolist()) / mantissa
            for row in (found[1], sent)
        )
    assert length <= 1 + 1e-12 + 5e-324 / norm / 2  # lengths are no finer than numbers
    if whole > 1:  # and not cut by more than the numbers are coarse
        lost = 2 * float(np.finfo(dtype).eps) + math.sqrt(columns) * least / norm
        assert length >= 1 - lost
