"""PPO under a limit on costs: its loss beside torch's, its price beside a plain loop."""

import numpy as np
import pytest
import torch

import rallypoint
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators.ppo import Ppo
from rallypoint.agents.gradient.estimators.ppo_lagrangian import PpoLagrangian
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import PpoLagrangianLearner, PpoLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.riders.multiplier import Multiplier, episodes_of
from rallypoint.agents.gradient.saving import save_policy
from rallypoint.agents.sb3.saved import load_policy
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, NotOffered
from tests.agents.gradient.learning import TollRoad, carts, chance_of, gone_on, rounds_of


def learner(**settings):
    given = {
        "policy": (8,),
        "value": (8,),
        "steps": 20,
        "epochs": 3,
        "minibatch": 120,
        "learning_rate": 3e-2,
        "cost_limit": 3.0,
        "price_rate": 0.1,
    }
    return PpoLagrangianLearner(**(given | settings))


def road_team(seeds=(0,), ids=None, *, num_agents=1, cost_of="agent", steps=20, limit=3.0, **team):
    copies = ids if ids is not None else np.arange(len(seeds) * 6)
    world = TollRoad(copies=copies, num_agents=num_agents)
    settings = {"cost_of": cost_of, "steps": steps, "cost_limit": limit}
    return rounds_of(learner(**settings), world, count=3, seeds=seeds, **team)


def prepared(price, *, cost_of="agent", num_agents=2, runs=1):
    """Return an estimator, networks, parameters, a fragment and its batch."""
    estimator = learner(cost_of=cost_of, first_price=price)
    world = TollRoad(copies=6 * runs, num_agents=num_agents)
    made = estimator.architecture(world.groups[0])
    weights = np.stack(
        [made.initial(np.random.default_rng(i), scheme="uniform") for i in range(runs)]
    )
    parameters = np.concatenate([weights, np.full((runs, 1), price, dtype=np.float32)], axis=1)
    rollout = Rollout(world, Draws(0, "test/gradient", world.copies))
    fragment = rollout.steps(GradientPolicy(made, weights, world.groups[0]), 20, seed=0)
    networks = ActorCritic(made)
    contributors = Contributors(count=3, runs=runs)
    batch = estimator.prepare(networks, parameters, fragment, contributors)
    return estimator, networks, parameters, fragment, contributors, batch


def test_at_no_price_the_actor_learns_as_in_ppo():
    estimator, networks, parameters, fragment, contributors, batch = prepared(0.0)
    plain = Ppo(epochs=3).prepare(networks, parameters, fragment, contributors)
    np.testing.assert_allclose(batch.gains, plain.gains, atol=1e-6)
    ours = estimator.gradient(networks, parameters, batch)
    theirs = Ppo(epochs=3).gradient(networks, parameters, plain)
    made = networks.architecture
    shared = made.cost_critic[0][0].at.start
    np.testing.assert_allclose(ours[..., :shared], theirs[..., :shared], atol=1e-6)
    assert ours[..., shared:].any()
    assert not theirs[..., shared:].any()


def test_the_critic_of_costs_has_torchs_gradient():
    estimator, networks, parameters, fragment, _, batch = prepared(1.0)
    made = networks.architecture
    found = estimator.gradient(networks, parameters, batch)
    for worker in range(3):
        layers = []
        for weights, biases in made.cost_critic:
            layer = torch.nn.Linear(weights.shape[1], weights.shape[0])
            layer.weight.data = torch.from_numpy(
                parameters[0, weights.at].reshape(weights.shape).copy()
            )
            layer.bias.data = torch.from_numpy(parameters[0, biases.at].copy())
            layers += [layer, torch.nn.Tanh()]
        net = torch.nn.Sequential(*layers[:-1])
        seen = torch.from_numpy(batch.seen[0, worker])
        wanted = torch.from_numpy(batch.cost_targets[0, worker])
        (estimator.value_weight * (net(seen)[:, 0] - wanted) ** 2).mean().backward()
        flat = np.concatenate([part.grad.numpy().ravel() for part in net.parameters()])
        np.testing.assert_allclose(
            found[0, worker, made.cost_critic[0][0].at.start :], flat, rtol=1e-4, atol=1e-6
        )
    assert fragment.costs is not None


def test_what_an_action_costs_is_charged_at_the_price():
    gains = {}
    for price in (0.0, 2.0, 1e6):
        *_, batch = prepared(price)
        gains[price] = batch.gains
    *_, batch = prepared(0.0)
    # The toll road gains more and costs more, so at a high price its advantage turns.
    took = batch.actions == 1
    assert gains[0.0][took].mean() > 0
    assert gains[1e6][took].mean() < 0
    charged = 3 * gains[2.0] - gains[0.0]  # -2 A_c
    np.testing.assert_allclose(charged / -2, -gains[1e6], atol=1e-4)


