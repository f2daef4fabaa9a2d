"""Observations normalised by what all have seen: beside NumPy's statistics, under liars, in SB3."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import A2cLearner, GpomdpLearner, PpoLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.riders.observation_statistics import ObservationStatistics
from rallypoint.agents.gradient.riders.riding import Riding
from rallypoint.agents.gradient.saving import save_policy
from rallypoint.agents.sb3.saved import load_policy
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from tests.agents.gradient.learning import carts, gone_on, rounds_of

LEARNERS = {
    "gpomdp": GpomdpLearner(policy=(8,), normalise_observations=True),
    "ppo": PpoLearner(
        policy=(8,), value=(8,), steps=12, epochs=2, minibatch=60, normalise_observations=True
    ),
}


def team_of(learner="ppo", seeds=(0,), ids=None, **settings):
    copies = ids if ids is not None else np.arange(len(seeds) * 10)
    return rounds_of(LEARNERS[learner], carts(copies), count=5, seeds=seeds, **settings)


def fragment_of(runs=1, copies=6):
    world = carts(runs * copies, max_cycles=40)
    made = PpoLearner(policy=(8,), value=(8,)).architecture(world.groups[0])
    weights = made.initial(np.random.default_rng(0), scheme="uniform")[None]
    rollout = Rollout(world, Draws(0, "test/gradient", world.copies))
    return rollout.episodes(GradientPolicy(made, weights, world.groups[0]), seed=0)


def exchanged(rider, own, fragment, contributors, number):
    """Return the numbers after a round in which nobody lies and the rule is the mean."""
    said = rider.say(own, fragment, contributors, {})
    return rider.move(own, said.update.mean(axis=1), number)


def test_after_one_round_they_are_those_of_what_was_seen():
    fragment = fragment_of(runs=2)
    rider = ObservationStatistics(entries=4, least_variance=1e-9)
    own = np.tile(rider.initial(), (2, 1))
    own = exchanged(rider, own, fragment, Contributors(count=1, runs=2), 0)
    for run in range(2):
        mine = slice(6 * run, 6 * run + 6)
        seen = fragment.seen[:, mine][fragment.acting[:, mine]]
        np.testing.assert_allclose(own[run, :4], seen.mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(own[run, 4:], seen.var(axis=0), rtol=1e-4)


def test_contributors_count_alike_however_much_they_saw():
    fragment = fragment_of()
    rider = ObservationStatistics(entries=4, least_variance=1e-9)
    own = exchanged(rider, rider.initial()[None], fragment, Contributors(count=3), 0)
    parts = [
        fragment.seen[:, 2 * i : 2 * i + 2][fragment.acting[:, 2 * i : 2 * i + 2]] for i in range(3)
    ]
    assert len({len(part) for part in parts}) > 1
    mean = np.mean([part.mean(axis=0) for part in parts], axis=0)
    square = np.mean([(part**2).mean(axis=0) for part in parts], axis=0)
    np.testing.assert_allclose(own[0, :4], mean, atol=1e-6)
    np.testing.assert_allclose(own[0, 4:], square - mean**2, rtol=1e-3)


def test_round_after_round_they_are_means_of_all_rounds_and_then_of_the_last():
    rider = ObservationStatistics(entries=1, least_step=0.25, least_variance=1e-9)
    rng = np.random.default_rng(0)
    fragment = fragment_of(copies=2)
    own, mean, square = rider.initial()[None], 0.0, 0.0
    for number in range(12):
        seen = rng.normal(5 + number, 2, (*fragment.seen.shape[:3], 1)).astype(np.float32)
        told = fragment._replace(seen=seen)
        own = exchanged(rider, own, told, Contributors(count=1), number)
        step = max(0.25, 1 / (number + 1))
        mine = seen[fragment.acting].astype(np.float64)
        mean += step * (mine.mean() - mean)
        square += step * ((mine**2).mean() - square)
        np.testing.assert_allclose(own[0], [mean, square - mean**2], rtol=1e-4)


def test_a_large_mean_costs_digits_of_the_variance_in_the_first_round_alone():
    """Then squares are taken about the mean that is known; the first error is averaged away."""
    fragment = fragment_of()
    moved = fragment._replace(seen=fragment.seen.astype(np.float64) + 100)
    rider = ObservationStatistics(entries=4, least_variance=1e-9)
    own = rider.initial()[None]
    for number in range(30):
        own = exchanged(rider, own, moved, Contributors(count=1), number)
    seen = fragment.seen[fragment.acting]
    np.testing.assert_allclose(own[0, 4:], seen.var(axis=0), rtol=0.05)


def test_whoever_saw_nothing_says_nothing():
    fragment = fragment_of()
    acting = fragment.acting.copy()
    acting[:, :2] = False
    rider = ObservationStatistics(entries=4)
    own = rider.initial()[None]
    said = rider.say(own, fragment._replace(acting=acting), Contributors(count=3), {})
    assert not said.update[0, 0].any()
    assert said.update[0, 1].any()


def test_a_liar_moves_the_statistics_of_a_mean_and_not_of_a_median():
    means = {}
    for rule in ("mean", "median"):
        for liars in (None, "sign_flip"):
            lies = {"liars": liars, "factor": 1e4} if liars else {}
            team = team_of(rule=rule, f=1, **lies)
            list(team.run(2))
            means[rule, liars] = team.server.parameters[0, team.architecture.size :]
    assert np.abs(means["mean", "sign_flip"] - means["mean", None]).max() > 10
    assert np.abs(means["median", "sign_flip"] - means["median", None]).max() < 1


@pytest.mark.parametrize("learner", ["gpomdp", "ppo"])
def test_what_acts_is_what_learns(learner):
    """The policy acts by folded weights; what is learned from is what it saw, normalised."""
    team = team_of(learner)
    list(team.run(3))
    riding, parameters = team.server.riding, team.server.parameters
    fragment = fragment_of()
    shown = riding.shown(parameters, fragment)
    assert abs(shown.seen[fragment.acting].mean(axis=0)).max() < 1
    group = team.delivery.workshops[0].rollout.group
    folded = GradientPolicy(team.architecture, team.weights, group, greedy=True)
    plain = GradientPolicy(team.architecture, team.server.weights, group, greedy=True)
    for raw, seen in zip(fragment.seen, shown.seen, strict=True):
        np.testing.assert_allclose(folded.computed(raw), plain.computed(seen), atol=1e-5)
    cut = riding.shown(parameters, fragment).cut_seen
    mean, variance = np.split(parameters[0, team.architecture.size :], 2)
    np.testing.assert_allclose(cut, (fragment.cut_seen - mean) / np.sqrt(variance), rtol=1e-5)


@pytest.mark.parametrize("env", ["cartpole-v1", "gymnasium:Pendulum-v1", "island-navigation-v0"])
@pytest.mark.parametrize("central", [False, True])
def test_sb3_acts_as_we_do(tmp_path, env, central, rng):
    world = rallypoint.make(env, copies=4)
    group = world.groups[0]
    learner = A2cLearner(normalise_observations=True, central_critic=central)
    made = learner.architecture(group, 9)
    riding = Riding(learner.riders(made), made.size)
    parameters = riding.start(made.initial(rng)[None])
    parameters[0, made.size :] = np.concatenate(
        [rng.normal(0, 1, made.inputs), rng.uniform(0.5, 2, made.inputs)]
    )
    weights = riding.folded(made, parameters)[0]
    save_policy(tmp_path, made, weights, group, env=env)
    theirs = load_policy(tmp_path, world).greedily()
    observations, draws = world.reset(seed=0), Draws(0, "test/gradient", world.copies)
    ours = GradientPolicy(made, weights, group, greedy=True)
    one, other = (policy.act(observations, draws)[group.name] for policy in (ours, theirs))
    np.testing.assert_allclose(one, other, atol=1e-5)
    world.close()


def test_worlds_whose_numbers_are_large_are_learned_as_if_they_were_not():
    """Another unit of what is seen changes nothing, once it is known."""
    learner = GpomdpLearner(policy=(8,), normalise_observations=True)
    fragment = fragment_of()
    made = learner.architecture(carts(1).groups[0])
    riding = Riding(learner.riders(made), made.size)
    weights = riding.start(made.initial(np.random.default_rng(0))[None])
    seen = []
    for unit in (1.0, 1000.0):
        own = fragment._replace(seen=unit * fragment.seen)
        told, _ = riding.said(weights, own, Contributors(count=1), {"observation_statistics": {}})
        aggregates = np.concatenate([np.zeros((1, made.size)), told[:, 0]], axis=1)
        seen.append(riding.shown(riding.moved(weights, aggregates, 0), own).seen)
    np.testing.assert_allclose(seen[0], seen[1], rtol=1e-3, atol=1e-3)


def test_only_gradients_are_shortened_and_slowed_down():
    learner = PpoLearner(
        policy=(8,), value=(8,), steps=12, normalise_observations=True, max_norm=1e-6, momentum=0.9
    )
    team = rounds_of(learner, carts(10), count=5)
    size = team.architecture.size
    updates = np.ones((1, 5, size + 8), dtype=np.float32)
    sent = team._sent(updates, np.ones((1, 5, 1), dtype=bool))
    assert (sent[..., size:] == 1).all()
    np.testing.assert_allclose(np.linalg.norm(sent[..., :size], axis=-1), 1e-7, rtol=1e-4)


@pytest.mark.parametrize("learner", ["gpomdp", "ppo"])
def test_a_run_learns_the_same_bits_whoever_runs_beside_it(learner):
    settings = {"rule": "trimmed_mean", "f": 1}
    together = team_of(learner, seeds=(7, 8), **settings)
    list(together.run(3))
    alone = team_of(learner, seeds=(8,), ids=np.arange(10, 20), **settings)
    alone.delivery.workshops[0]._world_seed = 7
    list(alone.run(3))
    assert alone.server.parameters[0].tobytes() == together.server.parameters[1].tobytes()


@pytest.mark.parametrize("learner", ["gpomdp", "ppo"])
def test_going_on_from_a_snapshot_is_bit_for_bit(learner):
    settings = {"seeds": (1, 2), "rule": "median", "f": 1, "liars": "sign_flip"}
    whole, second = gone_on(lambda: team_of(learner, **settings), 5, at=2)
    assert second.server.parameters.tobytes() == whole.server.parameters.tobytes()


@pytest.mark.parametrize(
    "wrong", [{"scale": 0.0}, {"least_step": 0.0}, {"least_step": 1.5}, {"least_variance": 0.0}]
)
def test_settings_that_cannot_be_meant_are_refused(wrong):
    with pytest.raises(InvalidConfig, match=next(iter(wrong))):
        ObservationStatistics(entries=4, **wrong)
