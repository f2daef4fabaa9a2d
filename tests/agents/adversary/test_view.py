"""A world from the attackers' seats is a world, and what is learned there is what harms here."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.adversary.view import adversary_view
from rallypoint.draws import Draws
from rallypoint.envs.conformance import assert_is_env
from rallypoint.errors import InvalidConfig, UnknownName
from rallypoint.safety.frame import Threatened
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.threats.feedback.reward_flip import RewardFlip
from rallypoint.safety.threats.perception.learned_percept import LearnedPercept
from tests.safety.stubs import ground

REACH = Reach(step=0.3, scale=(1.0, 1.0, 0.1, 1.0))


class Leaning:
    """Pushes a cart to where it sees the pole lean."""

    def act(self, observations, draws):
        del draws
        return {name: (seen[..., 2] > 0).astype(np.int64) for name, seen in observations.items()}


class Wandering:
    """Walks and glides by its own draws."""

    def act(self, observations, draws):
        walkers = draws.integers(3, (observations["walkers"].shape[1],))
        gliders = 2 * draws.random((observations["gliders"].shape[1], 2)) - 1
        return {"walkers": walkers, "gliders": gliders.astype(np.float32)}


def on_carts(copies=4, **settings):
    world = rallypoint.make("cartpole-v1", copies=copies, **settings)
    return adversary_view(world, Leaning(), "perception", reach=REACH)


def on_the_ground(site="teammate", copies=4, **settings):
    return adversary_view(ground(copies=copies), Wandering(), site, **settings)


def of_two_teammates(copies):
    return on_the_ground(victims=["walker_1", 4], copies=copies)


def of_one_pair_of_eyes(copies):
    return on_the_ground("perception", victims=[0], reach=Reach(step=1.0), copies=copies)


@pytest.mark.parametrize("view", [on_carts, of_two_teammates, of_one_pair_of_eyes])
def test_a_view_is_a_world(view):
    assert_is_env(view, processes=False, max_steps=40)


def test_what_an_attacker_earns_is_what_all_others_lose():
    view = on_the_ground(victims=["walker_1", 4])
    assert view.agents == ("walker_1", "glider_1")
    assert [group.name for group in view.groups] == ["walkers", "gliders"]
    view.reset(seed=0)
    for _ in range(5):
        actions = {"walkers": np.ones((4, 1), int), "gliders": np.zeros((4, 1, 2), np.float32)}
        sits = view.alive
        step = view.step(actions)
        honest = step.infos["honest_rewards"][:, [0, 2, 3]].sum(axis=1)
        assert (step.rewards == np.where(sits, -honest[:, None], 0)).all()
        if step.ended.any():
            view.reset(mask=step.ended)


def test_an_attacker_earns_by_what_was_earned_whatever_learners_are_told():
    world = Threatened(rallypoint.make("cartpole-v1", copies=3), RewardFlip())
    view = adversary_view(world, Leaning(), "perception", reach=REACH)
    view.reset(seed=0)
    step = view.step({"agents": np.zeros((3, 1, 4), np.float32)})
    assert step.rewards.tolist() == [[-1.0]] * 3


def test_a_teammate_does_what_its_attacker_does_and_others_what_they_would():
    alone = ground(copies=4)
    seen = alone.reset(seed=0)
    draws = Draws(0, "adversary/others", alone.copies)
    view = on_the_ground(victims=["walker_1"])
    assert (view.reset(seed=0)["walkers"][:, 0] == seen["walkers"][:, 1]).all()
    for count in range(8):
        actions = Wandering().act(seen, draws)
        actions["walkers"][:, 1] = 1 + count % 2
        plain = alone.step(actions)
        step = view.step({"walkers": np.full((4, 1), 1 + count % 2)})
        seen = plain.observations
        assert (step.observations["walkers"][:, 0] == seen["walkers"][:, 1]).all()
        if plain.ended.any():
            break


class Tilting:
    """An attacker that shows the pole further to the right, in truth's favour never."""

    def act(self, observations, draws):
        del draws
        return {
            name: np.broadcast_to(np.float32([0, 0, 1, 0]), seen.shape)
            for name, seen in observations.items()
        }


def test_the_frame_does_to_the_world_what_the_view_did_in_training():
    view = on_carts(copies=8)
    seen = view.reset(seed=3)
    threat = LearnedPercept(budget={"reach": REACH}, attacker=Tilting())
    env = Threatened(rallypoint.make("cartpole-v1", copies=8), threat)
    shown = env.reset(seed=3)
    for _ in range(8):
        attacked = view.step(Tilting().act(seen, None))
        step = env.step(Leaning().act(shown, None))
        seen, shown = attacked.observations, step.observations
        assert (seen["agents"] == env.true_observations["agents"]).all()
        assert (attacked.rewards == -step.rewards).all()
        if step.ended.any():
            break


def test_a_policy_is_asked_as_it_is_at_each_step():
    class Changing(Leaning):
        sign = 1

        def act(self, observations, draws):
            return {n: (self.sign * s[..., 2] > 0).astype(int) for n, s in observations.items()}

    policy = Changing()
    still = {"agents": np.zeros((2, 1, 4), np.float32)}
    paths = []
    for sign in (1, -1):
        policy.sign = 1
        view = adversary_view(
            rallypoint.make("cartpole-v1", copies=2), policy, "perception", reach=REACH
        )
        view.reset(seed=0)
        policy.sign = sign
        paths.append(view.step(still).observations["agents"])
    assert (paths[0] != paths[1]).any(axis=(1, 2)).all()


def test_a_shared_budget_is_kept_in_the_view_as_well():
    view = on_the_ground("perception", reach=Reach(step=0.6, shared=True), victims=[0, 1, 2])
    view.reset(seed=0)
    view.step({"walkers": np.ones((4, 3, 3), np.float32)})
    assert view._ledger.told()["largest_lie"] == pytest.approx(0.6)
    assert view._ledger.told()["largest_lie"] <= 0.6


def test_every_episode_of_a_view_has_its_own_budget():
    view = on_the_ground("perception", reach=Reach(step=1.0, episode=1.5), victims=[0])
    push = {"walkers": np.ones((4, 1, 3), np.float32)}
    for _ in range(2):
        view.reset(seed=0)
        view.step(push)
        assert view._ledger._spent[:, 0].tolist() == pytest.approx([1.0] * 4)
    view.step(push)
    assert view._ledger.told()["most_lied"] == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"site": "nowhere"}, "perception or teammate, not 'nowhere'"),
        ({"site": "perception"}, "need a limit: give a reach"),
        ({"site": "perception", "reach": Reach(norm="l2")}, "need a limit: give a reach"),
        ({"reach": REACH}, "a teammate acts"),
        ({"victims": []}, "attackers have victims"),
        ({}, "nobody to harm"),
        ({"site": "perception", "reach": Reach(step=1.0, scale=(1, 2))}, "a scale of 2 entries"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        on_the_ground(**settings)


def test_a_victim_that_is_no_agent_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'walker_1'"):
        on_the_ground(victims=["walkr_1"])
