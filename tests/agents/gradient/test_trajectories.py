"""Trajectories that stand out are not learned from: which, at what price, and the same anywhere."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import LEARNERS
from rallypoint.agents.gradient.perceptron import Perceptron
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.recipe import Recipe
from rallypoint.agents.gradient.trajectories import TrajectoryFilter
from rallypoint.agents.rounds.work import Task
from rallypoint.agents.train import Training, train
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig

COUNT, OWN = 3, 20  # contributors, and copies of each
SMALL = {"policy": (8, 8), "steps": 40}
PLAYS = {
    "gpomdp": {},
    "reinforce": {"whiten": "none"},
    "a2c": {},
    "ppo": {"minibatch": 512, "epochs": 2},
    "sa_ppo": {"minibatch": 512, "epochs": 1},
    "decbyzpg": {"many": OWN, "few": OWN},
    "fedpg_br": {"fewest": OWN, "most": OWN, "own_batch": 2},
}
every_learner = pytest.mark.parametrize("agent", PLAYS)


def learner_of(agent, **settings):
    return LEARNERS[agent](**{**SMALL, **PLAYS[agent], "trajectory_filter": "sever", **settings})


def played(agent, env="cartpole-v1", *, seed=0, lie=lambda fragment: fragment, **settings):
    """Return what a filter needs: learner, networks, parameters, fragment, contributors."""
    learner = learner_of(agent, **settings)
    world = rallypoint.make(env, copies=COUNT * OWN, max_cycles=60)
    (group,) = world.groups
    networks = learner.architecture(group)
    parameters = networks.initial(np.random.default_rng(seed))[None]
    rollout = Rollout(world, Draws(seed, "test/trajectories", world.copies))
    policy = GradientPolicy(networks, parameters, group)
    if learner.whole_episodes:
        fragment = rollout.episodes(policy, seed=seed)
    else:
        fragment = rollout.steps(policy, learner.steps, seed=seed)
    return learner, ActorCritic(networks), parameters, lie(fragment), Contributors(count=COUNT)


def loud(fragment):
    """Reverse and stretch what the first of each contributor's copies are told."""
    rewards = fragment.rewards.copy()
    rewards[:, ::OWN] *= -10
    return fragment._replace(rewards=rewards)


def numbered(fragment):
    """Return of which trajectory each row (steps, copies) is, by hand, and how many there are."""
    numbers = np.full(fragment.acting.shape[:2], -1)
    ends = (fragment.terminated | fragment.truncated)[..., 0]
    count = 0
    for copy in range(numbers.shape[1]):
        for step in range(len(numbers)):
            if fragment.acting[step, copy, 0]:
                numbers[step, copy] = count
                count += ends[step, copy] or not fragment.acting[step + 1 :, copy].any()
    return numbers, count


def filtered(learner, networks, parameters, fragment, contributors):
    """Return the batch, what is told, and which trajectories (k,) left, found by their rows."""
    batch, told = learner.filtering.prepare(learner, networks, parameters, fragment, contributors)
    numbers, count = numbered(fragment)
    rows = {row.tobytes() for row in batch.seen[batch.weights > 0]}
    is_in = np.array([row.tobytes() in rows for row in fragment.seen.reshape(-1, 4)])
    of_rows = numbers.ravel()
    held = np.bincount(of_rows[of_rows >= 0], weights=is_in[of_rows >= 0])
    length = np.bincount(of_rows[of_rows >= 0])
    assert ((held == 0) | (held == length)).all()  # wholly in, or wholly out
    assert len(held) == count
    return batch, told, held == 0


def liars(fragment):
    """Return which trajectories are of the first of each contributor's copies: (k,)."""
    numbers, count = numbered(fragment)
    return np.isin(np.arange(count), numbers[:, ::OWN])


