"""Rollouts and returns: beside what a plain loop over episodes finds."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.returns import advantages, returns_to_go
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.crash import Crash


def cart_rollout(copies=6, max_cycles=25, seed=0, **settings):
    env = rallypoint.make("cartpole-v1", copies=copies, max_cycles=max_cycles)
    made = architecture_for(env.groups[0], policy=(16, 16), value=None)
    policy = GradientPolicy(made, made.initial(np.random.default_rng(seed)), env.groups[0])
    return Rollout(env, Draws(seed, "test/gradient", env.copies), **settings), policy


def lanes_of(fragment):
    """Yield (copy, agent, steps) of every episode, or part of one, in the fragment."""
    steps, copies, agents = fragment.acting.shape
    ends = fragment.terminated | fragment.truncated
    for copy in range(copies):
        for agent in range(agents):
            lane = []
            for t in range(steps):
                if fragment.acting[t, copy, agent]:
                    lane.append(t)
                    if ends[t, copy, agent]:
                        yield copy, agent, lane
                        lane = []
            if lane:
                yield copy, agent, lane


def test_fragments_go_on_where_the_last_one_stopped():
    rollout, policy = cart_rollout()
    whole = rollout.steps(policy, 40, seed=3)
    again, policy = cart_rollout()
    parts = [again.steps(policy, 15, seed=3), again.steps(policy, 25)]
    for name in ("seen", "actions", "rewards", "acting", "terminated", "truncated"):
        together = np.concatenate([getattr(part, name) for part in parts])
        assert together.tobytes() == getattr(whole, name).tobytes()
    assert (parts[0].last_seen == parts[1].seen[0]).all()


def test_what_a_copy_lives_does_not_depend_on_which_others_are_played():
    rollout, policy = cart_rollout(copies=6)
    whole = rollout.steps(policy, 30, seed=3)
    alone, policy = cart_rollout(copies=[4])
    part = alone.steps(policy, 30, seed=3)
    assert part.seen.tobytes() == np.ascontiguousarray(whole.seen[:, 4:5]).tobytes()


def test_whole_episodes_are_each_copys_first(rng):
    rollout, policy = cart_rollout(copies=8, max_cycles=30)
    fragment = rollout.episodes(policy, seed=1)
    lanes = list(lanes_of(fragment))
    assert len(lanes) == 8
    for copy, agent, lane in lanes:
        assert lane == list(range(len(lane)))
        last = lane[-1], copy, agent
        assert fragment.terminated[last] != fragment.truncated[last]
        assert fragment.truncated[last] == (len(lane) == 30 and not fragment.terminated[last])


@pytest.mark.parametrize("gamma", [1.0, 0.9])
def test_returns_are_summed_episode_by_episode(gamma):
    rollout, policy = cart_rollout()
    fragment = rollout.steps(policy, 60, seed=2)
    worth = returns_to_go(fragment, gamma)
    lanes = list(lanes_of(fragment))
    assert len(lanes) > 10
    for copy, agent, lane in lanes:
        rewards = fragment.rewards[lane, copy, agent]
        for i, t in enumerate(lane):
            wanted = sum(gamma**k * reward for k, reward in enumerate(rewards[i:]))
            assert worth[t, copy, agent] == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("lam", [0.0, 0.7, 1.0])
def test_advantages_are_those_of_the_definition(lam, rng):
    gamma = 0.9
    rollout, policy = cart_rollout()
    fragment = rollout.steps(policy, 60, seed=2)
    assert fragment.truncated.any()
    assert fragment.terminated.any()
    values = rng.standard_normal(fragment.acting.shape).astype(np.float32)
    cut = rng.standard_normal(len(fragment.cut)).astype(np.float32)
    last = rng.standard_normal(fragment.acting.shape[1:]).astype(np.float32)
    found = advantages(fragment, values, cut, last, gamma=gamma, lam=lam)
    after_cut = {tuple(where): value for where, value in zip(fragment.cut, cut, strict=True)}
    for copy, agent, lane in lanes_of(fragment):
        end = lane[-1]
        if fragment.terminated[end, copy, agent]:
            beyond = 0.0
        else:
            beyond = after_cut.get((end, copy, agent), last[copy, agent])
        following = [*values[lane[1:], copy, agent], beyond]
        gains = fragment.rewards[lane, copy, agent] + gamma * np.array(following)
        gains = gains - values[lane, copy, agent]
        for i, t in enumerate(lane):
            wanted = sum((gamma * lam) ** k * gain for k, gain in enumerate(gains[i:]))
            assert found[t, copy, agent] == pytest.approx(wanted, abs=1e-4)


def test_what_was_seen_after_a_cut_is_not_what_the_next_episode_begins_with():
    rollout, policy = cart_rollout(copies=4, max_cycles=5)
    fragment = rollout.steps(policy, 12, seed=0)
    assert len(fragment.cut) == 8
    for (t, copy, agent), after in zip(fragment.cut, fragment.cut_seen, strict=True):
        before = fragment.seen[t, copy, agent]
        np.testing.assert_allclose(after[0], before[0] + 0.02 * before[1], atol=1e-6)
        assert not np.allclose(after, fragment.seen[t + 1, copy, agent])


def test_the_dead_act_no_more_and_their_end_is_one_for_good():
    env = Threatened(
        rallypoint.make("torus-small-v0", num_agents=4, copies=3, max_cycles=8),
        Crash(victims=["agent_1"], when={"from": 5}),
    )
    made = architecture_for(env.groups[0], policy=(8,), value=None)
    policy = GradientPolicy(made, made.initial(np.random.default_rng(0)), env.groups[0])
    fragment = Rollout(env, Draws(0, "test/gradient", env.copies)).steps(policy, 8, seed=0)
    assert fragment.acting[:, :, 1].sum(axis=0).tolist() == [5, 5, 5]
    assert fragment.terminated[4, :, 1].all()
    assert fragment.truncated[7][:, [0, 2, 3]].all()
    assert not returns_to_go(fragment, 1.0)[5:, :, 1].any()


def test_rows_are_dealt_out_to_whom_they_belong():
    steps, runs, count, own, agents = 5, 2, 3, 4, 2
    copies = runs * count * own
    number = np.arange(steps * copies * agents).reshape(steps, copies, agents)
    dealt = Contributors(count=count, runs=runs).rows(number)
    team = Contributors(who="team", count=agents, runs=runs).rows(number)
    for run in range(runs):
        for worker in range(count):
            first = (run * count + worker) * own
            mine = number[:, first : first + own]
            assert sorted(dealt[run, worker]) == sorted(mine.ravel())
        for agent in range(agents):
            mine = number[:, run * count * own : (run + 1) * count * own, agent]
            assert sorted(team[run, agent]) == sorted(mine.ravel())
    # Lane by lane: an episode's rows stand together.
    assert dealt[0, 0, :steps].tolist() == number[:, 0, 0].tolist()


@pytest.mark.parametrize(
    ("who", "count", "copies", "agents", "says"),
    [("workers", 3, 8, 1, "multiple of 3"), ("team", 3, 8, 4, "every agent contributes")],
)
def test_copies_that_cannot_be_dealt_out_are_refused(who, count, copies, agents, says):
    with pytest.raises(InvalidConfig, match=says):
        Contributors(who=who, count=count).check(copies, agents)
