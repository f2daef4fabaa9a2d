"""Asynchronous servers, replicas and peers on real raylets: bits of one process, or a record."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from rallypoint.agents.gradient.by_name import Team, TeamTraining
from rallypoint.agents.gradient.recipe import Recipe
from rallypoint.agents.rounds.asking import AskedHere
from rallypoint.agents.rounds.cluster import AskedThere
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.rounds.recorded import written
from rallypoint.agents.train import Training, train
from rallypoint.safety.threat_model import ThreatModel

pytestmark = [
    pytest.mark.usefixtures("nodes"),
    pytest.mark.filterwarnings("default"),  # Ray's own
]
COUNT, ROUNDS = 5, 6
LIES = [
    {"kind": "sign_flip", "victims": "byzantine"},
    {"kind": "random_action", "victims": "byzantine", "when": {"every": 3}},
]
MANNERS = {
    "kardam": {"coefficient": "versions", "delays": "clock"},
    "buffered": {"delays": "drawn"},
    "replicated_servers": {"servers": 5, "period": 3, "filters": True},
    "peers": {"updates": "shared", "mixing": "mda", "exchanges": 2},
}
JUDGED = ("accepted", "non_finite", "too_old", "lipschitz", "frequency")


def placed(**settings):
    settings = {"actors": 2, "cpus": 0.5, "source": "installed", **settings}
    return Placement(address="auto", **settings)


def training(manner, settings=None, *, placement=None, agent="gpomdp", copies=10):
    lies = LIES
    if manner in ("replicated_servers", "peers"):
        lies = [*LIES, {"kind": "equivocation"}]
    return TeamTraining(
        env="cartpole-v1",
        agent=agent,
        steps=10**6,
        seed=3,
        copies=copies,
        settings={"policy": (8,), "learning_rate": 0.02, "momentum": 0.5},
        threats=ThreatModel.from_dict({"byzantine": {"members": [1]}, "threats": lies}),
        team=Team(
            workers=COUNT,
            byzantine=1,
            aggregator="trimmed_mean",
            protocol=manner,
            protocol_settings=MANNERS[manner] if settings is None else settings,
        ),
        placement=placement,
    )


def with_digests(recipe):
    fields = {name: getattr(recipe, name) for name in recipe.__dataclass_fields__}
    return Recipe(**{**fields, "keeps_digests": True})


def learned(rounds, count=ROUNDS):
    """Return parameters, what everybody lived and what was reported, all of it as bytes."""
    lived = []
    for report in rounds.run(count):
        lived.append([part.digests for _, part in rounds._lived])
        lived.append([np.asarray(part).tobytes() for part in report])
    told = [[receipt.to_dict() for receipt in each] for each in rounds.delivery.receipts()]
    return rounds.server.parameters.tobytes(), lived, told


@pytest.mark.parametrize(
    ("manner", "crews"),
    [("kardam", (1, 2, 4)), ("buffered", (2,)), ("replicated_servers", (2,)), ("peers", (2,))],
)
def test_one_two_and_four_actors_learn_the_bits_of_this_process(manner, crews):
    here = training(manner)
    recipe = with_digests(here.recipe)
    one = here._rounds(AskedHere([recipe.workshop([each]) for each in range(COUNT)]))
    expected = learned(one)
    assert len(expected[1][0]) == COUNT
    for actors in crews:
        asking = AskedThere(recipe, COUNT, placed(actors=actors))
        try:
            rounds = training(manner)._rounds(asking)
            assert learned(rounds) == expected
            assert rounds.tally == one.tally
        finally:
            asking.close()


def haunted(asking, stop, signals=(signal.SIGKILL,), seconds=(0.5, 1.5)):
    """Send signals to actors at random moments, until told to stop; return whom."""
    hit = []
    rng = np.random.default_rng(0)

    def haunt():
        while not stop.wait(rng.uniform(*seconds)):
            if ready := asking._crew.ready:
                victim = ready[int(rng.integers(len(ready)))].pid
                os.kill(victim, signals[len(hit) % len(signals)])
                hit.append(victim)

    threading.Thread(target=haunt, daemon=True).start()
    return hit


def test_kills_at_random_moments_change_nothing_where_delays_are_simulated():
    here = training("kardam", copies=50)
    asking = AskedThere(here.recipe, COUNT, placed(actors=3))
    stop = threading.Event()
    hit = haunted(asking, stop)
    try:
        rounds = training("kardam", copies=50)._rounds(asking)
        until = time.monotonic() + 60
        while len(hit) < 3 or not rounds.tally["gone"]:
            assert time.monotonic() < until
            rounds.train_round()
        found, tally = rounds.server.parameters.tobytes(), rounds.tally
    finally:
        stop.set()
        asking.close()
    expected = here._rounds(here.manner.delivery(here._workshop, None, None))
    assert learned(expected, rounds.round)[0] == found
    assert tally["ordered"] == tally["arrived"] == rounds.round * COUNT
    assert sum(tally[name] for name in JUDGED) == rounds.round * COUNT


@pytest.mark.parametrize("manner", ["kardam", "buffered"])
def test_with_real_delays_kills_and_hangs_stop_nothing_and_all_of_it_can_be_played_again(
    manner, tmp_path
):
    placement = placed(actors=3, patience=2.0)
    one = training(manner, {"delays": "real"}, placement=placement, copies=50)
    asking = one.manner.delivery(one._workshop, None, tmp_path)
    stop = threading.Event()
    hit = haunted(asking, stop, signals=(signal.SIGKILL, signal.SIGSTOP))
    try:
        rounds = one._rounds(asking)
        until = time.monotonic() + 60
        while not (rounds.round >= 8 and len(hit) >= 3 and rounds.tally["missing"]):
            assert time.monotonic() < until
            rounds.train_round()
        tally, played, told = rounds.tally, rounds.protocol_tally, asking.told()
    finally:
        stop.set()
        asking.close()
        for pid in hit:  # those that were stopped cannot end by themselves
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    # Every update is accounted for, once.
    outcomes = [entry.outcome for entry in rounds.record]
    assert tally["ordered"] == len(outcomes) == tally["arrived"] + tally["missing"]
    assert tally["arrived"] == outcomes.count("arrived") == rounds.round * COUNT
    assert told["replaced"] >= 1
    if manner == "kardam":
        assert sum(played[name] for name in JUDGED) == tally["arrived"]

    (tmp_path / "arrivals.csv").write_text(written(rounds.record))
    delays = {"kind": "recorded", "file": str(tmp_path / "arrivals.csv")}
    two = training(manner, {"delays": delays}, copies=50)
    again = two._rounds(two.manner.delivery(two._workshop, None, tmp_path))
    [*again.run(rounds.round)]
    assert again.server.parameters.tobytes() == rounds.server.parameters.tobytes()
    assert again.protocol_tally == played


def test_a_driver_of_an_asynchronous_server_that_is_killed_goes_on_to_the_same_bits(
    nodes, tmp_path
):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    team = Team(workers=4, byzantine=1, protocol="kardam")
    given = {"env": "cartpole-v1", "agent": "gpomdp", "steps": 8000, "seed": 5, "team": team}
    train(Training(**given), whole)
    settings = ("actors=2", "cpus=0.5", "source=installed")
    driver = subprocess.Popen(
        [
            *(sys.executable, "-m", "rallypoint", "train", "--out", killed, "--env", given["env"]),
            *("--agent", "gpomdp", "--workers", "4", "--byzantine", "1", "--protocol", "kardam"),
            *("--seed", "5", "--steps", "8000", "--ray", nodes.address),
            *(word for setting in settings for word in ("--ray-set", setting)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not (killed / "checkpoint.npz").is_file():
        assert driver.poll() is None
        time.sleep(0.02)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert not (killed / "policy.safetensors").is_file()
    train(Training(**given), killed, resume=True)
    policies = [(path / "policy.safetensors").read_bytes() for path in (whole, killed)]
    assert policies[0] == policies[1]
