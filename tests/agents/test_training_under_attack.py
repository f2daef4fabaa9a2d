"""Training under threats that know the policy: they know the one that is being learned."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from rallypoint import make
from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.train import Training, check, train
from rallypoint.errors import InvalidConfig, NotConformant, NotOffered, RallypointError
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Proposal, Threat, from_dict, threats

NEAR = {"reach": {"step": 0.2}}
LEARNERS = {
    "ppo": {"steps": 32, "minibatch": 64, "policy": [8], "value": [8]},
    "gpomdp": {"policy": [8]},
    "sb3:PPO": {"n_steps": 32, "batch_size": 64, "n_epochs": 1},
    "sb3:DQN": {"learning_starts": 32, "batch_size": 32},
}
OTHERS = {
    "neuron_faults": {"kind": "neuron_faults", "count": 2},
    "look_ahead": {"kind": "look_ahead", "victims": "byzantine", "depth": 1, "objective": "return"},
}


def is_knowing(kind):
    """Say whether a threat that is only told how far its lies may go knows the policy."""
    try:
        made = from_dict({"kind": kind, "budget": NEAR})
    except RallypointError:
        return False
    return bool({"policy", "value"} & set(made.knowledge))


OF_EYES = [kind for kind in sorted(threats) if kind not in OTHERS and is_knowing(kind)]


def training(agent, *kinds, env="cartpole-v1", steps=256, **more):
    tables = [{"kind": kind, "budget": NEAR} if kind in OF_EYES else OTHERS[kind] for kind in kinds]
    model = ThreatModel.from_dict({"byzantine": {"members": [0]}, "threats": tables})
    settings = LEARNERS.get(agent, {})
    copies = 4 if agent.startswith("sb3") else 8
    return Training(
        agent=agent, env=env, steps=steps, copies=copies, threats=model, settings=settings, **more
    )


def learned(out):
    return (out / "policy.safetensors").read_bytes()


@pytest.mark.parametrize("agent", ["ppo", "sb3:PPO", "sb3:DQN"])
@pytest.mark.parametrize("kind", [*OTHERS, *OF_EYES])
def test_every_threat_that_must_know_the_policy_acts_while_it_is_learned(agent, kind, tmp_path):
    outcome = train(training(agent, kind), tmp_path / "out")
    assert not outcome.disagreements
    (receipt,) = outcome.receipts
    assert sum(receipt.applications.values()) > 0


def test_they_are_those_that_are_known():
    assert OF_EYES == ["critic", "fgsm", "mad", "pa_ad", "pgd", "robust_sarsa", "smoothed_pgd"]


@dataclass(frozen=True, kw_only=True)
class Watching(Threat):
    """Notes what the policy thinks of one and the same percept, and leaves all as it is."""

    kind: ClassVar[str] = "watching"
    site: ClassVar[str] = "action"
    must_know: ClassVar[frozenset[str]] = frozenset({"policy"})
    noted: ClassVar[list[np.ndarray]] = []

    knowledge: tuple[str, ...] = ("policy",)

    def apply(self, state, known, draws):
        del draws
        self.noted.append(known.policy.outputs({known.group.name: np.full((1, 1, 4), 0.1, "f4")}))
        nobody = np.zeros_like(known.opportunities)
        return Proposal(nobody, np.zeros(nobody.shape, known.group.action_space.dtype)), state


@pytest.mark.parametrize("agent", ["ppo", "sb3:PPO"])
def test_it_is_known_as_it_is_in_each_round(agent, tmp_path):
    Watching.noted.clear()
    watched = Training(
        agent=agent,
        env="cartpole-v1",
        steps=3 * 32 * 4,
        copies=4,
        threats=ThreatModel(threats=(Watching(),)),
        settings=LEARNERS[agent],
    )
    train(watched, tmp_path / "out")
    noted = Watching.noted[1:]  # before, whether it can do what it means to was tried for a step
    thought = np.concatenate(noted).reshape(len(noted), -1)
    assert len(thought) == 3 * 32
    changed = np.flatnonzero((thought[1:] != thought[:-1]).any(axis=1)) + 1
    assert changed.tolist() == [32, 64]


class Stopped(Exception):
    """Somebody stopped a training."""


def test_a_training_that_was_stopped_goes_on_to_the_same_bits(tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"

    def until_the_eleventh(row):
        if row["round"] == 11:
            raise Stopped

    attacked = training("ppo", "pgd", "neuron_faults", steps=13 * 32 * 8)
    train(attacked, whole)
    with pytest.raises(Stopped):
        train(attacked, stopped, say=until_the_eleventh)
    train(attacked, stopped, resume=True)
    assert learned(whole) == learned(stopped)


def test_who_computes_for_whom_changes_nothing(tmp_path):
    team = Team(contributors="workers", workers=4, byzantine=0)
    attacked = training("gpomdp", "mad", "neuron_faults", team=team)
    first, second = tmp_path / "first", tmp_path / "second"
    train(attacked, first)
    train(attacked, second, blocks=[[0, 1], [2], [3]])
    assert learned(first) == learned(second)


@pytest.mark.parametrize(
    "blocks", [[[0, 1], [2]], [[1, 0], [2, 3]], [[0, 1, 2, 3, 4]], [[0, 1, 2, 3], []], [], 4,
               ["ab"], [[0, 0, 1, 2, 3]], [[0, 1, 2, 3.0]], [[-1, 0, 1, 2]]]
)  # fmt: skip
def test_blocks_that_do_not_hold_everybody_once_are_refused_and_leave_nothing(blocks, tmp_path):
    team = Team(contributors="workers", workers=4)
    message = r"each of the 4 contributors once, in order, such as \[\[0, 1\], \[2, 3\]\], got"
    with pytest.raises(InvalidConfig, match=message):
        train(training("gpomdp", team=team), tmp_path / "out", blocks=blocks)
    assert not (tmp_path / "out").exists()


def test_blocks_are_refused_to_those_who_live_in_one_world_or_learn_alone(tmp_path):
    team = replace(training("gpomdp"), env="gathering-v0", team=Team(contributors="team"))
    count = make("gathering-v0").num_agents
    everybody = [*range(count)]
    with pytest.raises(InvalidConfig, match="members of a team live in one world"):
        train(team, tmp_path / "out", blocks=[everybody[:1], everybody[1:]])
    alone = replace(team, agent="q_learning", settings={}, team=None)
    with pytest.raises(InvalidConfig, match="there are no contributors to deal out"):
        train(alone, tmp_path / "out", blocks=[[0]])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("protocol", ["kardam", "peers", "replicated_servers"])
def test_other_protocols_tell_of_it_too(protocol, tmp_path):
    team = Team(contributors="workers", workers=8, byzantine=0, protocol=protocol)
    (receipt,) = train(training("gpomdp", "fgsm", team=team), tmp_path / "out").receipts
    assert sum(receipt.applications.values()) > 0


@pytest.mark.parametrize(
    ("agent", "env", "team"),
    [
        ("q_learning", "gathering-v0", None),
        ("ppo", "mpe2.simple_tag_v3:parallel_env", Team()),
        ("ppo", "gathering-v0", Team(contributors="team", actors="agent")),
    ],
    ids=["tables", "several groups", "an actor for each agent"],
)
def test_where_there_is_no_one_network_they_are_refused_before_anything_is_made(agent, env, team):
    with pytest.raises(NotOffered, match="one network for all agents"):
        check(training(agent, "neuron_faults", env=env, team=team))


@pytest.mark.parametrize(
    ("agent", "env", "kinds"),
    [
        ("sb3:SAC", "gymnasium:Pendulum-v1", ["critic", "neuron_faults", "robust_sarsa"]),
        ("sb3:TD3", "gymnasium:Pendulum-v1", ["critic", "robust_sarsa"]),
        ("sb3_contrib:TQC", "gymnasium:Pendulum-v1", ["critic", "neuron_faults"]),
        ("sb3_contrib:QRDQN", "cartpole-v1", ["critic", "neuron_faults"]),
        ("sb3_contrib:ARS", "cartpole-v1", ["critic", "neuron_faults"]),
        ("sb3_contrib:RecurrentPPO", "cartpole-v1", ["critic", "neuron_faults", "pgd", "mad"]),
        ("ppo", "gymnasium:Pendulum-v1", ["robust_sarsa"]),
    ],
)
def test_what_a_threat_cannot_ask_of_a_policy_is_refused_before_anything_is_written(
    agent, env, kinds, tmp_path
):
    if agent.startswith("sb3_contrib"):
        pytest.importorskip("sb3_contrib")
    for kind in kinds:
        late = ThreatModel.from_dict(
            {
                "byzantine": {"count": 0},
                "threats": [
                    {"kind": "random_action", "when": {"from": 7}},
                    {
                        **({"budget": NEAR} if kind in OF_EYES else OTHERS[kind]),
                        "kind": kind,
                        "when": {"from": 100, "probability": 0.01},
                        "victims": "byzantine",
                    },
                ],
            }
        )
        attacked = Training(agent=agent, env=env, steps=256, copies=2, threats=late)
        with pytest.raises(RallypointError, match=rf"the threat '{kind}' \(threats\[1\]\): "):
            check(attacked)
        with pytest.raises(RallypointError, match=kind):
            train(attacked, tmp_path / "out")
        assert not (tmp_path / "out").exists()


@dataclass(frozen=True, kw_only=True)
class Counting(Watching):
    """Notes how many it may act upon."""

    kind: ClassVar[str] = "counting"
    noted: ClassVar[list[int]] = []
    breaks: bool = False  # its contract

    def apply(self, state, known, draws):
        del draws
        self.noted.append(np.count_nonzero(known.opportunities))
        values = None if self.breaks else np.zeros(0, np.int64)
        return Proposal(np.zeros_like(known.opportunities), values), state


def test_it_is_tried_upon_one_agent_since_others_are_asked_of_the_same_network():
    Counting.noted.clear()
    several = training("ppo", env="gathering-v0", team=Team(contributors="team"))
    check(replace(several, threats=ThreatModel(threats=(Counting(victims=[1]),))))
    assert Counting.noted == [1]
    broken = replace(several, threats=ThreatModel(threats=(Counting(breaks=True),)))
    with pytest.raises(NotConformant, match=r"^the threat 'counting' \S+ must propose"):
        check(broken)


def test_a_critic_of_the_whole_state_can_be_learned_under_them(tmp_path):
    model = ThreatModel.from_dict({"threats": [{"kind": "pgd", "budget": NEAR}]})
    attacked = Training(
        agent="ppo",
        env="torus-small-v0",
        steps=64,
        copies=1,
        settings={"central_critic": True, "steps": 4, "policy": [8], "value": [8]},
        threats=model,
        team=Team(contributors="team"),
    )
    (receipt,) = train(attacked, tmp_path / "out").receipts
    assert sum(receipt.applications.values()) > 0
