"""The loop: what reaches the learner when copies end apart, agents leave, and people interrupt."""

import numpy as np
import pytest

from rallypoint.agents.tabular import JointQLearning, QLearning, SafeSarsa, Sarsa
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.playing import Course, Run
from rallypoint.agents.tabular.processing import PROCESSINGS, KnownInterruption
from rallypoint.agents.tabular.snapshots import Snapshots
from rallypoint.agents.tabular.training import train
from rallypoint.errors import InvalidConfig
from tests.agents.tabular.small_worlds import STATES, Leaving, Overridden, Wander

LEARNERS = {"q_learning": QLearning, "sarsa": Sarsa, "safe_sarsa": SafeSarsa}


def trained(learner, env, **course):
    return train(env, learner, encoding_for(env), seed=3, **course)


def recorded(learner, env, **course):
    """Train, and keep what each copy went through: episodes of steps, as the world told them."""
    told = [[[]] for _ in range(env.num_copies)]

    def keep(number, transition, state):
        del number, state
        for copy, episodes in enumerate(told):
            row = {k: v[copy].copy() for k, v in transition._asdict().items() if v is not None}
            if not row["present"].any() and episodes[-1] == []:
                continue  # it has finished, and plays on
            episodes[-1].append(row)
            if getattr(env, "env", env)._ended[copy]:
                episodes.append([])

    state = trained(learner, env, after_step=keep, **course)
    return state, [[e for e in episodes if e] for episodes in told]


def textbook(name, learner, episodes, num_actions):
    """Learn from whole episodes of one copy, step by step and agent by agent."""
    num_agents = len(num_actions)
    tables = np.full((num_agents, STATES, max(num_actions)), learner.initial)
    for agent, count in enumerate(num_actions):
        tables[agent, :, count:] = -np.inf
    for episode in episodes:
        before = tables.copy()
        for now, step in enumerate(episode):
            stopped = step["interrupted"] & step["present"]
            for agent in range(num_agents):
                others = np.delete(stopped, agent).any()
                drops = {
                    "drop_own": stopped[agent],
                    "drop_others": others,
                    "drop_any": stopped.any(),
                    "executed_equals_proposed": (
                        (step["executed"] != step["proposed"]) & step["present"]
                    ).any(),
                }
                if not step["present"][agent] or drops.get(learner.processing, False):
                    continue
                there = tables[agent, step["next_percepts"][agent]]
                to_come = there.max()
                if name != "q_learning" and not step["terminated"][agent]:
                    # After a truncation it is what the greedy policy proposes.
                    following = there.argmax()
                    if now + 1 < len(episode):
                        reads = learner.key if name == "sarsa" else "proposed"
                        following = episode[now + 1][reads][agent]
                    to_come = there[following]
                if step["terminated"][agent]:
                    to_come = 0
                target = step["rewards"][agent] + learner.gamma * to_come
                entry = (agent, step["percepts"][agent], step[learner.key][agent])
                tables[entry] += learner.alpha * (target - tables[entry])
        if learner.processing == "drop_episode" and any(
            (step["interrupted"] & step["present"]).any() for step in episode
        ):
            tables = before
    return tables


@pytest.mark.parametrize("processing", [p for p in PROCESSINGS if p != "importance"])
@pytest.mark.parametrize("key", ["executed", "proposed"])
@pytest.mark.parametrize("name", LEARNERS)
def test_what_is_learned_in_a_world_is_the_textbooks_rule_on_what_happened(name, key, processing):
    learner = LEARNERS[name](
        key=key, processing=processing, epsilon=0.0, initial=2.0, gamma=0.8, alpha=0.3
    )
    env = Overridden(Wander(copies=3, max_cycles=9, unlike=True, late=True))
    state, told = recorded(learner, env, episodes=6)
    for copy, episodes in enumerate(told):
        assert len(episodes) == 6
        expected = textbook(name, learner, episodes, [2, 3])
        np.testing.assert_allclose(state.tables[copy], expected, rtol=1e-12)


def test_the_small_world_has_what_the_loop_must_withstand():
    env = Overridden(Wander(copies=4, max_cycles=9))
    _, told = recorded(QLearning(epsilon=0.3), env, episodes=20)
    lengths = {len(episode) for episodes in told for episode in episodes}
    steps = [step for episodes in told for episode in episodes for step in episode]
    assert len(lengths) > 3  # copies end apart
    assert any(step["present"].sum() == 1 for step in steps)  # somebody has left before
    assert any(step["truncated"].any() for step in steps)
    assert any((step["executed"] != step["proposed"]).any() for step in steps)


@pytest.mark.parametrize("cut_short", [False, True])
def test_whoever_leaves_without_a_word_or_alone_is_gone_and_earns_nothing(cut_short):
    env = Leaving(Wander(copies=4, max_cycles=9), cut_short=cut_short)
    state, told = recorded(QLearning(epsilon=0.3), env, episodes=20)
    seen = 0
    for episode in (episode for episodes in told for episode in episodes):
        present = [bool(step["present"][1]) for step in episode]
        leaves = present.count(True) - 1
        assert present == [True] * (leaves + 1) + [False] * (len(episode) - leaves - 1)
        if leaves + 1 < len(episode):
            seen += 1
            assert bool(episode[leaves]["terminated"][1]) is not cut_short
            assert bool(episode[leaves]["truncated"][1]) is cut_short
        assert all(step["rewards"][~step["present"]].sum() == 0 for step in episode)
    assert seen > 5
    assert state.past.seen[:, 1].sum() == sum(
        int(step["present"][1]) for episodes in told for episode in episodes for step in episode
    )


