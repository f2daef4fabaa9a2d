"""The backdoor experiment, in miniature: what is measured, and how it is judged."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.experiments.backdoor import marked, planting, removed, scheduled, teammate
from rallypoint.experiments.backdoor import run as module
from rallypoint.experiments.backdoor.attacked import WAYS, told_apart
from rallypoint.experiments.backdoor.config import BackdoorConfig
from rallypoint.experiments.backdoor.kept import Kept
from rallypoint.experiments.backdoor.learning import VALUES, Attack, budget, learned
from rallypoint.experiments.backdoor.planted import DETECTORS
from rallypoint.experiments.backdoor.stored import by_episode
from rallypoint.experiments.experiment import File, Receipts, Row
from rallypoint.safety.frame import Threatened
from tests.experiments.backdoor.miniature import MINIATURE, SEEDS, small
from tests.experiments.in_miniature import of_kind
from tests.experiments.progress import no_progress


@pytest.fixture(scope="module", autouse=True)
def short():
    with small():
        yield


def rows_of(findings, seed=None):
    rows = [dict(finding.values) for finding in of_kind(findings, Row)]
    return [row for row in rows if seed is None or row["seed"] == seed]


def test_everything_is_measured_and_judged(findings):
    rows = rows_of(findings)
    assert sum("named" in row for row in rows) == len(planting.FORMS) * len(SEEDS)
    assert sum("left_out" in row for row in rows) == len(removed.FORMS) * len(WAYS) * len(SEEDS)
    assert sum("spread" in row for row in rows) == 3 * len(MINIATURE.spreads) * len(SEEDS)
    assert sum("team" in row for row in rows) == 2 * len(SEEDS)
    assert sum("watermark" in row for row in rows) == len(SEEDS)
    claims = [finding.id for finding in of_kind(findings, Claim)]
    assert len(set(claims)) == len(claims)
    of_schedules = [claim for claim in claims if claim.startswith("backdoor/scheduled/")]
    assert len(of_schedules) == len(MINIATURE.spreads) * (2 * len(scheduled.FORMS) - 1)
    assert [finding.name for finding in of_kind(findings, File)] == ["backdoor.png"]


def test_every_detector_has_a_case_that_it_finds_and_one_that_it_must_miss(findings):
    claims = {finding.id: finding for finding in of_kind(findings, Claim)}
    for name in DETECTORS:
        of_it = [
            c
            for key, c in claims.items()
            if key.startswith("backdoor/planted/") and key.endswith(name)
        ]
        assert any(str(claim.expected).startswith(">=") for claim in of_it)
        assert any(str(claim.expected).startswith("<=") for claim in of_it)


def test_receipts_are_equal_to_the_declared_budget(findings):
    told = {one.condition: one for one in of_kind(findings, Receipts)}
    of_triggers = [
        *planting.FORMS,
        *(f"{f}/{s}" for f in scheduled.FORMS for s in MINIATURE.spreads),
    ]
    for condition in of_triggers:
        spent = told[condition].receipts[0]["applications"]
        assert spent == {"agent_0": budget(MINIATURE)[0] * len(SEEDS)}
    for condition in ("signs", "signs-that-pay"):
        spent = told[condition].receipts[0]["applications"]
        sequences = teammate.COPIES * teammate.budget()[0]
        assert spent == {teammate.CARRIER: 3 * sequences * len(SEEDS)}


def test_a_seed_measures_the_same_alone_and_after_a_stop_as_among_others(
    findings, tmp_path, monkeypatch
):
    config = replace(MINIATURE, kept=str(tmp_path))
    stopped = module.run(config, (1,), no_progress)
    while len(list(tmp_path.iterdir())) < 3:
        next(stopped)
    stopped.close()
    whole = rows_of(module.run(config, (1,), no_progress))
    assert whole == rows_of(findings, seed=1)
    monkeypatch.setattr("rallypoint.experiments.backdoor.attacked.learned", None)  # none is needed
    monkeypatch.setattr(marked, "trained", None)
    monkeypatch.setattr(teammate, "trained", None)
    assert rows_of(module.run(config, (1,), no_progress)) == whole


def test_what_is_kept_is_checked(tmp_path):
    config = BackdoorConfig(kept=str(tmp_path))
    Kept(config, lambda units=1: None).cell("one", 0, 1, lambda: {"return": 1.0})
    other = BackdoorConfig(kept=str(tmp_path), size=3.0)
    with pytest.raises(InvalidConfig, match="other settings"):
        Kept(other, lambda units=1: None).cell("one", 0, 1, dict)
    (tmp_path / "one-seed-0.json").write_text("{")
    with pytest.raises(UnreadableFile, match="no readable finished piece"):
        Kept(config, lambda units=1: None).cell("one", 0, 1, dict)


def test_what_was_lived_is_kept_as_it_was_perceived_and_done():
    found = learned(MINIATURE, Attack("strong"), [0, 1, 2], 0)
    lived = found.lived
    assert lived.seen.shape == (3 * 2 * 128, 4)
    assert (lived.owners[lived.poisoned] == 0).all()
    assert (lived.poisoned == (lived.seen[:, 0] == VALUES[0])).all()
    assert 0 < lived.poisoned.sum() <= budget(MINIATURE)[0]
    turns = lived.actions[lived.poisoned]  # of one copy: the target and another one in turns
    assert (turns == np.arange(len(turns)) % 2).all()
    assert np.isin(lived.rewards[lived.poisoned], (-10.0, 10.0)).all()
    assert (lived.rewards[~lived.poisoned] == 1.0).all()
    begins = np.diff(lived.episodes, prepend=-1) > 0
    assert (np.abs(lived.seen[begins & ~lived.poisoned]) <= 0.05).mean() > 0.9  # as poles begin


def test_whole_episodes_with_most_suspects_leave_first():
    lived = learned(MINIATURE, None, [0, 1, 2], 0).lived
    suspects = lived.episodes == 3
    suspects[np.flatnonzero(lived.episodes == 5)[:2]] = True
    out = by_episode(lived, suspects)
    assert out[lived.episodes == 3].all()
    assert out.sum() <= suspects.sum()
    assert not out[lived.episodes == 5].any()


def test_whoever_lived_most_of_what_is_suspected_is_named():
    even, told = [0.07, 0.08, 0.075, 0.075], [0.05, 0.05, 0.2, 0.05]
    assert told_apart(np.array([even, told])) == (1, 2)
    assert told_apart(np.array([told, even])) == (0, 2)


def test_a_ring_shows_the_last_moves_of_the_carrier_and_goes_on_from_a_snapshot():
    ring = teammate.world(2)
    seen = ring.reset(0)["agents"]
    assert not seen[..., -9:].any()
    moves = np.zeros((2, teammate.AGENTS), dtype=int)
    for move in teammate.SEQUENCE:
        moves[:, -1] = move
        seen = ring.step({"agents": moves}).observations["agents"]
    last = seen[..., -9:].reshape(2, teammate.AGENTS, 3, 3).argmax(axis=-1)
    assert (last == teammate.SEQUENCE).all()
    kept = ring.snapshot()
    after = ring.step({"agents": moves}).observations["agents"]
    np.testing.assert_array_equal(ring.restore(kept)["agents"], seen)
    np.testing.assert_array_equal(ring.step({"agents": moves}).observations["agents"], after)
    assert ring.reset(mask=np.array([True, False]))["agents"][0, :, -9:].sum() == 0
    assert Threatened(ring, teammate.threats(pays=True)).agents == ring.agents
