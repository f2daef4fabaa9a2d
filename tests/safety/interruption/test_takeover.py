"""What is done in the place of the interrupted."""

import numpy as np
import pytest
from scipy.stats import binom

import rallypoint
from rallypoint.agents.rules.circular_mean import CircularMean
from rallypoint.errors import InvalidConfig, NotConformant, UnknownName, UnreadableFile
from rallypoint.safety.frame import Threatened
from rallypoint.safety.interruption.takeover import Takeover
from rallypoint.safety.threats.interruption import Interruption
from tests.safety.interruption.policies import Contrary
from tests.safety.stubs import Noise, ground, moving

HERE = "tests.safety.interruption.policies:"
SURELY = 0.999999999


def under(policy, *, copies=6, before=(), **settings):
    settings = {"theta": SURELY} | settings
    return Threatened(ground(copies=copies), [*before, Interruption(policy=policy, **settings)])


def executed(env, steps=1):
    env.reset(seed=0)
    for _ in range(steps):
        infos = env.step(moving(env)).infos
    return infos["executed/walkers"], infos["executed/gliders"]


def test_a_given_action_is_taken():
    walkers, gliders = executed(under({"action": 2}, victims=["walker_0", "walker_2"]))
    assert walkers[:, [0, 2]].tolist() == [[2, 2]] * 6
    assert (walkers[:, 1] != 2).any() or (gliders != 0).all()


def test_each_victim_can_have_an_action_of_its_own():
    actions = {"walker_0": 0, "walker_1": 2, "glider_1": [0.5, -0.5]}
    env = under({"actions": actions}, victims=list(actions))
    walkers, gliders = executed(env)
    assert (walkers[:, :2] == [0, 2]).all()
    assert (gliders[:, 1] == [0.5, -0.5]).all()


def test_uniform_actions_are_uniform():
    walkers, gliders = executed(under("uniform", copies=3000))
    for action in range(3):
        low, high = binom.interval(0.999, walkers.size, 1 / 3)
        assert low <= (walkers == action).sum() <= high
    assert gliders.min() < -0.99
    assert gliders.max() > 0.99
    for cut in (-0.5, 0.0, 0.5):
        low, high = binom.interval(0.999, gliders.size, (cut + 1) / 2)
        assert low <= (gliders < cut).sum() <= high


@pytest.mark.parametrize("given", [HERE + "Contrary", HERE + "contrary", Contrary()])
def test_a_policy_acts_on_what_the_victim_perceives(given):
    policy = given if not isinstance(given, str) else {"policy": given}
    lie = Noise(victims=["walker_1"], size=100.0)
    env = under(policy, before=[lie], copies=500, victims=["walker_0", "walker_1"])
    assert env.model.threats[1].knowledge == ("own_percept",)
    seen = env.reset(seed=0)["walkers"][..., 0]
    step = env.step(moving(env))
    against = np.where(seen > 0, 2, 1)
    walkers = step.infos["executed/walkers"]
    moves = walkers[:, :2] != 0
    assert (walkers[:, :2] == against[:, :2])[moves].all()
    low, high = binom.interval(0.999, moves.size, 0.8)
    assert low <= moves.sum() <= high
    assert (seen[:, 1] != env.true_observations["walkers"][:, 1, 0]).any()


def test_a_trained_agent_takes_over_from_its_folder(tmp_path):
    from rallypoint.agents.train import Training, train

    training = Training(env="gathering-v0", agent="q_learning", steps=3000)
    train(training, tmp_path / "safe")
    ring = rallypoint.make("gathering-v0", copies=3)
    policy = {"folder": str(tmp_path / "safe")}
    env = Threatened(ring, [Interruption(policy=policy, theta=SURELY)])
    seen = env.reset(seed=0)
    step = env.step({"agents": np.zeros((3, 10), np.int64)})
    from rallypoint.agents.saved import load_policies
    from rallypoint.draws import Draws

    draws = Draws(0, "threats/interruption/own/agents", ring.copies)
    draws.random((10,))  # the coins
    expected = load_policies(tmp_path / "safe", ring)["greedy"].act(seen, draws)["agents"]
    assert (step.infos["executed/agents"] == expected).all()
    with pytest.raises(UnknownName, match="does not act 'gready'; did you mean 'greedy'"):
        Threatened(ring, [Interruption(policy=policy | {"how": "gready"})])


def test_a_rule_takes_over_on_the_ring():
    ring = rallypoint.make("gathering-v0", copies=3)
    env = Threatened(ring, [Interruption(policy=CircularMean(), theta=SURELY)])
    env.reset(seed=0)
    assert env.step({"agents": np.zeros((3, 10), np.int64)}).infos["interrupted"].all()


@pytest.mark.parametrize(
    ("policy", "error", "sentence"),
    [
        ({"action": 7}, InvalidConfig, r"walker_0's: an action is one of Discrete\(3\), got 7"),
        ({"action": [0, 0]}, InvalidConfig, r"got \[0, 0\]"),
        ({"actions": {"walker_0": 1}}, InvalidConfig, "one to each victim, and none to glider_0"),
        ({"actions": {"walker_9": 1}}, InvalidConfig, "none to glider_0"),
        ({"folder": "nowhere"}, UnreadableFile, "nothing was trained into it"),
        ({"policy": HERE + "Illegal"}, InvalidConfig, r"outside Discrete\(3\), such as 7"),
        ({"policy": HERE + "Shapeless"}, InvalidConfig, r"returns an array \(6, 3\)"),
        ({"policy": HERE + "Silent"}, InvalidConfig, "returns actions of 'walkers'"),
        ({"policy": HERE + "Failing"}, InvalidConfig, "RuntimeError: no idea"),
        ({"policy": HERE + "Remembering"}, InvalidConfig, "remembers nothing"),
        ({"policy": HERE + "Idle"}, InvalidConfig, r"has act\(observations, draws\)"),
        ({"policy": HERE + "high"}, InvalidConfig, "cannot be made by"),
        ({"policy": HERE + "nothing"}, InvalidConfig, "cannot be imported: AttributeError"),
    ],
)
def test_a_policy_that_cannot_act_here_is_refused_when_the_frame_is_made(policy, error, sentence):
    with pytest.raises(error, match=sentence) as refused:
        under(policy)
    assert "the threat 'interruption' (threats[0])" in str(refused.value)


def test_an_unknown_agent_among_actions_is_named():
    with pytest.raises(UnknownName, match=r"walker_9.*did you mean"):
        under({"actions": {"walker_0": 1, "walker_9": 1}}, victims=["walker_0"])


def test_an_illegal_action_that_shows_only_later_never_reaches_the_world():
    env = under({"policy": HERE + "IllegalLater"})
    env.reset(seed=0)
    before = env.state()
    with pytest.raises(NotConformant, match=r"inside Discrete\(3\), not 7 for walker_0 in row 0"):
        env.step(moving(env))
    assert (env.state() == before).all()


def test_policies_come_back_from_files_as_they_were():
    for policy in ("uniform", {"action": [0.5, 1]}, {"actions": {"a": 1}}, {"folder": "runs/x"}):
        threat = Interruption(policy=policy)
        table = {key: value for key, value in threat.to_dict().items() if key != "kind"}
        assert Interruption(**table) == threat
    assert Interruption(policy=Takeover(action=1)) == Interruption(policy={"action": 1})
