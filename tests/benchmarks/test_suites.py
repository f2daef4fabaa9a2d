"""The suites: what they list, and that our own do the work they count."""

import importlib

import pytest

from tests.tree import ROOT, python

both = pytest.mark.parametrize("quick", [False, True])


@pytest.fixture
def prepared(bench):
    """Return what gets the case of an id ready."""

    def prepare(id):
        (case,) = [case for case in bench.suites.cases(quick=True) if case.id == id]
        return case.prepare()

    return prepare


@both
def test_no_two_cases_have_one_id(bench, quick):
    ids = [case.id for case in bench.suites.cases(quick=quick)]
    assert len(set(ids)) == len(ids)


def test_every_goal_speaks_of_cases_that_there_are(bench):
    ids = {case.id for case in bench.suites.cases(quick=False)}
    for goal in bench.suites.goals(quick=False):
        assert {goal.case, *getattr(goal, "than", ())} <= ids


def test_a_quick_run_has_less_of_the_same(bench):
    few, all_of_them = (
        {case.id.replace("× 100 ", "× 1,000 ") for case in bench.suites.cases(quick=quick)}
        for quick in (True, False)
    )
    assert few - {"Q-learning 10 × 100"} < all_of_them


@both
def test_a_quick_run_still_compares_with_every_peer(bench, quick):
    timings = {case.id: None for case in bench.suites.cases(quick=quick)}
    goals = bench.goals.comparable(bench.suites.goals(quick=quick), timings)
    called = {getattr(goal, "called", "") for goal in goals}
    assert called > {"SuperSuit", "VMAS", "JaxMARL", "JaxMARL's loop", "magent2"}


def test_listing_the_suites_imports_no_library_that_may_be_missing():
    code = (
        "import sys, suites; suites.cases(quick=True), suites.goals(quick=True); "
        "assert not {'torch', 'jax', 'vmas', 'mpe2', 'numpy', 'rallypoint'} & sys.modules.keys()"
    )
    python("-c", code, PYTHONPATH=str(ROOT / "benchmarks"))


@pytest.mark.parametrize(
    ("id", "agent_steps"),
    [
        ("ring N=3 E=64", 65 * 64 * 3),
        ("torus N=10 E=64", 50 * 64 * 10),
        ("ring N=10 as ParallelEnv E=1", 65 * 10),
        ("torus N=10 as AECEnv E=1", 50 * 10),
        ("torus N=10 as VectorEnv E=64", 50 * 64 * 10),
        ("ring N=10 as VecEnv E=64", 65 * 64 * 10),
        ("ring N=1 as gymnasium.Env E=1", 65),
        ("simple_spread N=10, our bridge E=8", 25 * 8 * 10),
        ("simple_spread N=3 E=1", 25 * 3),
        ("SuperSuit N=3 E=8", 25 * 8 * 3),
        ("a step of PGD, pathfinding B=1024", 10 * 1024),
        ("forward and backward, cartpole B=1024", 10 * 1024),
    ],
)
@pytest.mark.filterwarnings("ignore")  # what peers say about their own dependencies
def test_a_case_does_the_work_it_counts(prepared, id, agent_steps):
    work = prepared(id)
    assert work() == work() == agent_steps


@pytest.mark.filterwarnings("ignore")  # likewise
def test_agents_that_died_are_not_counted(prepared):
    assert 0 < prepared("magent2 battle 16² N=12 E=1")() <= 1000 * 12


@pytest.mark.parametrize("world", ["gathering-v0", "torus-v0"])
@pytest.mark.parametrize("interface", ["ParallelEnv", "VectorEnv", "VecEnv", "gymnasium.Env"])
def test_the_bare_conversion_says_what_the_view_says(bench, world, interface):
    import numpy as np

    import rallypoint

    interfaces = importlib.import_module("suites.interfaces").INTERFACES[interface]
    num_agents = 1 if interface == "gymnasium.Env" else 10
    copies = 2 if interface.startswith("Vec") else 1
    made = [rallypoint.make(world, num_agents=num_agents, copies=copies) for _ in range(2)]
    view, bare = interfaces.view(made[0]), interfaces.bare(made[1])
    for env in (view, bare):
        if interface == "VecEnv" and env is view:
            env.seed(0)
            env.reset()
        else:
            env.reset(seed=0)
    drawn = np.random.default_rng(0).integers(0, 3, (made[0].time_limit, copies * num_agents))
    for row in drawn:
        actions = row
        if interface == "ParallelEnv":
            actions = dict(zip(view.possible_agents, row.tolist(), strict=True))
        elif interface == "gymnasium.Env":
            actions = int(row[0])
        ours, floor = view.step(actions), bare.step(actions)
        for mine, theirs in zip(ours[:-1], floor[:-1], strict=True):
            np.testing.assert_equal(mine, theirs)


def test_learning_without_an_environment_still_collects_rows(bench):
    import numpy as np

    still = importlib.import_module("suites.still").StillVecEnv(6)
    seen, rewards, done, infos = still.step(np.zeros(6))
    assert len(seen) == len(rewards) == len(done) == len(infos) == 6
    assert still.observation_space.contains(seen[0])


def test_every_table_that_suites_ask_for_has_a_title(bench):
    kinds = {bench.table._kind(case.column) for case in bench.suites.cases(quick=False)}
    sections = {getattr(goal, "section", None) for goal in bench.suites.goals(quick=False)}
    asked = set(filter(None, kinds | sections))
    assert {"E", "threats"} < asked <= bench.table._TITLES.keys()