@pytest.mark.parametrize("learner", [QLearning(), Sarsa(), JointQLearning(delay=1)], ids=repr)
def test_a_replicate_trains_to_the_same_bits_whichever_others_train_beside_it(learner):
    def tables(copies):
        env = Overridden(Wander(copies=copies, max_cycles=9))
        return trained(learner, env, episodes=15).tables

    together = tables([2, 7, 8, 30])
    np.testing.assert_array_equal(tables([7])[0], together[1])
    np.testing.assert_array_equal(tables([30, 2])[::-1], together[[0, 3]])


def test_one_seed_trains_to_the_same_bits_twice_and_another_to_others():
    def tables(seed):
        env = Wander(copies=2, max_cycles=9)
        return train(env, QLearning(), encoding_for(env), episodes=5, seed=seed).tables

    np.testing.assert_array_equal(tables(0), tables(0))
    assert (tables(0) != tables(1)).any()


def test_a_copy_that_has_finished_learns_no_more_while_others_go_on():
    env = Wander(copies=5)
    state = trained(QLearning(), env, episodes=12)
    assert state.past.episodes.tolist() == [12] * 5
    assert len(set(state.past.seen[:, 0].tolist())) > 1


def test_steps_are_counted_across_the_ends_of_episodes():
    state, told = recorded(QLearning(), Wander(copies=2, max_cycles=4, leave=False), steps=10)
    assert [len(episode) for episode in told[0]] == [4, 4, 2]
    assert (state.past.seen == 10).all()
    # Sarsa cannot learn from a step before the next is known, but at ends.
    sarsa = trained(Sarsa(), Wander(copies=2, max_cycles=4, leave=False), steps=10)
    assert (sarsa.past.seen == 9).all()


def test_at_a_time_limit_that_is_an_end_nothing_is_expected_afterwards():
    kept = {}
    for time_limit in ("terminal", "bootstrap"):
        learner = Sarsa(time_limit=time_limit, alpha=1.0, epsilon=0.0, initial=9.0, gamma=1.0)
        env = Wander(num_agents=1, max_cycles=1, leave=False)
        state, told = recorded(learner, env, episodes=1)
        ((step,),) = told[0]
        kept[time_limit] = state.tables[0, 0, step["percepts"][0], step["executed"][0]]
        reward = step["rewards"][0]
    assert kept["terminal"] == pytest.approx(reward)
    assert kept["bootstrap"] == pytest.approx(reward + 9)


@pytest.mark.parametrize("by", ["episodes", "steps"])
def test_snapshots_are_what_a_shorter_training_would_have_left(by):
    def world():
        return Overridden(Wander(copies=4, max_cycles=9))

    snapshots = Snapshots(at=(3, 10))
    last = trained(QLearning(), world(), snapshots=snapshots, **{by: 10})
    early = trained(QLearning(), world(), **{by: 3})
    np.testing.assert_array_equal(snapshots.tables[0], early.tables)
    np.testing.assert_array_equal(snapshots.tables[1], last.tables)


def test_whoever_looks_in_after_episodes_is_told_each_number_that_all_have_finished():
    numbers = []
    trained(
        QLearning(),
        Wander(copies=4),
        episodes=6,
        after_episode=lambda number, state: numbers.append((number, state.past.episodes.min())),
    )
    assert [number for number, _ in numbers] == sorted({number for number, _ in numbers})
    assert all(number == least for number, least in numbers)
    assert numbers[-1] == (6, 6)


def test_weights_follow_from_the_policy_and_from_what_is_known_of_interruption():
    learner = QLearning(processing="importance", epsilon=0.5, alpha="mean")
    env = Overridden(Wander(copies=2, max_cycles=9), probability=0.4)
    law = np.zeros((2, STATES, 3))
    law[:, :, 0] = 1
    known = KnownInterruption(np.full((2, STATES), 0.4), law)
    odds = []
    state = trained(
        learner,
        env,
        episodes=30,
        interruption=known,
        after_step=lambda number, step, state: odds.append((step.executed, step.odds)),
    )
    executed, weights = (np.concatenate(parts) for parts in zip(*odds, strict=True))
    # The overriding action is likelier under interruption, every other one less likely by .6.
    assert (weights[executed == 0] <= 1).all()
    np.testing.assert_allclose(weights[executed > 0], 1 / 0.6)
    assert ((learner.kept_share(state) < 1) & (learner.kept_share(state) > 0.3)).all()
    with pytest.raises(InvalidConfig, match="KnownInterruption"):
        trained(learner, env, episodes=1)


def test_columns_put_groups_side_by_side_and_take_them_apart():
    env = Wander(unlike=True, copies=2)
    columns = Columns.of(env)
    assert columns.num_actions.tolist() == [2, 3]
    actions = columns.actions(np.array([[0, 2], [1, 0]]))
    assert {name: chosen.tolist() for name, chosen in actions.items()} == {
        "agent_0": [[1], [2]],
        "agent_1": [[3], [1]],
    }
    infos = {f"executed/{name}": chosen for name, chosen in actions.items()}
    assert columns.indices(infos, "executed").tolist() == [[0, 2], [1, 0]]
    assert columns.indices({}, "executed") is None


def test_a_training_under_way_can_be_taken_step_by_step():
    env = Wander(copies=2)
    run = Run(env, QLearning(), encoding_for(env), Course(seed=3, steps=7))
    taken = 0
    while run.goes_on:
        run.step()
        taken += 1
    assert taken == 7
    np.testing.assert_array_equal(
        run.state.tables, trained(QLearning(), Wander(copies=2), steps=7).tables
    )
