"""Policy gradients on a cluster: the bits of this process, however many actors there are."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from rallypoint.agents.gradient.by_name import Team, TeamTraining
from rallypoint.agents.gradient.recipe import Recipe
from rallypoint.agents.rounds.cluster import Cluster
from rallypoint.agents.rounds.in_process import InProcess
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.train import Training, train
from rallypoint.safety.threat_model import ThreatModel

pytestmark = pytest.mark.filterwarnings("default")  # Ray's own
MODEL = ThreatModel.from_dict(
    {
        "byzantine": {"members": [1]},
        "threats": [
            {"kind": "sign_flip", "victims": "byzantine"},
            {"kind": "random_action", "victims": "byzantine", "when": {"every": 3}},
        ],
    }
)
TRAININGS = {
    # Fragments that go on, several pieces to each, and riders.
    "ppo": {"steps": 24, "minibatch": 512, "epochs": 2, "normalise_observations": True},
    # Whole episodes, and what contributors remember.
    "decbyzpg": {"many": 4, "few": 2, "chance": 0.5, "learning_rate": 1e-2},
}


def training_of(agent):
    return TeamTraining(
        env="cartpole-v1",
        agent=agent,
        steps=10**6,
        seed=3,
        settings=TRAININGS[agent],
        threats=MODEL,
        team=Team(workers=4, byzantine=1, aggregator="trimmed_mean"),
    )


def with_digests(recipe):
    fields = {name: getattr(recipe, name) for name in recipe.__dataclass_fields__}
    return Recipe(**{**fields, "keeps_digests": True})


def learned(training, delivery, rounds=4):
    """Return parameters, what everybody lived and what was reported, all of it as bytes."""
    trained = training._rounds(delivery)
    lived = []
    for report in trained.run(rounds):
        lived.append(delivery.brought().lived.digests)
        lived.append(tuple(np.asarray(part).tobytes() for part in report))
    return trained.server.parameters.tobytes(), lived, delivery.receipts()


@pytest.mark.usefixtures("nodes")
@pytest.mark.parametrize(("agent", "crews"), [("ppo", (1, 2, 4)), ("decbyzpg", (2,))])
def test_one_two_and_four_actors_learn_the_bits_of_this_process(agent, crews):
    training = training_of(agent)
    recipe = with_digests(training.recipe)
    parameters, lived, (receipts,) = learned(training, InProcess([recipe.workshop()], [range(4)]))
    for actors in crews:
        # One of four contributors, two of two, four of one: however they are dealt out.
        placement = Placement(address="auto", actors=actors, cpus=0.5, source="installed")
        cluster = Cluster(recipe, 4, placement)
        try:
            theirs, lived_there, by_block = learned(training, cluster)
        finally:
            cluster.close()
        assert theirs == parameters
        assert lived_there == lived
        if not training.recipe.learner.whole_episodes:
            # Whole episodes are played on until a block's last one ends: other steps, of nobody.
            told = sum(sum(part[0].applications.values()) for part in by_block)
            assert told == sum(receipts[0].applications.values()) > 0


def test_a_driver_that_is_killed_goes_on_to_the_same_bits(nodes, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    team = Team(workers=4)
    training = Training(env="cartpole-v1", agent="a2c", steps=40_000, seed=5, team=team)
    train(training, whole)
    settings = ("actors=2", "cpus=0.5", "source=installed")
    driver = subprocess.Popen(
        [
            *(sys.executable, "-m", "rallypoint", "train", "--out", killed),
            *("--env", "cartpole-v1", "--agent", "a2c", "--workers", "4", "--seed", "5"),
            *("--steps", "40000", "--ray", nodes.address),
            *(word for setting in settings for word in ("--ray-set", setting)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not (killed / "checkpoint.npz").is_file():
        assert driver.poll() is None
        time.sleep(0.05)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert not (killed / "policy.safetensors").is_file()
    pids = [
        int(line.rpartition(" is process ")[2].split()[0])
        for log in (killed / "actors").iterdir()
        for line in log.read_text().splitlines()
        if " is process " in line
    ]
    assert pids
    train(training, killed, resume=True)
    policies = [(path / "policy.safetensors").read_bytes() for path in (whole, killed)]
    assert policies[0] == policies[1]
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]  # noqa: PTH110
