"""Learning from what agents did: filler is in no advantage, no loss and no number logged."""

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger

from rallypoint.agents.sb3.algorithms import algorithm
from rallypoint.agents.sb3.building import build
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.errors import InvalidConfig
from tests.envs.views.test_slots import Always
from tests.envs.views.worlds import NEVER, Match, Schedule, Teams

NINE_OF_TEN = {"dies": [2] * 9 + [NEVER], "copies": 3, "max_cycles": 20}
SETTINGS = {"n_steps": 25, "gamma": 0.9, "policy_kwargs": {"net_arch": [8]}, "device": "cpu"}


def collected(model):
    """Fill the model's rollout buffer once, or once more."""
    _, callback = model._setup_learn(10**6, None, reset_num_timesteps=False)
    model.collect_rollouts(model.env, callback, model.rollout_buffer, model.n_steps)
    return model.rollout_buffer


def learner(name="sb3:PPO", world=None, view=Sb3View, **settings):
    env = Schedule(**NINE_OF_TEN) if world is None else world
    model, _ = build(
        algorithm(name), view(env), steps=1000, seed=0, settings={**SETTINGS, **settings}
    )
    return model


def plain(world=None, **settings):
    env = Schedule(**NINE_OF_TEN) if world is None else world
    view = Sb3View(env)
    whole = {"batch_size": SETTINGS["n_steps"] * view.num_envs}
    return PPO("MlpPolicy", view, seed=0, **{**SETTINGS, **whole, **settings})


def parameters(model):
    return torch.nn.utils.parameters_to_vector(model.policy.parameters()).detach().numpy()


class Watched(Sb3View):
    """Writes down which rows were filler."""

    def step_wait(self):
        came = super().step_wait()
        self.__dict__.setdefault("log", []).append(self.rows.filler)
        return came


def lived_rows():
    """Play what both play, and say which rows an agent lived: (T, R)."""
    model = learner(view=Watched)
    collected(model)
    return ~np.array(model.env.log)


def test_the_buffer_holds_the_rows_of_the_living_and_no_others():
    whole, living, lived = collected(plain()), collected(learner()), lived_rows()
    assert lived.shape == (25, 30)
    assert 0.1 < lived.mean() < 0.25
    for name in ("observations", "actions", "log_probs", "values", "advantages", "returns"):
        expected = getattr(whole, name).swapaxes(0, 1)[lived.T]
        np.testing.assert_allclose(getattr(living, name)[:, 0], expected, rtol=2e-6, atol=2e-6)


def test_the_gradient_is_that_of_the_rows_of_the_living():
    settings = {"n_epochs": 1, "batch_size": 750, "max_grad_norm": 1e9, "ent_coef": 0.01}
    whole, lived = collected(plain()), lived_rows()
    model = learner(**settings)
    buffer = collected(model)
    taken = by_hand(model, whole, lived.T)
    model._logger = Logger(None, [])
    model.train()
    theirs = [parameter.grad for parameter in model.policy.parameters()]
    for ours, their in zip(taken["gradient"], theirs, strict=True):
        torch.testing.assert_close(ours, their, rtol=1e-4, atol=1e-6)
    told = model.logger.name_to_value
    assert told["train/value_loss"] == pytest.approx(taken["value_loss"], rel=1e-5)
    assert told["train/entropy_loss"] == pytest.approx(-taken["entropy"], rel=1e-5)
    assert told["train/explained_variance"] == pytest.approx(taken["explained"], rel=1e-4)
    assert buffer.buffer_size == lived.sum()
    everybody = by_hand(model, whole, np.ones_like(lived.T))
    assert everybody["value_loss"] < 0.5 * taken["value_loss"]  # filler would have drowned it


def by_hand(model, whole, kept):
    """PPO's loss and its gradient at the first update, from some rows of an SB3 buffer."""
    seen, actions, returns, advantages, values = (
        torch.as_tensor(getattr(whole, name).swapaxes(0, 1)[kept])
        for name in ("observations", "actions", "returns", "advantages", "values")
    )
    fresh = plain().policy
    predicted, log_prob, entropy = fresh.evaluate_actions(seen, actions.flatten())
    normalised = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    policy_loss = -(normalised * torch.exp(log_prob - log_prob.detach())).mean()
    value_loss = ((returns - predicted.flatten()) ** 2).mean()
    loss = policy_loss - 0.01 * entropy.mean() + 0.5 * value_loss
    return {
        "gradient": torch.autograd.grad(loss, list(fresh.parameters())),
        "value_loss": value_loss.item(),
        "entropy": entropy.mean().item(),
        "explained": 1 - (np.var((returns - values).numpy()) / np.var(returns.numpy())),
    }


