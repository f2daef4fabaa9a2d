"""White-box attacks: the best lie where it is known, and none where there is no room."""

import numpy as np
import pytest

import rallypoint
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threats import threats
from rallypoint.wrapper import BatchWrapper
from tests.safety.stubs import ground
from tests.safety.threats.perception.linear import Linear

WEIGHTS = np.array([[1.0, -1.0], [0.5, 0.25], [-2.0, 1.0], [0.0, 0.3]])
SCALE = (1.0, 1.0, 0.1, 1.0)
POLICY = Linear(WEIGHTS, at=0.01)
WHITE = ["fgsm", "pgd", "mad", "critic", "robust_sarsa", "smoothed_pgd", "pa_ad"]


def attacked(kind, reach, copies=50, policy=POLICY, **settings):
    threat = threats[kind](budget={"reach": reach}, **settings)
    env = Threatened(rallypoint.make("cartpole-v1", copies=copies), threat, policy=policy)
    seen = env.reset(seed=0)["agents"].astype(np.float64)
    return env, seen - env.true_observations["agents"], env.true_observations["agents"]


def away(true):
    """The sign of the gradient that makes the likeliest of two linear actions less likely."""
    chosen = POLICY.outputs({"agents": true}).argmax(axis=-1)
    contrast = WEIGHTS[:, 1] - WEIGHTS[:, 0]
    return np.where(chosen[..., None] == 0, contrast, -contrast)


@pytest.mark.parametrize("kind", ["fgsm", "pgd", "mad"])
def test_the_best_lie_about_a_linear_policy_is_found_in_the_box(kind):
    env, lies, true = attacked(kind, {"step": 0.3, "scale": SCALE})
    wanted = 0.3 * np.array(SCALE) * np.sign(away(true))
    if kind == "mad":  # it may go either way: both change the law
        assert (np.abs(np.abs(lies) - np.abs(wanted)) < 1e-6).all()
    else:
        np.testing.assert_allclose(lies, wanted, atol=1e-6)
    assert disagreements(env.model, env.receipts()) == []
    assert env.receipts()[0].largest_lie == pytest.approx(0.3, abs=1e-7)


class Shows(BatchWrapper):
    """Shows other numbers in the second copy."""

    def __init__(self, env, numbers):
        super().__init__(env)
        self._numbers = numbers

    def reset(self, seed=None, mask=None):
        observations = super().reset(seed, mask)
        observations["agents"][1] = self._numbers
        return observations


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of the network's products
@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("kind", ["fgsm", "pgd", "mad", "critic", "smoothed_pgd", "random_percept"])
def test_what_a_world_shows_is_left_alone_where_it_is_not_finite(kind, norm):
    numbers = np.float32([0.1, np.inf, 0.2, 0.0])
    env = Shows(rallypoint.make("cartpole-v1", copies=3), numbers)
    threat = threats[kind](budget={"reach": {"step": 0.3, "norm": norm}})
    env = Threatened(env, threat, policy=POLICY)
    seen = env.reset(seed=0)["agents"]
    assert seen[1, 0, 1] == np.inf
    assert (seen[[0, 2]] != env.true_observations["agents"][[0, 2]]).any(axis=(1, 2)).all()
    assert disagreements(env.model, env.receipts()) == []
    assert env.receipts()[0].largest_lie <= 0.3


@pytest.mark.parametrize("kind", ["fgsm", "pgd"])
def test_the_best_lie_about_a_linear_policy_is_found_in_the_ball(kind):
    settings = {} if kind == "fgsm" else {"steps": 20, "rate": 0.5}
    _, lies, true = attacked(kind, {"step": 0.3, "scale": SCALE, "norm": "l2"}, **settings)
    direction = away(true) * np.array(SCALE)
    unit = direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    np.testing.assert_allclose(lies / np.array(SCALE), 0.3 * unit, atol=2e-3)


@pytest.mark.parametrize(
    ("kind", "settings", "reads"),
    [
        ("fgsm", {}, "normal"),
        ("fgsm", {}, "clipped"),
        ("pgd", {"scatter": 0.0}, "normal"),
        ("mad", {"scatter": 0.0}, "normal"),
        ("mad", {"scatter": 0.0}, "logits"),
    ],
)
def test_where_the_truth_has_no_slope_an_attack_begins_beside_it(kind, settings, reads):
    class Numbers(Linear):
        """What it puts out is an action's mean and spread, or an action of two numbers."""

        def outputs(self, observations):
            outputs = super().outputs(observations)
            if self.reads == "normal":
                outputs[..., 1] = 1.0
            return outputs

    Numbers.reads = reads
    env, lies, _ = attacked(kind, {"step": 0.3}, policy=Numbers(WEIGHTS, at=0.01), **settings)
    assert (np.abs(lies).max(axis=-1) > 0.29).all()
    assert env.receipts()[0].largest_lie == pytest.approx(0.3, abs=1e-6)


