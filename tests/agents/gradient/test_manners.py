"""Training in other manners: asynchronous, buffered, and by replicated servers."""

import json

import numpy as np
import pytest

from rallypoint.agents.gradient.by_name import Team, TeamTraining
from rallypoint.agents.gradient.manners import manners
from rallypoint.errors import RallypointError
from rallypoint.safety.threat_model import ThreatModel

OTHERS = {
    "kardam": {"coefficient": "versions"},
    "buffered": {},
    "replicated_servers": {"servers": 5},
}
every_manner = pytest.mark.parametrize("manner", list(OTHERS))


def training(manner, *, steps=1500, agent="gpomdp", threats=None, settings=None, **team):
    own = {"policy": (8,), **({"learning_rate": 0.01} if agent == "gpomdp" else {})}
    return TeamTraining(
        env="cartpole-v1",
        agent=agent,
        steps=steps,
        seed=3,
        copies=14,
        settings=own,
        threats=None if threats is None else ThreatModel.from_dict({"threats": threats}),
        team=Team(
            **{
                "workers": 7,
                "byzantine": 2,
                "aggregator": "trimmed_mean",
                "protocol": manner,
                "protocol_settings": OTHERS[manner] if settings is None else settings,
                **team,
            }
        ),
    )


def run(one, out, **how):
    rows = []
    metrics = one.run(out, say=rows.append, every=2, **how)
    return rows, metrics


def test_all_manners_are_known():
    assert manners() == ["buffered", "kardam", "peers", "replicated_servers", "synchronous"]


@every_manner
def test_training_is_deterministic_and_tells_what_was_counted(manner, tmp_path):
    first, second = (run(training(manner), tmp_path / name)[0] for name in "ab")
    assert [{**row, "seconds": 0} for row in first] == [{**row, "seconds": 0} for row in second]
    assert first[-1]["steps"] >= 1500
    for row in first:
        assert sum(row["believed"].values()) == pytest.approx(1, abs=1e-3) or manner == "kardam"
        json.dumps(row)
    tally = first[-1]["tally"]
    if manner == "kardam":
        judged = ("accepted", "non_finite", "too_old", "lipschitz", "frequency")
        assert sum(tally[name] for name in judged) == 7 * len(first)
    assert set(tally) >= {"kardam": {"stalled"}, "buffered": {"combined"}}.get(manner, {"rounds"})


@pytest.mark.parametrize(
    ("manner", "settings"),
    [
        ("kardam", {"delays": "clock"}),
        ("kardam", {"delays": "drawn", "coefficient": "versions"}),
        ("buffered", {"delays": "clock"}),
        ("replicated_servers", {}),
        ("replicated_servers", {"filters": True, "period": 3}),
    ],
)
def test_it_goes_on_bit_for_bit(manner, settings, tmp_path):
    threats = [{"kind": "gaussian", "victims": {"count": 2}}]

    def one(steps):
        return training(manner, steps=steps, settings=settings, threats=threats)

    whole, metrics = run(one(900), tmp_path / "whole")
    run(one(400), tmp_path / "parts")
    parts, _ = run(one(900), tmp_path / "parts", resume=True)
    assert metrics["steps"] >= 900
    assert [{**row, "seconds": 0} for row in parts] == [{**row, "seconds": 0} for row in whole]
    bits = [(tmp_path / name / "policy.safetensors").read_bytes() for name in ("whole", "parts")]
    assert bits[0] == bits[1]


@every_manner
def test_liars_lie_and_receipts_agree(manner, tmp_path):
    threats = [{"kind": "sign_flip", "victims": {"count": 1}, "factor": 3.0}]
    if manner == "replicated_servers":
        threats.append({"kind": "equivocation"})
    one = training(manner, threats=threats)
    run(one, tmp_path)
    receipts, wrong = one.account()
    assert wrong == []
    assert [receipt.kind for receipt in receipts] == [threat["kind"] for threat in threats]
    assert all(sum(receipt.applications.values()) > 0 for receipt in receipts)


def test_a2c_can_be_trained_asynchronously(tmp_path):
    rows, _ = run(training("buffered", agent="a2c"), tmp_path)
    assert np.isfinite([row["return"] for row in rows if row["return"] is not None]).all()


def test_a_rule_that_asks_for_more_is_asked_about_more(tmp_path):
    more = {"aggregator": "krum", "byzantine": 1, "settings": {"size": 5}}
    rows, _ = run(training("buffered", **more), tmp_path)
    assert np.isfinite([row["return"] for row in rows if row["return"] is not None]).all()


@pytest.mark.parametrize(
    ("manner", "changes", "why"),
    [
        ("kardam", {"agent": "ppo"}, "several epochs"),
        ("kardam", {"byzantine": 3}, "needs n >= 3 f"),
        ("kardam", {"settings": {"coefficent": "off"}}, "coefficent"),
        ("kardam", {"settings": {"delays": "clok"}}, "did you mean 'clock'"),
        (
            "kardam",
            {"settings": {"delays": 5}},
            "a name, such as .*, or a table with a kind, got 5",
        ),
        ("kardam", {"settings": {"delays": {"kind": ["drawn"]}}}, "no delays are called"),
        ("buffered", {"aggregator": "krum"}, "krum needs .* asks it about 5 of 7, .* 5 at most"),
        ("buffered", {"aggregator": "median", "settings": {"f": 1}}, "needs 5, and gets n = 3"),
        ("buffered", {"settings": {"size": 6}}, "take a size of 5 at most"),
        ("replicated_servers", {"settings": {"servers": 4}}, "it takes 5 servers"),
        ("kardam", {"threats": [{"kind": "equivocation"}]}, "--protocol replicated_servers"),
        ("synchronous", {"settings": {"f": 1}}, "--ray-set"),
        ("synchronous", {"aggregator": "fltrust", "settings": {}}, "needs root, which nobody has"),
        ("kardam", {"aggregator": "nnm+monna"}, "needs trusted, which nobody has"),
        (
            "synchronous",
            {"aggregator": "smea(subsets=9)", "settings": {}},
            "n=7 and f=2 make 21",
        ),
        ("karadm", {"settings": {}}, "did you mean 'kardam'"),
        ("kardam", {"contributors": "team"}, "--contributors workers"),
        ("buffered", {"threats": [{"kind": "packet_loss", "loss": 0.9}]}, "whole updates"),
        ("kardam", {"threats": [{"kind": "packet_loss", "loss": 0.9}]}, "by another protocol"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_played(manner, changes, why):
    with pytest.raises(RallypointError, match=why):
        training(manner, **changes)
