"""The neuron faults experiment, in miniature: its parts, its claims, and what it draws."""

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Metric, Receipts, Row
from rallypoint.experiments.neuron_faults.cartpole import certified, visited
from rallypoint.experiments.neuron_faults.policies import learned, provisioned
from rallypoint.experiments.neuron_faults.random_networks import KINDS, attained, moved
from rallypoint.experiments.neuron_faults.waiting import gained, on_average
from tests.experiments.in_miniature import of_kind
from tests.experiments.neuron_faults.miniature import MINIATURE, SEEDS


@pytest.fixture(scope="module")
def policy():
    return learned(MINIATURE, 7, lambda units=1: None)


def test_every_condition_has_its_claim(findings):
    claims = {claim.id: claim for claim in of_kind(findings, Claim)}
    expected = {f"F1/{kind}" for kind in KINDS}
    expected |= {f"{letter}/{kind}" for letter in ("F2",) for kind in ("crash", "byzantine")}
    expected |= {
        f"F3/{k}/{form}" for k in ("crash", "byzantine") for form in ("published", "matrices")
    }
    expected |= {
        f"F4/{w}" for w in ("kept", "matrices", "provisioned", "return", "provisioned-return")
    }
    expected |= {f"neuron_faults/{w}" for w in ("boosting/faster", "boosting/bounded", "average")}
    assert set(claims) == expected
    for sure in ("F1/crash", "F1/byzantine", "F1/synapse", "F1/precision", "F2/crash", "F4/kept"):
        assert claims[sure].verdict == "holds"


def test_every_played_condition_has_a_receipt(findings):
    receipts = of_kind(findings, Receipts)
    rows = [row.values for row in of_kind(findings, Row)]
    assert len(receipts) == len(rows) == len(MINIATURE.faults) * 4 * len(SEEDS)
    assert all(found.receipts[0]["applications"]["agent_0"] > 0 for found in receipts)
    assert all(0 < row["return"] <= 1 for row in rows)


def test_there_is_a_picture_and_a_metric_of_each_curve(findings):
    assert len(of_kind(findings, File)) == 1
    curves = [found.name for found in of_kind(findings, Metric) if found.name.endswith("by-faults")]
    assert len(curves) == 3 + 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_network_moves_within_its_bounds(kind):
    for seed in range(20):
        found = moved(np.random.default_rng(seed), kind, 0.4, 20)
        assert found.worst <= found.published * (1 + 1e-9)
        assert found.closest <= 1
        assert found.matrices <= found.published * (1 + 1e-9)
        assert found.known <= found.matrices * (1 + 1e-9)


@pytest.mark.parametrize("kind", ["crash", "byzantine"])
def test_the_bound_is_attained(kind):
    for seed in range(10):
        assert np.isclose(attained(np.random.default_rng(seed), kind), 1)


def test_not_waiting_is_faster_and_bounded():
    times, share = gained(np.random.default_rng(0), 0.4, 500)
    # Each layer waits for the next to last of N exponentials: sums of 1/2 … 1/N, and 1 more.
    fast = sum(sum(1 / k for k in range(2, size + 1)) for size in (8, 6, 5))
    assert times == pytest.approx((fast + 3) / fast, rel=0.05)
    assert 0 < share <= 1


def test_wide_layers_spread_as_told():
    assert on_average(np.random.default_rng(1)) < 0.1


def test_the_over_provisioned_policy_acts_the_same_and_is_certified_in_more_states(policy):
    seen = visited(policy, 3)
    many = provisioned(policy, 8)
    observations = {"agents": seen[:, None]}
    assert np.allclose(many.outputs(observations), policy.outputs(observations), atol=1e-5)
    rng = np.random.default_rng(0)
    few, more = (certified(acting, seen, (0, 1, 2), rng) for acting in (policy, many))
    assert (few.shares[0] == 1).all()
    assert (more.shares >= few.shares).all()
    assert (np.diff(few.shares, axis=0) <= 0).all()
    assert few.changed == more.changed == 0