def test_a_team_pays_for_all_of_its_agents():
    *_, fragment, _, batch = prepared(1.0, cost_of="team")
    costs, ends = episodes_of(fragment, "team")
    assert costs.shape == (20, 6, 1)
    assert (costs[..., 0] == fragment.costs.sum(axis=(2, 3))).all()
    assert ends.sum() == 12  # two episodes in each of six copies
    of_agents, _ = episodes_of(fragment, "agent")
    assert (of_agents == fragment.costs[..., 0]).all()
    assert batch.cost_targets.mean() > 0


def test_a_teams_episode_ends_with_its_last_agent():
    *_, fragment, _, _ = prepared(1.0, cost_of="team")
    terminated, acting = fragment.terminated.copy(), fragment.acting.copy()
    terminated[3, :, 0] = True
    acting[4:10, :, 0] = False  # until the copy is reset
    gone = fragment._replace(
        terminated=terminated, acting=acting, truncated=fragment.truncated & acting
    )
    costs, ends = episodes_of(gone, "team")
    assert np.flatnonzero(ends[:, 0, 0]).tolist() == [9, 19]
    assert (costs[4:10, :, 0] == fragment.costs[4:10, :, 1, 0]).all()
    assert np.flatnonzero(episodes_of(gone, "agent")[1][:, 0, 0]).tolist() == [3, 19]


@pytest.mark.parametrize("whose", ["agent", "team"])
def test_contributors_say_what_their_finished_episodes_cost(whose):
    world = TollRoad(copies=4, num_agents=2, max_cycles=7)
    made = learner().architecture(world.groups[0])
    weights = made.initial(np.random.default_rng(0), scheme="uniform")[None]
    rollout = Rollout(world, Draws(0, "test/gradient", world.copies))
    contributors = Contributors(count=2)
    rider = Multiplier(limit=2.0, whose=whose, scale=0.5)
    memory = rider.memory(4, 2, contributors)
    costs, told = [], []
    for number in range(6):
        fragment = rollout.steps(
            GradientPolicy(made, weights, world.groups[0]), 5, seed=0 if number == 0 else None
        )
        said = rider.say(np.zeros((1, 1)), fragment, contributors, memory)
        memory = said.memory
        costs.append(fragment.costs[..., 0])
        told.append(said.update[0, :, 0])
    whole = np.concatenate(costs)[:28].reshape(4, 7, 4, 2).sum(axis=1)  # (episode, copy, agent)
    if whose == "team":
        whole = whole.sum(axis=2, keepdims=True)
    assert (told[0] == 0).all()  # no episode has ended, and nothing is known
    # The fragments end at steps 5, 10, … and episodes at 7, 14, 21, 28.
    for number, episode in ((1, 0), (2, 1), (3, None), (4, 2), (5, 3)):
        if episode is None:
            assert (told[number] == told[number - 1]).all()
            continue
        mean = whole[episode].reshape(2, -1).mean(axis=1)
        np.testing.assert_allclose(told[number], -0.5 / 2.0 * (mean - 2.0), atol=1e-6)


def test_the_price_rises_by_the_difference_and_not_below_nothing():
    rider = Multiplier(limit=4.0, rate=0.5, scale=0.2)
    own = np.array([[1.0], [1.0]], dtype=np.float32)
    said = -0.2 / 4.0 * np.array([[3.0], [-9.0]], dtype=np.float32)  # above, and below, the limit
    np.testing.assert_allclose(rider.move(own, said, 0), [[2.5], [0.0]])


def test_costs_come_down_to_the_limit():
    seeds = tuple(range(8))
    costs, prices = {}, {}
    for limit in (3.0, 1000.0):
        team = road_team(seeds=seeds, limit=limit)
        (desk,), paid, price = team.delivery.workshops[0].desks, [], []
        for _ in team.run(40):
            paid.append(desk.ridden["multiplier"]["known"].mean(axis=1))
            price.append(team.server.parameters[:, -1])
        costs[limit] = np.mean(paid[-20:], axis=0)
        prices[limit] = np.max(price, axis=0)
    assert (prices[3.0] > 0).all()
    assert (prices[1000.0] == 0).all()
    assert chance_of(costs[1000.0] - costs[3.0]) < 0.01
    # With nothing to hold it back, everybody takes the toll road nearly always.
    assert costs[1000.0].mean() > 8
    assert abs(costs[3.0].mean() - 3) < 1


