"""Training among peers, by the names that the command line takes."""

import json

import numpy as np
import pytest

from rallypoint.agents.gradient.by_name import Team, TeamTraining
from rallypoint.errors import RallypointError
from rallypoint.safety.threat_model import ThreatModel

AGREEMENT = {"updates": "shared", "mixing": "mda", "exchanges": 2}
WAYS = {
    "monna": ({}, "mean"),
    "agreement": (AGREEMENT, "geometric_median"),
    "no mixing": ({"updates": "shared", "mixing": "none"}, "trimmed_mean"),
}
every_way = pytest.mark.parametrize("way", list(WAYS))


def training(
    way="monna",
    *,
    steps=1200,
    agent="gpomdp",
    copies=12,
    settings=None,
    threats=None,
    own=None,
    **team,
):
    given, aggregator = WAYS[way]
    rate = {"learning_rate": 0.01} if agent == "gpomdp" else {}
    return TeamTraining(
        env="cartpole-v1",
        agent=agent,
        steps=steps,
        seed=3,
        copies=copies,
        settings={"policy": (8,), **rate, **(own or {})},
        threats=None if threats is None else ThreatModel.from_dict({"threats": threats}),
        team=Team(
            **{
                "workers": 6,
                "byzantine": 1,
                "aggregator": aggregator,
                "protocol": "peers",
                "protocol_settings": given if settings is None else settings,
                **team,
            }
        ),
    )


def run(one, out, **how):
    rows = []
    one.run(out, say=rows.append, every=2, **how)
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@every_way
def test_training_is_deterministic_and_tells_how_far_peers_are_apart(way, tmp_path):
    first, second = (run(training(way), tmp_path / name) for name in "ab")
    assert first == second
    for row in first:
        json.dumps(row)
        assert sum(row["believed"].values()) == pytest.approx(1, abs=1e-3)
        assert row["diameter"] < 1
    exchanges = {"monna": 1, "agreement": 3, "no mixing": 1}[way] * len(first)
    assert first[-1]["tally"]["exchanges"] == exchanges
    assert first[-1]["tally"]["messages"] == exchanges * 30


@every_way
def test_it_goes_on_bit_for_bit(way, tmp_path):
    threats = [{"kind": "equivocation"}, {"kind": "mimic", "victims": {"count": 1}}]
    how = {"threats": threats, "own": {"momentum": 0.5}}
    whole = run(training(way, **how), tmp_path / "whole")
    run(training(way, **how, steps=500), tmp_path / "parts")
    one = training(way, **how)
    parts = run(one, tmp_path / "parts", resume=True)
    assert parts == whole
    trained = [(tmp_path / name / "policy.safetensors") for name in ("whole", "parts")]
    assert trained[0].read_bytes() == trained[1].read_bytes()
    assert one.account()[1] == []


def test_if_all_aggregate_alike_they_learn_what_one_server_learns(tmp_path):
    settings = {"updates": "shared", "mixing": "none"}
    peers = run(training(settings=settings, aggregator="median"), tmp_path / "peers")
    server = training(settings={}, aggregator="median", protocol="synchronous")
    told = ("return", "episodes", "steps")
    assert [[row[name] for name in told] for row in peers] == [
        [row[name] for name in told] for row in run(server, tmp_path / "server")
    ]
    assert not any(row["diameter"] for row in peers)


@pytest.mark.parametrize(("way", "frames"), [("monna", 1), ("agreement", 2), ("no mixing", 1)])
def test_liars_lie_and_receipts_agree(way, frames, tmp_path):
    threats = [
        {"kind": "sign_flip", "victims": ["worker_1"], "factor": 3.0},
        {"kind": "equivocation", "victims": ["worker_1"], "scale": 5.0},
    ]
    one = training(way, threats=threats)
    rows = run(one, tmp_path)
    receipts, wrong = one.account()
    assert wrong == []
    assert [r.kind for r in receipts] == ["sign_flip", *["equivocation"] * frames]
    assert all(set(receipt.applications) == {"worker_1"} for receipt in receipts)
    assert rows[-1]["believed"]["worker_1"] < 0.1  # but by itself


def test_decbyzpg_is_learned_with_one_coin_for_all(tmp_path):
    own = {"many": 6, "few": 2, "chance": 0.5}
    rows = run(training("agreement", agent="decbyzpg", steps=3000, copies=None, own=own), tmp_path)
    assert {row["episodes"] for row in rows} == {6 * 6, 6 * 2}
    assert all(np.isfinite(row["return"]) for row in rows)


def test_an_actor_critic_with_momentum_can_be_learned(tmp_path):
    rows = run(training(agent="a2c", own={"value": (8,), "momentum": 0.9}, steps=1200), tmp_path)
    assert len(rows) == 20  # of 12 copies and 5 steps
    assert rows[-1]["diameter"] > 0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"workers": 5, "copies": 10}, "n >= 6"),
        ({"workers": 1}, "at least 2"),
        ({"byzantine": -1}, "f is a number >= 0"),
        ({"settings": {"mixin": "mda"}}, "mixin"),
        ({"settings": {"f": 0}}, "--byzantine"),
        ({"settings": {"mixing": "mdaa"}}, "mda"),
        ({"aggregator": "krum"}, "updates=shared"),
        ({"way": "agreement", "aggregator": "monna"}, "needs trusted"),
        ({"way": "agreement", "aggregator": "bulyan"}, "bulyan needs"),
        ({"agent": "ppo"}, "several epochs"),
        ({"agent": "fedpg_br", "copies": None}, "a server that asks for more"),
        ({"contributors": "team"}, "--contributors workers"),
        ({"settings": {"mixing": "none"}, "threats": [{"kind": "equivocation"}]}, "send nothing"),
        ({"threats": [{"kind": "packet_loss", "loss": 0.9}]}, "whole updates"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_played(changes, why):
    with pytest.raises(RallypointError, match=why):
        training(**changes)


def test_what_is_acted_by_is_what_the_peer_nearest_to_all_others_holds(tmp_path):
    one = training()
    rounds = one._rounds(one.manner.delivery(one._workshop, None, tmp_path))
    start = rounds.server.parameters[0]
    moves = np.array([-90, 2, 0, 1, 3, 50], dtype=np.float32)
    rounds.server.parameters = start + moves[:, None]
    assert rounds.weights.tobytes() in {(start + move).tobytes() for move in (1, 2)}
