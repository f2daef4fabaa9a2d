"""Any algorithm of SB3, by name, on any world."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import BaseCallback, CheckpointCallback, EvalCallback

import rallypoint
from rallypoint.agents import agents
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.sb3.algorithms import ALGORITHMS, Algorithm, algorithm
from rallypoint.agents.sb3.archives import load_archive
from rallypoint.agents.sb3.saved import load_policy
from rallypoint.agents.sb3.training import train_sb3
from rallypoint.draws import Draws
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.errors import Diverged, InvalidConfig, Unavailable, UnknownName, UnwritablePath
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.crash import Crash
from tests.agents.sb3.every_algorithm import small, world
from tests.envs.views.test_slots import Always
from tests.envs.views.worlds import NEVER, Match, Schedule, Teams
from tests.tree import python

TINY = {"n_steps": 8, "policy_kwargs": {"net_arch": [8]}}


def parameters(trained):
    return torch.nn.utils.parameters_to_vector(trained.model.policy.parameters()).detach().numpy()


def test_every_algorithm_trains_acts_and_is_saved_and_evaluated(name, trained, tmp_path):
    assert trained.summary["agent"] == f"sb3:{name}"
    assert trained.summary["steps"] >= 64
    assert np.isfinite(parameters(trained)).all()
    train_sb3(world(name), f"sb3:{name}", steps=32, settings=small(name), out=tmp_path)
    env = world(name)
    policy = load_policy(tmp_path, env)
    for acting in (policy, policy.greedily()):
        found = evaluate(env, acting, episodes=3, seed=0).summary()
        json.dumps(found)
        assert found["episodes"] == 3
        assert found["length_mean"] == 8


def test_ppo_learns_what_can_be_learned():
    settings = {"n_steps": 16, "batch_size": 256, "learning_rate": 0.01, "n_epochs": 5}
    trained = train_sb3(Match(copies=16, num_agents=4), "sb3:PPO", steps=12_000, settings=settings)
    # Of 8 steps a guess gets a third right, and who knows gets all.
    assert trained.summary["recent_return_mean"] > 7
    env = Match(copies=20, num_agents=4)
    target = env.reset(9)["agents"].argmax(axis=-1) + 5
    greedy = trained.policy.greedily().act(env._observe(), Draws(0, "test/learned", env.copies))
    np.testing.assert_array_equal(greedy["agents"], target)


def test_a_seed_makes_the_same_policy_bit_for_bit():
    first, again, other = [
        parameters(train_sb3("gathering-v0", "sb3:PPO", steps=96, seed=s, copies=2, settings=TINY))
        for s in (0, 0, 1)
    ]
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_threatened_world_is_trained_in_and_the_crashed_are_left_out():
    env = Threatened(
        rallypoint.make("gathering-v0", copies=2, max_cycles=8),
        [Crash(victims={"fraction": 0.9}, when={"from": 2})],
    )
    trained = train_sb3(env, "sb3:PPO", steps=160, settings=TINY)
    assert trained.model.rollout_buffer.buffer_size == 2 * (10 * 2 + 6)
    assert trained.summary["filler_share"] == pytest.approx(0.9 * 6 / 8)


def test_one_group_learns_while_a_policy_plays_the_others(tmp_path):
    env = Teams(copies=2)
    settings = TINY | {"n_steps": 6}
    chasing = Always(chasers=1)
    trained = train_sb3(
        env, "sb3:PPO", steps=48, settings=settings, group="runners", others=chasing, out=tmp_path
    )
    assert trained.policy.group.name == "runners"
    runs = load_policy(tmp_path, env).greedily()
    both = SimpleNamespace(act=lambda seen, draws: chasing.act(seen, draws) | runs.act(seen, draws))
    found = evaluate(env, both, episodes=2, seed=0).summary()
    assert found["return_by_agent"] == {"r0": 3, "r1": 6, "c0": 24}


def test_tensorboard_and_metrics_are_written(tmp_path):
    out = tmp_path / "run"
    train_sb3("gathering-v0", "sb3:PPO", steps=96, copies=2, settings=TINY, out=out)
    assert sorted(path.name for path in out.iterdir()) == [
        "agent.json",
        "metrics.jsonl",
        "policy.safetensors",
        "tensorboard",
    ]
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert lines[0]["time/total_timesteps"] == 160
    assert lines[0]["rollout/filler_share"] == 0
    (events,) = (out / "tensorboard").iterdir()
    assert b"rollout/filler_share" in events.read_bytes()
    again = tmp_path / "again"
    train_sb3(Match(), "sb3:A2C", steps=10, out=again, tensorboard=False)
    assert not (again / "tensorboard").exists()


class Counting(BaseCallback):
    """Counts steps, and looks at what SB3 users look at."""

    def _on_step(self):
        self.threads = torch.get_num_threads()
        self.infos = self.locals["infos"]
        return self.n_calls < 3


def test_callbacks_are_called_as_sb3_calls_them():
    counting, calls = Counting(), []
    train_sb3(Match(), "sb3:PPO", steps=16, settings=TINY, callback=counting)
    assert counting.n_calls == 3  # and then it stopped the training
    assert isinstance(counting.infos[0], dict)
    train_sb3(
        Match(), "sb3:PPO", steps=16, settings=TINY, callback=lambda *_: calls.append(1) or True
    )
    assert len(calls) == 8
    train_sb3(Match(), "sb3:PPO", steps=16, settings=TINY, callback=[Counting(), Counting()])


def test_callbacks_of_sb3_evaluate_and_save_on_the_way(tmp_path):
    view = Sb3View(Match())
    checkpoint = CheckpointCallback(16, str(tmp_path))
    callbacks = [EvalCallback(view, eval_freq=8, n_eval_episodes=4, verbose=0), checkpoint]
    train_sb3(Match(), "sb3:PPO", steps=64, settings=TINY, callback=callbacks)
    assert callbacks[0].last_mean_reward > 0
    saved, *_ = tmp_path.iterdir()
    model, _ = load_archive(saved, Match(), "sb3:PPO")
    assert model.policy.net_arch == [8]


def test_the_progress_bar_is_sb3s(capsys):
    train_sb3(Match(), "sb3:PPO", steps=16, settings=TINY, progress_bar=True)
    assert "16/16" in "".join(capsys.readouterr())


@pytest.mark.parametrize(("given", "used"), [({}, 1), ({"threads": 2}, 2), ({"threads": None}, 3)])
def test_torch_has_one_thread_unless_told_otherwise_and_its_own_afterwards(given, used):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    counting = Counting()
    try:
        train_sb3(Match(), "sb3:PPO", steps=16, settings=TINY, callback=counting, **given)
        assert (counting.threads, torch.get_num_threads()) == (used, 3)
    finally:
        torch.set_num_threads(before)


def test_settings_that_are_not_given_fit_the_number_of_rows():
    from rallypoint.agents.sb3.settings import complete

    space = rallypoint.make("gathering-v0").groups[0].observation_space

    def fit(name, num_rows, steps=10**6, **given):
        found = complete(algorithm(name), given, space, num_rows, steps)
        return found.get("n_steps"), found.get("batch_size")

    assert fit("sb3:PPO", 1) == (2048, 64)
    assert fit("sb3:PPO", 640) == (32, 2560)
    assert fit("sb3:PPO", 640, steps=100_000) == (16, 1280)
    assert fit("sb3:PPO", 1, steps=100) == (2048, 64)
    assert fit("sb3:PPO", 8, steps=20_000) == (256, 64)
    assert fit("sb3:PPO", 640, n_steps=50) == (50, 4000)
    assert fit("sb3:PPO", 640, n_steps=50, batch_size=100) == (50, 100)
    assert fit("sb3:PPO", 3, n_steps=7) == (7, 21)
    assert fit("sb3:A2C", 640) == (None, None)
    assert fit("sb3:DQN", 640) == (None, None)


@pytest.mark.parametrize("name", ["sb3:PP0", "PPo", "sb3_contrib:TRP", "traced_q_learning"])
def test_unknown_names_are_refused_with_the_nearest(name):
    with pytest.raises(UnknownName, match=r"no SB3 algorithm is called .*Known: sb3:A2C"):
        train_sb3("gathering-v0", name, steps=1)
    with pytest.raises(UnknownName, match="did you mean 'sb3:PPO'"):
        algorithm("sb3:PP0")


def test_an_algorithm_of_contrib_has_two_names():
    assert algorithm("sb3_contrib:TRPO") is algorithm("sb3:TRPO") is agents["sb3:TRPO"]
    assert algorithm("stable_baselines3:PPO").learner == "closed"


def test_all_algorithms_that_sb3_has_are_known():
    import sb3_contrib
    import stable_baselines3
    from stable_baselines3.common.base_class import BaseAlgorithm

    there = {
        name
        for package in (stable_baselines3, sb3_contrib)
        for name in package.__all__
        if isinstance(getattr(package, name), type)
        and issubclass(getattr(package, name), BaseAlgorithm)
    }
    assert {known.name for known in ALGORITHMS} == there
    assert all(known.is_installed for known in ALGORITHMS)


def test_what_is_not_installed_says_how_to_get_it():
    missing = Algorithm("TRPO", "sb3_contrib_not_there", "Trust regions.")
    assert "needs pip install" in missing.__doc__
    with pytest.raises(Unavailable, match=r"agent 'sb3:TRPO' cannot be used.*pip install"):
        missing.load()


def test_listing_agents_loads_neither_torch_nor_sb3():
    script = (
        "import sys; from rallypoint.agents import agents; assert 'sb3:PPO' in list(agents)\n"
        "print(*{'torch', 'stable_baselines3', 'sb3_contrib'} & set(sys.modules))"
    )
    assert python("-c", script).split() == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"settings": {"n_step": 3}}, "no setting 'n_step'; did you mean 'n_steps'"),
        ({"settings": {"env": 3}}, "no setting 'env'"),
        ({"settings": {"policy": "MlpPolice"}}, "no policy 'MlpPolice'; did you mean 'MlpPolicy'"),
        (
            {"settings": {"policy_kwargs": {"activation_fn": "Relu"}}},
            "no activation_fn called 'Relu'.*ReLU",
        ),
        ({"settings": {"policy_kwargs": {"optimizer_class": "Module"}}}, "no optimizer_class"),
        ({"settings": {"policy_kwargs": "[4]"}}, "policy_kwargs is a table"),
        ({"settings": {"n_steps": "9"}}, "n_steps of sb3:PPO is a whole number, got '9'"),
        ({"settings": {"n_steps": 0}}, "n_steps of sb3:PPO is at least 1, got 0"),
        ({"settings": {"gamma": True}}, "gamma of sb3:PPO is a number, got True"),
        ({"settings": {"use_sde": 1}}, "use_sde of sb3:PPO is true or false, got 1"),
        ({"settings": {"policy_kwargs": {"net_arch": [-1]}}}, "cannot be made.*negative dimension"),
        ({"name": "sb3:SAC"}, r"sb3:SAC cannot be made for this task: .*action spaces"),
        ({"steps": 0}, "steps is a number >= 1"),
        ({"steps": 1.5}, "steps is a number >= 1"),
        ({"seed": 2**32}, r"seeds in \[0, 2\*\*32\)"),
        ({"group": "agent"}, "did you mean 'agents'"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(given, says):
    with pytest.raises((InvalidConfig, UnknownName), match=says):
        train_sb3(**{"env": Match(), "name": "sb3:PPO", "steps": 8} | given)


def test_classes_of_torch_may_be_given_by_name_or_as_they_are(tmp_path):
    for number, activation in enumerate(("ReLU", torch.nn.ReLU)):
        kwargs = {"net_arch": [4], "activation_fn": activation}
        out = tmp_path / str(number)
        trained = train_sb3(
            Match(), "sb3:PPO", steps=16, settings=TINY | {"policy_kwargs": kwargs}, out=out
        )
        assert trained.model.policy.activation_fn is torch.nn.ReLU
        about = json.loads((out / "agent.json").read_text())
        assert about["settings"]["policy_kwargs"] == {"net_arch": [4], "activation_fn": "ReLU"}


@pytest.mark.parametrize("rate", [1e20, 1e38])  # torch itself multiplies by no larger one
def test_who_learns_in_steps_too_large_is_told_so(rate):
    with pytest.raises(Diverged, match="not finite any more; learn in smaller steps"):
        train_sb3(Match(), "sb3:PPO", steps=64, settings=TINY | {"learning_rate": rate})


@pytest.mark.parametrize(
    "settings",
    [
        {"policy_kwargs": [1]},
        {"policy_kwargs": {"features_extractor_class": torch.nn.Identity}},
        {"policy": torch.nn.Module},
    ],
    ids=["list", "extractor", "policy"],
)
def test_what_could_not_be_saved_is_refused_before_it_is_learned(settings, tmp_path):
    with pytest.raises(InvalidConfig, match=r"saved|policy_kwargs is a table"):
        train_sb3(Match(), "sb3:PPO", steps=10**9, settings=settings, out=tmp_path)


def test_a_place_that_cannot_be_written_to_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnwritablePath):
        train_sb3(Match(), "sb3:PPO", steps=10**9, out=tmp_path / "file" / "run")


def test_nine_of_ten_die_early_and_the_tenth_learns():
    # Action 1 pays. Filler would drown the one agent that lives to earn it.
    env = Schedule(copies=8, dies=[1] * 9 + [NEVER], max_cycles=32)
    settings = {"n_steps": 32, "batch_size": 64, "learning_rate": 0.01, "gamma": 0.5}
    trained = train_sb3(env, "sb3:PPO", steps=20_000, settings=settings)
    assert trained.summary["filler_share"] == pytest.approx(9 * 31 / 320, abs=1e-3)
    greedy = trained.policy.greedily().act(env.reset(0), Draws(0, "test/dies", env.copies))
    assert (greedy["agents"] == 1).all()