def test_the_critic_attack_shows_what_the_critic_holds_for_worst():
    _, lies, _ = attacked("critic", {"step": 0.25})
    np.testing.assert_allclose(lies, -0.25, atol=1e-6)


def test_robust_sarsa_goes_by_the_judge_and_not_by_the_policy():
    class Judge:
        def outputs(self, observations):
            seen = observations["agents"]
            return np.broadcast_to([3.0, 1.0], (*seen.shape[:2], 2))

    _, lies, _ = attacked("robust_sarsa", {"step": 0.25}, judge=Judge())
    contrast = WEIGHTS[:, 1] - WEIGHTS[:, 0]  # towards action 1, which is worth less everywhere
    np.testing.assert_allclose(lies, 0.25 * np.sign(contrast) + 0 * lies, atol=1e-6)


def test_pa_ad_moves_the_choice_where_the_director_wants_it():
    class Director:
        def act(self, observations, draws):
            seen = observations["agents"]
            return {"agents": np.broadcast_to(np.float32([1, -1]), (*seen.shape[:2], 2))}

    _, lies, _ = attacked("pa_ad", {"step": 0.25}, attacker=Director())
    contrast = WEIGHTS[:, 0] - WEIGHTS[:, 1]
    np.testing.assert_allclose(lies, 0.25 * np.sign(contrast) + 0 * lies, atol=1e-6)


@pytest.mark.parametrize("kind", [*WHITE, "random_percept", "learned_percept"])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_without_room_everybody_sees_the_truth(kind, norm):
    env, lies, _ = attacked(kind, {"step": 0.0, "norm": norm})
    assert (lies == 0).all()
    assert env.receipts()[0].largest_lie == 0.0


@pytest.mark.parametrize("kind", [*WHITE, "random_percept", "learned_percept"])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_lies_stay_within_reach_and_are_large(kind, norm):
    env, lies, _ = attacked(kind, {"step": 0.3, "norm": norm, "scale": SCALE})
    scaled = np.abs(lies) / np.array(SCALE)
    size = scaled.max(axis=-1) if norm == "linf" else np.sqrt((scaled**2).sum(axis=-1))
    assert (size <= 0.3).all()
    assert size.max() > 0.2
    assert env.receipts()[0].clipped == 0  # they keep to it themselves


def test_a_surrogate_is_looked_into_in_the_place_of_the_policy():
    other = Linear(-WEIGHTS)
    threat = threats["fgsm"](budget={"reach": {"step": 0.3}}, surrogate=other)
    assert threat.knowledge == ("own_percept",)
    env = Threatened(rallypoint.make("cartpole-v1", copies=20), threat)  # nobody says who acts
    lies = env.reset(seed=0)["agents"].astype(np.float64) - env.true_observations["agents"]
    true = env.true_observations["agents"]
    chosen = other.outputs({"agents": true}).argmax(axis=-1)[..., None]
    contrast = WEIGHTS[:, 0] - WEIGHTS[:, 1]
    wanted = 0.3 * np.sign(np.where(chosen == 0, contrast, -contrast))
    np.testing.assert_allclose(lies, wanted, atol=1e-6)


@pytest.mark.parametrize("kind", ["fgsm", "critic"])  # a critic has no actions to compare
def test_it_may_wait_for_the_moments_that_matter(kind):
    env, lies, true = attacked(kind, {"step": 0.3}, least_gap=0.02)
    outputs = POLICY.outputs({"agents": true})
    law = np.exp(outputs) / np.exp(outputs).sum(axis=-1, keepdims=True)
    gap = law.max(axis=-1) - law.min(axis=-1)
    assert 0 < (gap >= 0.02).mean() < 1
    assert ((lies != 0).any(axis=-1) == (gap >= 0.02)).all()
    del env


def test_it_waits_only_where_one_action_may_be_likelier_than_another():
    class Means(Linear):
        reads = "normal"

    threat = threats["critic"](least_gap=0.02)
    assert set(threat.knowledge) == {"own_percept", "policy", "value"}
    for kind in ("pgd", "critic"):
        with pytest.raises(InvalidConfig, match=r"least_gap .* are read as 'normal'; leave it out"):
            attacked(kind, {"step": 0.3}, least_gap=0.02, policy=Means(WEIGHTS))


WALKERS = Linear(np.array([[1.0, 0.0, -1.0], [0.2, -0.1, 0.0], [0.0, 0.1, 0.0]]))


def on_the_ground(kind="fgsm", reach=None, **settings):
    threat = threats[kind](budget={"reach": reach or {"step": 0.5}}, **settings)
    env = Threatened(ground(gliders=0, walkers=5, copies=200), threat, policy=WALKERS)
    seen = env.reset(seed=0)["walkers"].astype(np.float64)
    return env.true_observations["walkers"], seen - env.true_observations["walkers"]