@every_learner
def test_a_contributor_learns_as_if_it_had_not_lived_what_it_leaves_out(agent):
    *parts, fragment, contributors = played(agent, lie=loud)
    learner, networks, parameters = parts
    batch, told, out = filtered(*parts, fragment, contributors)
    assert 0 < out.sum() == sum(one.left_out for one in told)
    assert len(out) == sum(one.of for one in told)
    gone = np.isin(numbered(fragment)[0], np.flatnonzero(out))
    rest = fragment._replace(acting=fragment.acting & ~gone[..., None])
    expected = learner.prepare(networks, parameters, rest, contributors)
    for mine, theirs in zip(batch, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("agent", [agent for agent in PLAYS if agent != "fedpg_br"])
def test_loud_lies_are_left_out_and_honest_trajectories_hardly_ever(agent):
    caught, lost = [], []
    for seed in range(3):
        parts = played(agent, lie=loud, seed=seed)
        *_, out = filtered(*parts)
        lies = liars(parts[3])
        caught.append(out[lies].mean())
        lost.append(out[~lies].mean())
    assert np.mean(caught) >= 0.9
    assert np.mean(lost) <= 0.05


def test_lies_that_an_estimator_whitens_away_are_not_seen():
    # Whitened over each episode, a reward ten times as large is none; what is left is its sign.
    parts = played("fedpg_br", lie=loud)
    *_, out = filtered(*parts)
    assert not out[liars(parts[3])].any()


@every_learner
def test_where_nobody_lies_nearly_all_is_learned_from(agent):
    out = [filtered(*played(agent, seed=seed))[2] for seed in range(3)]
    assert np.concatenate(out).mean() <= 0.05


def test_a_lie_below_what_can_be_told_stays():
    def whisper(fragment):
        rewards = fragment.rewards.copy()
        rewards[:, ::OWN] *= 1.1
        return fragment._replace(rewards=rewards)

    for seed in range(3):
        parts = played("gpomdp", lie=whisper, seed=seed)
        assert not filtered(*parts)[2][liars(parts[3])].any()


@every_learner
def test_every_trajectory_is_followed_back_once_and_no_more(agent, monkeypatch):
    parts = played(agent, lie=loud)
    rows = []
    followed = Perceptron.backward

    def counted(self, slopes, into):
        if self is parts[1].actor:
            rows.append(np.count_nonzero(slopes.any(axis=-1)))
        followed(self, slopes, into)

    monkeypatch.setattr(Perceptron, "backward", counted)
    filtered(*parts)
    assert len(rows) == COUNT  # one batched backward for each contributor
    assert sum(rows) <= np.count_nonzero(parts[3].acting)  # a row without an advantage has no slope
    assert sum(rows) > 0.9 * np.count_nonzero(parts[3].acting)


def recipe_of(agent, env="cartpole-v1", **settings):
    return Recipe(
        env=env,
        agent=agent,
        copies=24,
        count=3,
        seed=2,
        settings={**SMALL, **settings, "trajectory_filter": "sever", "poisoned_share": 0.3},
    )


@pytest.mark.parametrize("agent", ["gpomdp", "a2c"])
def test_a_contributor_sends_the_same_bits_alone_and_among_others(agent):
    recipe = recipe_of(agent)
    start = recipe.start(recipe.actors(recipe.world()))
    together, *alone = (recipe.workshop(whom) for whom in ([0, 1, 2], [0], [1], [2]))
    left_out = 0
    for round_number in range(8):
        task = Task(round_number, 0, start, start)
        found = together.compute(task)
        left_out += sum(one.left_out for one in found.lived.filtered)
        for whom, workshop in enumerate(alone):
            mine = workshop.compute(task)
            np.testing.assert_array_equal(mine.updates[0], found.updates[whom])
            assert mine.lived.filtered[0] == found.lived.filtered[whom]
    assert left_out > 0


@pytest.mark.parametrize("agent", ["gpomdp", "ppo"])
def test_numbers_that_are_forces_are_filtered_as_well(agent):
    recipe = (
        recipe_of(agent, "gymnasium:Pendulum-v1", minibatch=128)
        if agent == "ppo"
        else (recipe_of(agent, "gymnasium:Pendulum-v1"))
    )
    start = recipe.start(recipe.actors(recipe.world()))
    found = recipe.workshop().compute(Task(0, 0, start, start))
    assert [one.of for one in found.lived.filtered] == [8, 8, 8]
    assert np.isfinite(found.updates).all()


def test_a_stopped_training_goes_on_to_the_same_bits(tmp_path):
    def training(steps):
        return Training(
            env="cartpole-v1",
            agent="a2c",
            steps=steps,
            settings={"policy": [8], "value": [8], "steps": 20, "trajectory_filter": "sever"},
            team=Team(workers=3),
        )

    rows: dict[str, list] = {"whole": [], "stopped": []}
    whole = train(training(4800), tmp_path / "whole", say=rows["whole"].append)
    train(training(2400), tmp_path / "stopped")
    train(training(4800), tmp_path / "stopped", say=rows["stopped"].append, resume=True)
    told = [(path / "policy.safetensors").read_bytes() for path in sorted(tmp_path.iterdir())]
    assert told[0] == told[1]
    assert rows["whole"] == rows["stopped"]
    assert 0 < whole.metrics["trajectories_left_out"] < 0.1
    last = rows["whole"][-1]
    assert set(last["left_out"]) == {"worker_0", "worker_1", "worker_2"}
    assert all(last["left_out"][name] < last["trajectories"][name] for name in last["left_out"])


def test_a_trajectory_that_cannot_be_counted_with_is_left_out():
    def broken(fragment):
        rewards = fragment.rewards.copy()
        rewards[:, 0] = np.inf
        return fragment._replace(rewards=rewards)

    parts = played("reinforce", lie=broken)
    batch, told, out = filtered(*parts)
    assert out[numbered(parts[3])[0][0, 0]]
    assert told[0].left_out < 5
    learner, networks, parameters = parts[:3]
    assert np.isfinite(learner.gradient(networks, parameters, batch)).all()


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(InvalidConfig, match="'svr'; did you mean 'sever'"):
        learner_of("a2c", trajectory_filter="svr")
    with pytest.raises(InvalidConfig, match="share is how much"):
        learner_of("a2c", poisoned_share=0.5)
    with pytest.raises(InvalidConfig, match="there is none: leave it out, or give --trajectory"):
        learner_of("a2c", trajectory_filter=None, poisoned_share=0.2)
    with pytest.raises(InvalidConfig, match="below 20 where"):
        TrajectoryFilter(share=0.1, rounds=20)
    with pytest.raises(InvalidConfig, match=r"among 5 trajectories .* takes 6"):
        Recipe(
            env="cartpole-v1",
            agent="a2c",
            copies=10,
            count=2,
            settings={"trajectory_filter": "sever"},
        ).workshop()
