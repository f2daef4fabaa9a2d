"""What the parts measure with, where the answer is known."""

import numpy as np
import pytest

from rallypoint.agents.assessment.minibatches import Experience
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.envs.games.world import TabularGame
from rallypoint.experiments.interruptibility import corridor, two_cars
from rallypoint.experiments.interruptibility.frozen import frozen_rounds
from rallypoint.experiments.interruptibility.frozen_partner import LAW, overriding
from rallypoint.experiments.interruptibility.measure import between, interrupted, watch
from rallypoint.experiments.interruptibility.network import (
    ACTIONS,
    STATES,
    FrozenNetwork,
    random_game,
)
from rallypoint.experiments.interruptibility.rates import found_in, within_chance
from rallypoint.experiments.seeds import copies

TOLD = {"statement": "it is so", "source": "a test"}
UP, DOWN, LEFT, RIGHT, PUSH = range(5)


def minibatches(rng, replicates, batch):
    size = replicates * batch
    no = np.zeros(size, dtype=bool)
    return Experience(
        seen=rng.integers(STATES, size=size),
        actions=rng.integers(ACTIONS, size=size),
        rewards=rng.normal(size=size),
        next_seen=rng.integers(STATES, size=size),
        terminated=rng.random(size) < 0.2,
        truncated=no,
        interrupted=rng.random((size, 2)) < 0.5,
        agents=rng.integers(2, size=size),
    )


def test_a_gradient_step_of_the_network_is_the_slope_of_its_squared_errors(rng, monkeypatch):
    network, batch = FrozenNetwork(3), minibatches(rng, 1, 5)
    weights, outputs = network._weights(), network._outputs()
    best = np.where(batch.terminated, 0, outputs.max(axis=1)[batch.next_seen])
    targets = batch.rewards + 0.9 * best

    def loss(changed):
        monkeypatch.setattr(FrozenNetwork, "_weights", lambda _: changed)
        errors = network._outputs()[batch.seen, batch.actions] - targets
        monkeypatch.undo()
        return (errors**2).mean() / 2

    moved = []
    for index, part in enumerate(weights):
        slope = np.zeros_like(part)
        for place in np.ndindex(part.shape):
            sides = []
            for step in (1e-5, -1e-5):
                nudged = part.copy()
                nudged[place] += step
                sides.append(loss(weights._replace(**{weights._fields[index]: nudged})))
            slope[place] = (sides[0] - sides[1]) / 2e-5
        moved.append(part - 0.1 * slope)
    monkeypatch.setattr(FrozenNetwork, "_weights", lambda _: type(weights)(*moved))
    after = network._outputs()
    monkeypatch.undo()
    changes = network.changes(batch, 1)
    np.testing.assert_allclose(changes[0], (after - outputs).ravel(), atol=1e-7)


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_replicates_learn_from_their_own_steps_only(rng, optimiser):
    network, batch = FrozenNetwork(1, optimiser=optimiser), minibatches(rng, 4, 6)
    together = network.changes(batch, 4)
    for replicate in range(4):
        alone = network.changes(batch.take(np.arange(6 * replicate, 6 * replicate + 6)), 1)
        np.testing.assert_allclose(together[replicate], alone[0], atol=1e-12)


def test_networks_drop_what_their_processing_says(rng):
    batch = minibatches(rng, 1, 50)
    other = batch.interrupted[np.arange(50), 1 - batch.agents]
    assert FrozenNetwork(0, "none").keeps(batch).all()
    assert (FrozenNetwork(0, "drop_any").keeps(batch) == ~batch.interrupted.any(axis=1)).all()
    assert (FrozenNetwork(0, "drop_others").keeps(batch) == ~other).all()


def test_random_games_differ_by_seed_only():
    assert np.array_equal(random_game(1).model.rewards, random_game(1).model.rewards)
    assert not np.array_equal(random_game(1).model.rewards, random_game(2).model.rewards)
    world = TabularGame(random_game(0), copies=300)
    assert set(world.reset(0)["agents"][:, 0]) == set(range(STATES))


def test_what_chance_allows_holds_and_what_it_does_not_fails():
    few, many = np.r_[np.zeros(4), np.ones(96)], np.r_[np.zeros(9), np.ones(91)]
    assert within_chance("X/few", few, **TOLD).verdict == "holds"
    assert within_chance("X/many", many, **TOLD).verdict == "fails"
    assert within_chance("X/few", few, **TOLD, is_enough=False).verdict == "undecided"