def surprise(seen, chosen):
    outputs = WALKERS.outputs({"walkers": seen})
    logs = outputs - np.log(np.exp(outputs).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(logs, chosen[..., None], axis=-1)[..., 0]


def test_the_most_critical_victims_are_those_whom_the_lie_harms_most():
    true, everybody = on_the_ground()
    _, few = on_the_ground(at_most=2, by="harm")
    touched = (few != 0).any(axis=-1)
    assert (touched.sum(axis=1) == 2).all()
    chosen = WALKERS.outputs({"walkers": true}).argmax(axis=-1)
    harm = surprise(true + everybody, chosen) - surprise(true, chosen)
    least_picked = np.where(touched, harm, np.inf).min(axis=1)
    most_spared = np.where(touched, -np.inf, harm).max(axis=1)
    assert (least_picked >= most_spared - 1e-5).all()


def test_victims_are_picked_at_random_or_in_order():
    _, in_order = on_the_ground(at_most=2)
    assert ((in_order != 0).any(axis=-1) == [True, True, False, False, False]).all()
    _, drawn = on_the_ground(at_most=2, by="random")
    touched = (drawn != 0).any(axis=-1)
    assert (touched.sum(axis=1) == 2).all()
    assert (abs(touched.mean(axis=0) - 0.4) < 0.12).all()


def test_a_team_shares_one_budget_and_few_victims_have_more_of_it_each():
    reach = {"step": 0.5, "shared": True}
    _, everybody = on_the_ground(reach=reach)
    np.testing.assert_allclose(np.abs(everybody).max(axis=-1), 0.1, rtol=1e-5)
    _, two = on_the_ground(reach=reach, at_most=2, by="harm")
    sizes = np.sort(np.abs(two).max(axis=-1), axis=1)
    np.testing.assert_allclose(sizes[:, 3:], 0.25, rtol=1e-5)
    assert (sizes[:, :3] == 0).all()
    assert (sizes.sum(axis=1) <= 0.5).all()


def test_a_policy_that_nobody_named_or_without_a_gradient_is_refused():
    with pytest.raises(NotOffered, match=r"Threatened\(env, threats, policy=…\)"):
        Threatened(rallypoint.make("cartpole-v1"), threats["pgd"]())

    class Blind:
        def act(self, observations, draws):
            return {}

    with pytest.raises(InvalidConfig, match="another policy can be attacked in its place"):
        Threatened(rallypoint.make("cartpole-v1"), threats["pgd"](surrogate=Blind()))
    env = Threatened(rallypoint.make("cartpole-v1"), threats["pgd"](), policy=Blind())
    with pytest.raises(InvalidConfig, match="random_percept and learned_percept need none"):
        env.reset(seed=0)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("pgd", {"budget": {}}, "must be told how far lies may go"),
        ("pgd", {"budget": {"reach": {}}}, "needs a limit to its lies"),
        ("random_percept", {"budget": {"reach": {"episode": 1.0}}}, "has no bounds"),
    ],
)
def test_an_attack_must_know_how_far_it_may_go(kind, settings, message):
    with pytest.raises(InvalidConfig, match=message):
        Threatened(rallypoint.make("cartpole-v1"), threats[kind](**settings), policy=POLICY)


@pytest.mark.parametrize("kind", ["fgsm", "pa_ad"])
def test_a_number_has_no_gradient(kind):
    world = rallypoint.make("island-navigation-v0")
    threat = threats[kind](budget={"reach": {"neighbours": "any"}})
    with pytest.raises(InvalidConfig, match="real numbers"):
        Threatened(world, threat, policy=POLICY)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("pgd", {"steps": 0}, "steps is a number >= 1"),
        ("pgd", {"rate": 0.0}, "rate is a share"),
        ("pgd", {"scatter": 2.0}, "scatter is a share"),
        ("pgd", {"least_gap": 1.5}, "least_gap lies in"),
        ("pgd", {"at_most": 0}, "at_most is a number of victims"),
        ("pgd", {"by": "size"}, "by is one of 'order', 'random', 'harm', got 'size'"),
        ("pgd", {"by": "harm"}, "say how many, at_most"),
        ("random_percept", {"by": "random"}, "say how many, at_most"),
        ("random_percept", {"at_most": 1, "by": "harm"}, "cannot tell whom it harms most"),
        ("learned_percept", {"at_most": 1, "by": "harm"}, "by order or random"),
        ("pa_ad", {"at_most": 1, "by": "harm"}, "such as pgd"),
        ("pgd", {"knowledge": ["own_percept"]}, "give it a surrogate"),
        ("smoothed_pgd", {"sigma": 0.0}, "without noise it is pgd"),
        ("smoothed_pgd", {"samples": 0}, "samples is a number"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(kind, settings, message):
    with pytest.raises(InvalidConfig, match=message):
        threats[kind](**settings)
