"""FedPG-BR: its batches, and the server's inner loop beside torch's derivatives."""

from functools import partial

import numpy as np
import pytest
import torch

import rallypoint
from rallypoint.agents.gradient.actors import Actors
from rallypoint.agents.gradient.estimators.fedpg_br import FedPgBr
from rallypoint.agents.gradient.estimators.gpomdp import Gpomdp
from rallypoint.agents.gradient.learners import FedPgBrLearner
from rallypoint.agents.gradient.optimisers import Adam, Sgd
from rallypoint.agents.gradient.scsg import Scsg
from rallypoint.agents.gradient.server import Pace, Server
from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import Aggregator
from tests.agents.gradient.learning import carts, chance_of, gone_on, rounds_of
from tests.agents.gradient.test_estimators import as_torch, flat_gradient

LEARNER = FedPgBrLearner(fewest=2, most=4, own_batch=2, learning_rate=1e-2)


def fed(seeds=(0,), ids=None, own_ids=None, learner=LEARNER, **settings):
    runs = len(seeds)
    copies = ids if ids is not None else np.arange(runs * 3 * learner.most)
    own = own_ids if own_ids is not None else np.arange(runs * learner.own_batch)
    given = {"rule": "fedpg_filter(sigma=1.0)", "f": 1} | settings
    return rounds_of(learner, carts(copies), count=3, seeds=seeds, own=carts(own), **given)


def test_each_round_has_the_number_of_episodes_that_was_drawn_for_the_run():
    team = fed(seeds=(3, 4))
    drawn, told = [], []
    aggregate = team.server.rules.aggregate
    team.server.rules.aggregate = lambda *given, **named: (
        told.append(named["batch"]) or aggregate(*given, **named)
    )
    for _ in range(12):
        report = team.train_round()
        drawn.append(team.delivery.workshops[0].desks[0].memory["episodes"])
        assert (report.episodes == 3 * drawn[-1]).all()
    assert set(np.ravel(drawn)) == {2, 3, 4}
    assert (np.array(drawn)[:, 0] != np.array(drawn)[:, 1]).any()
    assert told == np.ravel(drawn).tolist()


def looked(batch=3, moved=0.02, whiten="episode"):
    """Return an inner loop, weights at its start and now, and what the server played now."""
    world = rallypoint.make("cartpole-v1", copies=2 * batch, max_cycles=60)
    made = FedPgBrLearner().architecture(world.groups[0])
    rng = np.random.default_rng(5)
    start = np.stack([made.initial(rng, scheme="uniform") for _ in range(2)])
    loop = Scsg(world, made, Gpomdp(whiten=whiten), batch=batch)
    now = start + rng.normal(0, moved, start.shape).astype(np.float32)
    server = Server(now, [Aggregator.parse("mean")] * 2, f=0, seeds=(1, 2))
    actor = Actors.of(made, world.groups, ()).only
    (batch,) = loop._play([actor], server, np.array([True, True]), (0, 1))
    return partial(loop._look, actor), made, start, now, batch


def test_the_correction_is_that_of_torch():
    look, made, start, now, batch = looked()
    own, others, ratios = look(now, start, batch)
    for run in range(2):
        mine = batch.weights[run, 0] > 0
        seen = torch.from_numpy(batch.seen[run, 0][mine])
        actions = torch.from_numpy(batch.actions[run, 0][mine])
        gains = torch.from_numpy(batch.gains[run, 0][mine])
        here, there = (relu(as_torch(made, at[run])) for at in (now, start))
        logs, before = (told.evaluate_actions(seen, actions)[1] for told in (here, there))
        ratio = (before - logs).exp().detach()
        (-(logs * gains).mean()).backward()
        (-(before * gains * ratio).mean()).backward()
        for found, told in ((own, here), (others, there)):
            np.testing.assert_allclose(found[run], flat_gradient(made, told), rtol=1e-3, atol=2e-6)
        assert ratios[run] == pytest.approx(float(ratio.mean()), rel=1e-5)


def relu(policy):
    for part in policy.mlp_extractor.policy_net:
        part.forward = torch.relu if isinstance(part, torch.nn.Tanh) else part.forward
    return policy


def test_at_the_start_the_correction_is_nothing():
    look, _, start, _, batch = looked()
    own, others, ratios = look(start, start, batch)
    assert own.tobytes() == others.tobytes()
    np.testing.assert_allclose(ratios, 1, atol=1e-6)


def inner_loop(aggregate, *, drawn, ratios=None, seeds=(0, 1)):
    """Return where an inner loop of plain descent led, what it did, and the server's gradients."""
    world = carts(2 * len(seeds))
    made = FedPgBrLearner().architecture(world.groups[0])
    start = np.stack([made.initial(np.random.default_rng(s), scheme="uniform") for s in seeds])
    server = Server(
        start,
        [Aggregator.parse("mean")] * len(seeds),
        f=0,
        seeds=seeds,
        optimiser=Sgd(),
        pace=Pace(rate=1e-2),
    )
    loop = Scsg(world, made, Gpomdp(whiten="episode"), batch=2)
    loop._drawn = lambda *_: np.array(drawn)
    looks = []
    look = loop._look

    def recorded(*given):
        own, others, ratio = look(*given)
        ratio = ratio if ratios is None else np.array(ratios[len(looks)])
        looks.append((own.copy(), others.copy()))
        return own, others, ratio

    loop._look = recorded
    loop(server, aggregate(start.shape), episodes=np.array([2, 2]), round_number=0)
    return server.weights - start, loop.last, looks