def test_statistics_count_episodes_of_agents_only():
    model = learner()
    model.learn(25 * 30)
    lengths = [episode["l"] for episode in model.ep_info_buffer]
    # One episode in each of three copies, and another begun, in which nine die again.
    assert sorted(lengths) == [2] * 54 + [20] * 3


def test_where_nobody_is_gone_nothing_changes_bit_for_bit():
    def dies_together():
        return Schedule(copies=3, dies=[5, 5], max_cycles=None)

    settings = {"batch_size": 30, "n_epochs": 2}
    trained = parameters(learner(world=dies_together(), **settings).learn(600))
    np.testing.assert_array_equal(
        trained, parameters(plain(dies_together(), **settings).learn(600))
    )


def test_time_limits_bootstrap_as_sb3_has_it_in_one_pass_for_all_rows():
    def world():
        return Schedule(copies=3, dies=[NEVER, NEVER], max_cycles=4)

    model = learner(world=world())
    ours, theirs = collected(model), collected(plain(world()))
    np.testing.assert_allclose(ours.rewards, theirs.rewards, rtol=1e-6)
    np.testing.assert_allclose(ours.returns, theirs.returns, rtol=1e-5)
    cut = ours.rewards[3] - (1 + ours.actions[3, :, 0])
    with torch.no_grad():
        last = torch.tensor([[4.0, row % 2, 1.0] for row in range(6)])
        values = plain(world()).policy.predict_values(last).flatten().numpy()
    np.testing.assert_allclose(cut, 0.9 * values, rtol=1e-5, atol=1e-6)


def test_a_buffer_is_whole_again_for_the_next_rollout():
    model = learner()
    first = collected(model).buffer_size
    second = collected(model)
    assert second.whole == (25, 30)
    assert first == 3 * (9 * 2 + 20 + 9 * 2 + 5)
    assert second.buffer_size == 3 * (15 + 9 * 2 + 10)


@pytest.mark.parametrize("name", ["sb3:A2C", "sb3:TRPO", "sb3:MaskablePPO", "sb3:RecurrentPPO"])
def test_every_on_policy_algorithm_learns_from_the_living(name):
    world = Schedule(**NINE_OF_TEN)
    if name == "sb3:MaskablePPO":
        world.offers = world.offers | {"action_mask"}
        world.action_mask = lambda: {"agents": np.ones((3, 10, 2), bool)}
    model = learner(name, world)
    model.learn(25 * 30 * 2)
    assert model.rollout_buffer.buffer_size < 0.3 * 25 * 30
    assert np.isfinite(parameters(model)).all()


def test_sequences_of_a_memory_are_cut_where_agents_come_and_go():
    # The policy that collected them finds the very probabilities that it had then, which it only
    # does with the right memory at the start of every sequence.
    world = Schedule(copies=2, dies=[3, NEVER, 5], arrives=[0, 0, 2], max_cycles=8)
    model = learner("sb3:RecurrentPPO", world, n_steps=21)
    model.policy.action_net.weight.data *= 1000  # so that what is remembered matters
    collected(model)
    buffer = collected(model)
    assert buffer.buffer_size < 21 * 6
    checked = 0
    for batch in buffer.get(17):
        there = batch.mask > 0
        with torch.no_grad():
            _, log_prob, _ = model.policy.evaluate_actions(
                batch.observations,
                batch.actions.long().flatten(),
                batch.lstm_states,
                batch.episode_starts,
            )
        torch.testing.assert_close(log_prob[there], batch.old_log_prob[there], rtol=1e-4, atol=1e-5)
        checked += int(there.sum())
    assert checked == buffer.buffer_size
    assert np.std(buffer.log_probs) > 0.1


def test_a_rollout_in_which_nobody_lives_is_refused():
    view = Sb3View(Teams(), group="runners", others=Always(chasers=0))
    model, _ = build(
        algorithm("sb3:PPO"), view, steps=1000, seed=0, settings={**SETTINGS, "n_steps": 3}
    )
    with pytest.raises(InvalidConfig, match=r"whole rollout of 3 steps.*raise n_steps"):
        model.learn(100)


def test_masks_go_with_their_rows():
    model = learner("sb3:MaskablePPO", Match(copies=2, only=1), batch_size=20)
    model.learn(100)
    assert (model.rollout_buffer.actions == 1).all()