def test_a_liar_moves_the_price_of_a_mean_and_not_of_a_trimmed_one():
    prices = {}
    for rule in ("mean", "trimmed_mean"):
        for liars in (None, "sign_flip"):
            lies = {"liars": liars, "factor": 50.0} if liars else {}
            team = road_team(rule=rule, f=1, **lies)
            team.train_round()
            prices[rule, liars] = team.server.parameters[0, -1]
    (desk,) = team.delivery.workshops[0].desks
    above = desk.ridden["multiplier"]["known"][0, 1:] - 3  # of the honest
    assert (above > 0).all()
    assert prices["mean", None] > 0
    assert prices["mean", "sign_flip"] == 0
    low, high = 0.1 * np.sort(above)
    assert low - 1e-6 <= prices["trimmed_mean", "sign_flip"] <= high + 1e-6


def test_the_price_is_spoken_of_and_moved_once_a_round():
    team = road_team()
    moved, said = [], []
    close, learn = team.server.close, team._learn
    team.server.close = lambda *given, **named: (
        moved.append(named["ride"]) or close(*given, **named)
    )
    team._learn = lambda dealt, *noted: (
        said.append(dealt.updates[..., -1].any()) or learn(dealt, *noted)
    )
    list(team.run(2))
    assert len(moved) > 2
    assert sum(moved) == 2
    assert said == moved


def test_a_run_learns_the_same_bits_whoever_runs_beside_it():
    together = road_team(seeds=(7, 8), rule="trimmed_mean", f=1)
    list(together.run(3))
    alone = road_team(seeds=(8,), ids=np.arange(6, 12), rule="trimmed_mean", f=1)
    alone.delivery.workshops[0]._world_seed = 7
    list(alone.run(3))
    assert alone.server.parameters[0].tobytes() == together.server.parameters[1].tobytes()


@pytest.mark.parametrize("cost_of", ["agent", "team"])
def test_going_on_from_a_snapshot_is_bit_for_bit(cost_of):
    settings = {"cost_of": cost_of, "num_agents": 3, "who": "team", "steps": 7, "seeds": (1, 2)}
    whole, second = gone_on(lambda: road_team(**settings), 5, at=2)
    assert second.server.parameters.tobytes() == whole.server.parameters.tobytes()


def test_a_central_critic_of_costs_sees_the_state():
    estimator = learner(central_critic=True)
    world = TollRoad(copies=6, num_agents=2)
    made = estimator.architecture(world.groups[0], 2)
    assert made.cost_critic[0][0].shape == (8, 2)
    weights = np.concatenate([made.initial(np.random.default_rng(0)), [1.0]]).astype(np.float32)[
        None
    ]
    rollout = Rollout(world, Draws(0, "test/gradient", world.copies), central=True)
    fragment = rollout.steps(GradientPolicy(made, weights, world.groups[0]), 12, seed=0)
    batch = estimator.prepare(ActorCritic(made), weights, fragment, Contributors(count=3))
    assert np.isfinite(estimator.gradient(ActorCritic(made), weights, batch)).all()


def test_sb3_acts_as_we_do_and_knows_of_no_costs(tmp_path):
    world = rallypoint.make("island-navigation-v0", copies=6)
    team = rounds_of(learner(), world, count=3)
    list(team.run(2))
    group = world.groups[0]
    save_policy(tmp_path, team.architecture, team.weights[0], group, env="island-navigation-v0")
    observations, draws = world.reset(seed=0), Draws(0, "test/gradient", world.copies)
    ours = GradientPolicy(team.architecture, team.weights[0], group, greedy=True)
    theirs = load_policy(tmp_path, world).greedily()
    one, other = (policy.act(observations, draws)[group.name] for policy in (ours, theirs))
    assert (one == other).all()


def test_the_layout_of_sb3_is_not_touched():
    with_costs = learner(value=(8, 4)).architecture(TollRoad().groups[0])
    without = PpoLearner(policy=(8,), value=(8, 4)).architecture(TollRoad().groups[0])
    assert with_costs.pieces[: len(without.pieces)] == without.pieces
    one, other = (made.initial(np.random.default_rng(0)) for made in (with_costs, without))
    assert (one[: without.size] == other).all()


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: PpoLagrangian(cost_limit=-1), InvalidConfig, "limit"),
        (lambda: PpoLagrangian(price_rate=0), InvalidConfig, "rate"),
        (lambda: PpoLagrangian(cost_of="all"), InvalidConfig, "agent"),
        (lambda: rounds_of(learner(), carts(6), count=3), NotOffered, "does not offer 'cost'"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(make, error, says):
    with pytest.raises(error, match=says):
        make()


def test_a_server_without_the_price_is_refused():
    class Priceless(PpoLagrangianLearner):
        def riders(self, architecture):
            return ()

    with pytest.raises(InvalidConfig, match="behind the weights must ride"):
        rounds_of(Priceless(policy=(8,), value=(8,)), TollRoad(copies=6), count=3)