def test_steps_are_along_the_aggregate_corrected_each_time():
    rng = np.random.default_rng(0)
    mu = rng.standard_normal((2, 10_000)).astype(np.float32)
    near = [[1.0, 1.0]] * 9
    moved, last, looks = inner_loop(lambda shape: mu[:, : shape[1]], drawn=[3, 1], ratios=near)
    assert last.steps.tolist() == [3, 1]
    assert last.episodes.tolist() == [4, 0]  # nothing need be played for the first step
    mu = mu[:, : moved.shape[1]]
    along = 3 * mu[0] + sum(own[0] - others[0] for own, others in looks)
    np.testing.assert_allclose(moved[0], -1e-2 * along, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moved[1], -1e-2 * mu[1], rtol=1e-4, atol=1e-7)


def test_the_loop_ends_before_the_step_at_which_ratios_leave():
    mu = np.ones((2, 10_000), dtype=np.float32)
    ratios = [[1.0, 1.0051], [0.9949, 1.0], [1.0, 1.0]]
    _, last, _ = inner_loop(lambda shape: mu[:, : shape[1]], drawn=[5, 5], ratios=ratios)
    assert last.steps.tolist() == [2, 1]
    assert last.drawn.tolist() == [5, 5]


def test_where_nobody_was_believed_the_server_goes_its_own_way():
    far = [[9.0, 9.0]] * 9  # its own episodes are under its own weights: ratios do not matter
    moved, last, looks = inner_loop(np.zeros, drawn=[3, 2], ratios=far)
    assert last.steps.tolist() == [3, 2]
    assert last.episodes.tolist() == [6, 4]
    for run, steps in enumerate((3, 2)):
        along = sum(own[run] for own, _ in looks[:steps])
        np.testing.assert_allclose(moved[run], -1e-2 * along, rtol=1e-4, atol=1e-6)


def test_steps_are_as_many_as_a_geometric_law_gives():
    team = fed(seeds=tuple(range(50)))
    drawn = np.concatenate(
        [team._descent._drawn(team.server, np.full(50, 4), number) for number in range(40)]
    )
    chance = 2 / (2 + 4)
    assert drawn.min() == 1
    deviation = np.sqrt(1 - chance) / chance
    assert abs(drawn.mean() - 1 / chance) < 4 * deviation / np.sqrt(drawn.size)
    assert abs((drawn == 1).mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / drawn.size)


def test_a_run_learns_the_same_bits_whoever_runs_beside_it():
    together = fed(seeds=(7, 8))
    list(together.run(4))
    alone = fed(seeds=(8,), ids=np.arange(12, 24), own_ids=np.arange(2, 4))
    alone.delivery.workshops[0]._world_seed = alone._descent._seed = (
        7  # of the worlds, which are the first run's
    )
    list(alone.run(4))
    assert alone.server.parameters[0].tobytes() == together.server.parameters[1].tobytes()


@pytest.mark.parametrize("liars", [None, "sign_flip"])
def test_going_on_from_a_snapshot_is_bit_for_bit(liars):
    whole, second = gone_on(lambda: fed(seeds=(1, 2), liars=liars), 4, at=2)
    assert second.server.parameters.tobytes() == whole.server.parameters.tobytes()


def test_runs_may_have_taken_different_numbers_of_steps():
    rng = np.random.default_rng(0)
    start = rng.standard_normal((2, 5)).astype(np.float32)
    gradients = rng.standard_normal((3, 5)).astype(np.float32)
    server = Server(start, [Aggregator.parse("mean")] * 2, f=0, seeds=(0, 1), pace=Pace(rate=0.1))
    server.step(np.stack([gradients[0]] * 2))
    server.step(gradients[1:2], np.array([1]))
    server.step(np.stack([gradients[2]] * 2))
    for run, rows in ((0, [0, 2]), (1, [0, 1, 2])):
        weights = start[run : run + 1]
        moments = Adam().init(weights)
        for time, row in enumerate(rows):
            weights, moments = Adam().step(weights, gradients[[row]], moments, 0.1, time)
        assert server.weights[run].tobytes() == weights[0].tobytes()


def test_it_learns_to_balance_with_liars():
    learner = FedPgBrLearner(fewest=4, most=6, own_batch=2, learning_rate=1e-2)
    seeds = tuple(range(8))
    world, own = (
        rallypoint.make("cartpole-v1", copies=8 * share, max_cycles=60) for share in (30, 2)
    )
    rule = "fedpg_filter(sigma=0.06)"
    team = rounds_of(
        learner, world, count=5, seeds=seeds, rule=rule, f=1, own=own, liars="gaussian"
    )
    returns = np.array([report.returns for report in team.run(10)])
    assert chance_of(returns[-3:].mean(axis=0) - returns[:3].mean(axis=0)) < 0.02


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: FedPgBr(fewest=5, most=4), "fewest"),
        (lambda: FedPgBr(fewest=0), "fewest"),
        (lambda: FedPgBr(own_batch=0), "own_batch"),
        (lambda: fed(ids=np.arange(9)), "take 4 copies for each"),
        (lambda: Scsg(carts(3), None, Gpomdp(), batch=2), "as many copies for each"),
        (lambda: list(fed(seeds=(1, 2), own_ids=np.arange(2)).run(1)), "world is of 1 runs"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(make, says):
    with pytest.raises(InvalidConfig, match=says):
        make()


def test_an_inner_loop_must_be_told_how_many_episodes_there_were():
    _, made, start, _, _ = looked()
    loop = Scsg(carts(6), made, Gpomdp(), batch=3)
    server = Server(start, [Aggregator.parse("mean")] * 2, f=0, seeds=(1, 2))
    with pytest.raises(InvalidConfig, match="how many episodes"):
        loop(server, start, episodes=None, round_number=0)
