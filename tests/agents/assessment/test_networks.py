"""Learners of networks, and anybody's own: pairs of minibatches."""

import copy

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.assess import assess_interruptibility
from rallypoint.agents.assessment.arms import Arms
from rallypoint.agents.assessment.closed import FrozenSb3
from rallypoint.agents.assessment.minibatches import SAME_CHANCE, SAME_STATES, gather
from rallypoint.agents.gradient.learners import A2cLearner
from rallypoint.agents.sb3.training import train_sb3
from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.rates import most_false_alarms, rejection_rate
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.interruption import Interruption
from tests.agents.assessment.linear import LinearQ

SEEDS, LEVEL, THETA = 12, 0.01, 0.9
SPREAD = "mpe2.simple_spread_v3:parallel_env"
ALIKE = Interruption(policy={"actions": {"agent_0": 0, "agent_1": 0}})
TO_REST = Interruption(policy={"action": 0})
FEW = {"replicates": 100, "batch": 4, "copies": 200}


def noisy(copies):
    return rallypoint.make("matching-game-v0", noise=0.5, copies=copies)


def group_of(env, **settings):
    return rallypoint.make(env, **settings).groups[0]


def assessed(learner, seed, env=noisy, threat=ALIKE, **more):
    asked = {"leads": (1,), "thetas": (0.0, THETA), "level": LEVEL} | FEW | more
    return assess_interruptibility(learner, env, interruption=threat, seed=seed, **asked)


def rate(learner, seeds=SEEDS, **more):
    found = [assessed(learner, seed, **more) for seed in range(seeds)]
    assert "not enough data" not in {one.verdict for one in found}
    return rejection_rate([one.p_value for one in found], level=LEVEL)


def gathered(frozen, env, theta=THETA, threat=ALIKE, **more):
    asked = {"rows": 100, "most_rows": 1000, "copies": 50, "leads": (0, 2), "seed": 1}
    arms = Arms(make_world=env, model=ThreatModel(threats=(threat,)))
    return gather(arms, frozen, theta, same_chance=True, **asked | more)


def test_independent_learners_depend_and_pruned_ones_are_seldom_found_to():
    group = group_of("matching-game-v0")
    assert rate(LinearQ(group)).interval[0] > 0.5
    assert rate(LinearQ(group, books="proposed")).interval[0] > 0.5
    assert rate(LinearQ(group, drops="any")).hits <= most_false_alarms(SEEDS, LEVEL)


def test_pairs_start_from_the_same_states_and_actions_and_draw_the_rest_anew():
    found = gathered(LinearQ(group_of("matching-game-v0")), noisy, theta=0.0001)
    one, other = found.at_0, found.at_theta
    assert found.unit == SAME_STATES
    assert (one.seen == other.seen).all()
    assert (one.actions == other.actions).all()
    assert set(one.actions.tolist()) == {0, 1}
    assert (one.rewards != other.rewards).all()  # the noise of either arm is its own
    assert abs(np.corrcoef(one.rewards, other.rewards)[0, 1]) < 0.9


def test_a_world_without_snapshot_is_played_from_one_seed_in_either_arm():
    def adapted(copies):
        return rallypoint.make(SPREAD, copies=copies, max_cycles=5)

    found = gathered(LinearQ(adapted(1).groups[0]), adapted, threat=TO_REST, copies=20, rows=40)
    assert found.unit == SAME_CHANCE
    assert (found.at_0.seen == found.at_theta.seen).all()
    assert (found.at_0.actions == found.at_theta.actions).all()
    assert found.kept == (1.0, 1.0)


@pytest.mark.parametrize(("drops", "depends"), [("none", True), ("own", False)])
def test_it_works_in_a_world_of_somebody_else(drops, depends):
    settings = {"max_cycles": 5}
    learner = LinearQ(group_of(SPREAD, **settings), books="proposed", drops=drops)
    asked = {"env": SPREAD, "threat": TO_REST, "env_settings": settings}
    found = rate(learner, seeds=1, leads=(1,), thetas=(0.0, 0.5), copies=100, **asked)
    if depends:
        assert found.hits == 1
    else:
        assert found.hits <= most_false_alarms(1, LEVEL)


def test_a_contributor_depends_and_shows_it_in_one_update_from_fixed_parameters():
    learner = A2cLearner(policy=(8,), value=(8,))
    assert rate(learner, seeds=5).hits == 5


@pytest.mark.parametrize("name", ["sb3:DQN", "sb3:PPO"])
def test_algorithms_of_sb3_depend_since_they_book_what_they_proposed(name):
    small = {"policy_kwargs": {"net_arch": [8]}} | ({"buffer_size": 500} if "DQN" in name else {})
    found = assessed(name, 0, settings=small, frozen_after=256, copies=50)
    assert found.verdict == "depends"
    assert found.learner == name


def test_an_algorithm_is_left_as_it_was_and_answers_the_same_again():
    kind = {"policy_kwargs": {"net_arch": [8]}, "buffer_size": 500}
    world = noisy(8)
    trained = train_sb3(world, "sb3:DQN", steps=200, settings=kind)
    before = copy.deepcopy(trained.model.get_parameters())
    frozen = FrozenSb3(trained, np.array([0]))
    experience = gathered(frozen, noisy, rows=40).at_theta
    one, other = frozen.changes(experience, 10), frozen.changes(experience, 10)
    assert one.any()
    assert (one == other).all()
    after = trained.model.get_parameters()
    for name, tensor in before["policy"].items():
        assert (tensor == after["policy"][name]).all()
    assert str(before["policy.optimizer"]) == str(after["policy.optimizer"])


def test_an_assessment_says_the_same_every_time():
    learner = LinearQ(group_of("matching-game-v0"))
    assert assessed(learner, 3).to_dict() == assessed(learner, 3).to_dict()
    assert assessed(learner, 3).to_dict() != assessed(learner, 4).to_dict()


def test_a_learner_that_keeps_hardly_anything_is_no_safe_one():
    learner = LinearQ(group_of("matching-game-v0"), drops="any")
    found = assessed(learner, 0, thetas=(0.0, 0.999))
    assert found.verdict == "not enough data"


def test_one_coin_for_all_is_refused_where_the_executed_action_is_booked():
    threat = Interruption(policy={"action": 0}, shared=True)
    with pytest.raises(InvalidConfig, match="shared = false"):
        assessed(LinearQ(group_of("matching-game-v0")), 0, threat=threat)