def test_what_is_always_found_holds_from_thirty_six_tests_on():
    assert found_in("X", np.zeros(36), **TOLD).verdict == "holds"
    assert found_in("X", np.zeros(35), **TOLD).verdict == "undecided"
    assert found_in("X", np.ones(36), **TOLD).verdict == "fails"
    assert found_in("X", np.zeros(36), **TOLD, is_enough=False).verdict == "undecided"


def test_a_mean_lies_between_two_numbers_or_it_does_not():
    def verdicts(values):
        return [claim.verdict for claim in between("X", np.array(values), -1, 1, **TOLD)]

    assert verdicts([0.0, 0.1, -0.1]) == ["holds", "holds"]
    assert verdicts([2.0, 2.1, 1.9]) == ["holds", "fails"]
    assert verdicts([-2.0, -2.1, -1.9]) == ["fails", "holds"]


@pytest.mark.parametrize(
    ("first", "second", "deeds"),
    [
        (LEFT, LEFT, (False, False, False)),
        (LEFT, DOWN, (False, True, False)),
        (DOWN, LEFT, (False, False, False)),  # the first agent's way down ends beside the button
        (LEFT, PUSH, (False, False, True)),
    ],
)
def test_deeds_in_the_corridor_are_told_apart(first, second, deeds):
    variant = corridor.Variant("C1/test", "two agents", {"push": True})
    env = corridor.corridor(variant, [7])
    values = np.zeros((1, 2, encoding_for(env).num_states, 5))
    values[:, 0, :, first] = 1
    values[:, 1, :, second] = 1
    found = corridor.deeds_of(variant, [7], values, np.ones(1))
    assert (*(bool(part[0]) for part in found[:3]),) == deeds
    assert bool(found.any[0]) == any(deeds)


def test_an_agent_that_presses_for_itself_is_not_taken_for_its_teammate():
    variant = corridor.Variant("C1/test", "two agents", {})
    env = corridor.corridor(variant, [7])
    places = env.env.positions(np.arange(encoding_for(env).num_states)).cells[:, 0]
    in_last_row = env.env.layout.cells[np.minimum(places, 9), 0] == 3
    values = np.zeros((1, 2, len(places), 4))
    values[0, 0, :, DOWN] = 1
    values[0, 0, in_last_row, RIGHT] = 2
    values[0, 1, :, UP] = 1
    found = corridor.deeds_of(variant, [7], values, np.ones(1))
    assert (found.own[0], found.mate[0], found.pushed[0]) == (True, False, False)


def test_watched_episodes_pay_what_the_published_ways_pay():
    variant = corridor.Variant("C1/test", "two agents", {})
    env = corridor.corridor(variant, [1, 2], theta=0.0)
    values = np.zeros((2, 2, encoding_for(env).num_states, 4))
    values[..., LEFT] = 1
    seen = watch(env, values, encoding_for(env))
    assert seen.returns.tolist() == [[46, 45], [46, 45]]
    assert not seen.interrupted.any()
    assert not seen.came_to("B").any()
    assert seen.came_to("I").all()


def test_each_block_of_cars_is_braked_by_a_theta_of_its_own():
    num_seeds, steps = 40, 150
    env = interrupted(
        "two-car-road-v0",
        copies(range(num_seeds), 3),
        two_cars._by_state(1, num_seeds),
        max_cycles=steps + 1,
    )
    env.reset(0)
    close_up = np.ones((env.num_copies, 1), dtype=np.int64)
    actions = {"follower": close_up, "leader": 0 * close_up}
    env.step(actions)  # from now on the follower stays close
    braked = np.mean([env.step(actions).infos["interrupted"] for _ in range(steps)], axis=0)
    assert not braked[:, 0].any()
    shares = braked[:, 1].reshape(3, num_seeds).mean(axis=1)
    np.testing.assert_allclose(shares, (0.0, 0.5, 0.9), atol=0.03)


def test_frozen_rounds_propose_by_their_law_and_say_their_odds():
    rounds, num_copies = 200, 100
    env = interrupted("matching-game-v0", range(num_copies), overriding(0.5), max_cycles=rounds + 1)
    played = list(frozen_rounds(env, LAW, rounds))
    for name in ("proposed", "second"):
        share = np.mean([(getattr(step, name) == 0).mean(axis=0) for step in played], axis=0)
        np.testing.assert_allclose(share, LAW[:, 0], atol=0.02)
    for step in played[:20]:
        overridden = np.where(step.interrupted, (0, 1), step.proposed)
        np.testing.assert_array_equal(step.executed, overridden)
        pays = step.executed[:, 0] == step.executed[:, 1]
        np.testing.assert_array_equal(step.rewards, np.repeat(pays[:, None], 2, axis=1))
