"""The colony beside its definition, ant by ant; and what must come of it by arithmetic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rallypoint
from rallypoint.agents.rules import EncounterRate, FixedRoles, ResponseThreshold
from rallypoint.draws import Draws
from rallypoint.envs.ant_colony.percept import Companions, parts
from rallypoint.envs.conformance import assert_is_env
from rallypoint.errors import InvalidConfig

DEVIATION, CAP = 0.5, 5.0
COLONIES = st.fixed_dictionaries(
    {
        "num_agents": st.integers(1, 12),
        "needs": st.lists(st.floats(0.01, 3), min_size=1, max_size=4),
        "efficiency": st.floats(0.05, 2),
        "meetings": st.sampled_from([1, 2, 4]),
    }
)


def perceived(actions, alive, stimuli, kept):
    """Return what each ant of a copy perceives: nothing here is meant to be fast."""
    num_tasks = len(stimuli)
    apparent = [a - num_tasks if a > num_tasks else a for a in actions]
    living = [ant for ant in range(len(actions)) if alive[ant]]
    percepts = np.zeros((len(actions), 3 * num_tasks + 2), dtype=np.float32)
    for ant in living:
        for task, stimulus in enumerate(stimuli):
            felt = stimulus + DEVIATION * kept["_noises"][ant, task]
            percepts[ant, task] = np.float32(min(max(felt, 0), CAP) / CAP)
        percepts[ant, num_tasks + apparent[ant]] = 1
        others = [other for other in living if other != ant]
        if others:
            for chance in kept["_chances"][ant]:
                met = others[int(chance * len(others))]
                percepts[ant, 2 * num_tasks + 1 + apparent[met]] += 1 / len(kept["_chances"][ant])
    return percepts


@settings(max_examples=60)
@given(COLONIES, st.integers(0, 2**32))
def test_everybody_perceives_and_earns_what_the_definition_says(colony, seed):
    num_agents, needs, efficiency = (colony[k] for k in ("num_agents", "needs", "efficiency"))
    fixed = {"copies": 3, "cap": CAP, "noise": DEVIATION, "pretence": True}
    env = rallypoint.make("ant-colony-v0", **colony, **fixed)
    env.reset(seed=seed)
    rng = np.random.default_rng(seed)
    gone = rng.random((3, num_agents)) < 0.3
    gone[:, 0] = False
    alive = np.ones((3, num_agents), dtype=bool)
    stimuli = np.zeros((3, len(needs)))
    for time in range(4):
        if time == 2:
            env.remove(gone)
            alive = ~gone
        doing = rng.integers(2 * len(needs) + 1, size=(3, num_agents))
        step = env.step({"agents": doing})
        doing = np.where(alive, doing, 0)
        kept = env.snapshot()
        for copy in range(3):
            for task, need in enumerate(needs):
                at_work = int((doing[copy] == task + 1).sum())
                assert step.infos["workers"][copy, task] == at_work
                stimuli[copy, task] = max(stimuli[copy, task] + need - efficiency * at_work, 0)
            earned = -np.mean([min(stimulus, CAP) for stimulus in stimuli[copy]])
            np.testing.assert_allclose(step.rewards[copy], earned * alive[copy], atol=1e-12)
            drawn = {name: kept[name][copy] for name in ("_noises", "_chances")}
            expected = perceived(doing[copy], alive[copy], stimuli[copy], drawn)
            got = step.observations["agents"][copy]
            np.testing.assert_allclose(got, expected, atol=1e-6)
        np.testing.assert_allclose(env.state()[:, : len(needs)], stimuli, atol=1e-12)


@given(st.integers(1, 9), st.integers(0, 2**32))
def test_the_living_meet_each_other_living_equally_often_and_never_themselves(num_ants, seed):
    alive = np.random.default_rng(seed).random((1, num_ants)) < 0.7
    alive[0, 0] = True
    others = int(alive.sum()) - 1
    # The middle of each of as many equal parts of [0, 1) as there are others.
    chances = np.broadcast_to((np.arange(others) + 0.5) / max(others, 1), (1, num_ants, others))
    met = Companions(alive).met(chances)
    for ant in np.flatnonzero(alive[0]):
        assert sorted(met[0, ant]) == [i for i in np.flatnonzero(alive[0]) if i != ant]


@pytest.mark.parametrize("settings", [{"num_agents": 1}, {"pretence": True, "needs": (0.5,)}])
def test_it_passes_at_other_settings(settings):
    assert_is_env("ant-colony-v0", processes=False, max_cycles=15, **settings)


def played(policy, copies=16, steps=600, lost=0, seed=1, **settings):
    """Play, lose so many who work on task 1 half-way; return workers and stimuli (T, E, K)."""
    env = rallypoint.make("ant-colony-v0", copies=copies, **settings)
    draws = Draws(seed, "tests/colony", env.copies)
    percepts = env.reset(seed)
    workers, stimuli = [], []
    for time in range(steps):
        if lost and time == steps // 2:
            at_work = env.regions()["task_1"]
            percepts = env.remove(at_work & (at_work.cumsum(axis=1) <= lost))
        step = env.step(policy.act(percepts, draws))
        percepts = step.observations
        workers.append(step.infos["workers"])
        stimuli.append(env.state()[:, : env.num_tasks])
    return np.stack(workers), np.stack(stimuli)


@pytest.mark.parametrize("lost", [0, 15])
def test_as_many_work_as_each_task_needs_whoever_has_died(lost):
    workers, _ = played(ResponseThreshold(), lost=lost, steps=1000)
    # What is neither growing nor falling is done as fast as it comes: need over efficiency.
    np.testing.assert_allclose(workers[700:].mean(axis=(0, 1)), [18, 9, 9], rtol=0.02)


@pytest.mark.parametrize("stimulus", [0.0, 4.0, 8.0, 20.0])
def test_an_idle_ant_takes_a_task_up_by_the_squares_of_stimulus_and_threshold(stimulus):
    ants = 60_000
    percepts = np.zeros((1, 2 * ants, 11), dtype=np.float32)
    percepts[..., :3] = stimulus / 40.0
    percepts[0, :ants, 3] = 1  # idle
    percepts[0, ants:, 5] = 1  # at the second task
    rule = ResponseThreshold(mean=8.0, deviation=0.0, quits=0.3)
    (chosen,) = rule.act({"agents": percepts}, Draws(0, "tests/ants", [0]))["agents"]
    idle, working = np.bincount(chosen[:ants], minlength=4), np.bincount(chosen[ants:], minlength=4)
    taken = stimulus**2 / (stimulus**2 + 64)
    off = 4.5 / np.sqrt(ants)
    np.testing.assert_allclose(idle / ants, [1 - taken, *[taken / 3] * 3], atol=off)
    np.testing.assert_allclose(working / ants, [0.3, 0, 0.7, 0], atol=off)


def test_those_who_are_recruited_by_encounters_fill_the_gap_too():
    workers, stimuli = played(EncounterRate(), lost=15, steps=1000)
    assert (workers[700:].mean(axis=(0, 1)) > [17, 8, 8]).all()
    assert (stimuli[-1].mean(axis=0) < 15).all()


def test_fixed_roles_fall_behind_by_exactly_what_is_missing():
    _, stimuli = played(FixedRoles(), copies=2, steps=40, lost=15, num_agents=60)
    np.testing.assert_allclose(np.diff(stimuli[20:, :, 0], axis=0), 0.30 - 15 / 60, atol=1e-12)
    assert (stimuli[:, :, 1:] == 0).all()


def test_pretending_looks_like_work_and_is_none():
    env = rallypoint.make(
        "ant-colony-v0", num_agents=4, needs=(1.0,), efficiency=0.25, pretence=True
    )
    env.reset(seed=0)
    step = env.step({"agents": np.array([[1, 1, 2, 2]])})
    assert step.infos["workers"].tolist() == [[2]]
    _, own, met = parts(step.observations["agents"][0], 1)
    assert own.tolist() == [1] * 4
    assert met[:, 1].tolist() == [1] * 4
    assert env.regions()["task_1"].all()
    assert env.state()[0].tolist() == [0.5, 2]


def test_the_dead_are_in_no_region_and_not_even_idle():
    env = rallypoint.make("ant-colony-v0", num_agents=4, needs=(1.0,))
    env.reset(seed=0)
    env.step({"agents": np.array([[1, 1, 0, 0]])})
    env.remove(np.array([[True, False, True, False]]))
    regions = env.regions()
    assert regions["task_1"].tolist() == [[False, True, False, False]]
    assert regions["idle"].tolist() == [[False, False, False, True]]


def test_who_is_alone_meets_nobody():
    env = rallypoint.make("ant-colony-v0", num_agents=2)
    env.reset(seed=0)
    assert parts(env.step({"agents": np.array([[1, 1]])}).observations["agents"], 3)[2].sum() == 2
    percepts = env.remove(np.array([[False, True]]))["agents"]
    assert parts(percepts, 3)[2].sum() == 0
    assert percepts[0, 1].sum() == 0


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"needs": ()}, "needs is finite and > 0, and not empty"),
        ({"needs": (0.1, -1)}, "needs is finite and > 0"),
        ({"needs": 0.3}, "needs is a list of numbers, got 0.3"),
        ({"efficiency": 0}, "efficiency is finite and > 0"),
        ({"cap": float("inf")}, "cap is finite and > 0"),
        ({"noise": -1}, "noise is a finite number >= 0, got -1"),
        ({"num_agents": 0}, "num_agents is an integer >= 1"),
        ({"meetings": 0}, "meetings is an integer >= 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        rallypoint.make("ant-colony-v0", **settings)


def test_more_roles_than_ants_are_refused():
    env = rallypoint.make("ant-colony-v0", num_agents=10)
    with pytest.raises(InvalidConfig, match="60 workers, and there are 10 ants"):
        FixedRoles().act(env.reset(seed=0), Draws(0, "tests/colony", env.copies))


def test_a_picture_and_a_text_show_who_works_and_who_does_not():
    env = rallypoint.make(
        "ant-colony-v0",
        num_agents=5,
        needs=(1.0, 1.0),
        efficiency=0.5,
        pretence=True,
        render_mode="ansi",
    )
    env.reset(seed=0)
    env.step({"agents": np.array([[1, 2, 3, 3, 0]])})
    env.remove(np.array([[False, True, False, False, False]]))
    assert env.render().splitlines() == [
        "step 1 / 1200",
        "task 1: stimulus  0.5, 1 at work, 2 needed",
        "task 2: stimulus  0.5, 0 at work, 2 needed",
        "idle: 1",
        "2 only seem to work",
        "gone: 1",
    ]
    drawn = rallypoint.make("ant-colony-v0", render_mode="rgb_array")
    drawn.reset(seed=0)
    before = drawn.render()
    assert before.shape[2] == 3
    drawn.step({"agents": np.ones((1, 60), dtype=int)})
    assert (drawn.render() != before).any()


@pytest.mark.parametrize("rule", [ResponseThreshold(), EncounterRate()])
@pytest.mark.parametrize("tasks", [2, 4])
def test_ants_that_know_of_other_tasks_than_there_are_are_told_so(rule, tasks):
    env = rallypoint.make("ant-colony-v0", needs=[0.1] * tasks)
    with pytest.raises(InvalidConfig, match=f"num_tasks = 3 perceives 11 .* are {3 * tasks + 2}"):
        rule.act(env.reset(seed=0), Draws(0, "evaluate/policy", env.copies))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: ResponseThreshold(num_tasks=0), "num_tasks is an integer >= 1, got 0"),
        (lambda: ResponseThreshold(quits=1.5), r"quits is a finite number in \[0, 1\], got 1.5"),
        (lambda: ResponseThreshold(deviation=-1), "deviation is a finite number >= 0, got -1"),
        (lambda: ResponseThreshold(mean=np.nan), "mean is a finite number, got nan"),
        (lambda: ResponseThreshold(cap=0), "cap is a finite number > 0, got 0"),
        (lambda: ResponseThreshold(seed=-1), "a seed is"),
        (lambda: EncounterRate(num_tasks=0), "num_tasks is an integer >= 1, got 0"),
        (lambda: EncounterRate(quits=-0.1), r"quits is a finite number in \[0, 1\]"),
        (lambda: EncounterRate(enough="much"), "enough is a number, got 'much'"),
        (lambda: EncounterRate(recruits=0.6, spontaneous=0.6), "at most 1 together, got 0.6 and"),
        (lambda: FixedRoles(workers=()), "a count of ants for each task, got none"),
        (lambda: FixedRoles(workers=(1.5,)), r"workers is a list of integers, got \(1.5,\)"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(made, says):
    with pytest.raises(InvalidConfig, match=says):
        made()
