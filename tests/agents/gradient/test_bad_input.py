"""What cannot be learned from is refused with the reason, and a liar's nonsense is left out."""

import io
import json

import numpy as np
import pytest

from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.gradient.checkpoints import (
    CHECKPOINT,
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from rallypoint.agents.gradient.learners import A2cLearner, GpomdpLearner, PpoLearner
from rallypoint.errors import (
    Diverged,
    InvalidConfig,
    InvalidUpdates,
    TooManyByzantine,
    UnreadableFile,
)
from rallypoint.snapshots import as_array, as_text
from tests.agents.gradient.learning import TollRoad, rounds_of

LEARNERS = [GpomdpLearner(policy=(8,)), PpoLearner(policy=(8,), value=(8,), steps=10, epochs=2)]
WORKERS = 5


class BrokenRoad(TollRoad):
    """Pays no numbers in its first copies."""

    broken = 0

    def _advance(self, actions):
        rewards, terminated, infos = super()._advance(actions)
        rewards[: self.broken] = np.nan
        return rewards, terminated, infos


def roads(broken, workers=WORKERS):
    world = BrokenRoad(copies=2 * workers)
    world.broken = 2 * broken
    return world


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: type(learner).__name__)
def test_rewards_that_are_no_numbers_are_refused_where_nobody_may_lie(learner):
    rounds = rounds_of(learner, roads(1), count=WORKERS)
    before = rounds.server.parameters.copy()
    with pytest.raises(InvalidUpdates, match="at most f = 0 updates may be non-finite, and 1 are"):
        rounds.train_round()
    np.testing.assert_array_equal(rounds.server.parameters, before)


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: type(learner).__name__)
def test_of_those_who_may_lie_they_are_left_out(learner):
    rounds = rounds_of(learner, roads(2), count=WORKERS, rule="median", f=2)
    for _ in range(3):
        report = rounds.train_round()
    assert np.isfinite(rounds.server.parameters).all()
    assert (report.believed[0, :2] == 0).all()
    assert report.believed[0].sum() == pytest.approx(1)


def test_and_more_of_them_than_may_lie_are_refused():
    rounds = rounds_of(LEARNERS[0], roads(3), count=WORKERS, rule="median", f=2)
    with pytest.raises(InvalidUpdates, match="at most f = 2 updates may be non-finite, and 3 are"):
        rounds.train_round()


@pytest.mark.parametrize("rule", ["mean", "median"])
def test_a_loss_that_diverges_is_told_from_a_contributor_that_lies(rule):
    """By steps so long that what the critic says of values overflows."""
    learner = A2cLearner(policy=(8,), value=(8,), steps=10, optimiser="sgd", learning_rate=1e8)
    rounds = rounds_of(learner, roads(0), count=WORKERS, rule=rule, f=1)
    with pytest.raises(Diverged, match="smaller learning rate"), np.errstate(all="ignore"):
        list(rounds.run(20))


@pytest.mark.parametrize("more", [1, -1])
def test_updates_of_the_wrong_length_are_refused_before_anybody_believes_them(more):
    class Wrong(GpomdpLearner):
        def gradient(self, networks, parameters, batch):
            found = super().gradient(networks, parameters, batch)
            return np.resize(found, (*found.shape[:2], found.shape[2] + more))

    rounds = rounds_of(Wrong(policy=(8,)), roads(0), count=WORKERS)
    with pytest.raises(InvalidUpdates, match=r"d\) = \(1, 5, 42\), and Wrong estimates"):
        rounds.train_round()


def test_a_bound_that_the_contributors_break_is_refused_by_its_rule():
    rounds = rounds_of(LEARNERS[0], roads(0), count=WORKERS, rule="krum", f=2)
    with pytest.raises(TooManyByzantine, match="n >= 2 f"):
        rounds.train_round()


def test_a_team_of_nobody_is_refused():
    with pytest.raises(InvalidConfig, match="workers is a number >= 1, got 0"):
        Team(workers=0)


def test_a_checkpoint_of_another_version_is_refused(tmp_path):
    write_checkpoint(tmp_path, Checkpoint({"x": np.zeros(3)}, [], 7))
    assert read_checkpoint(tmp_path).played == 7
    with np.load(tmp_path / CHECKPOINT) as file:
        parts = dict(file)
    told = json.loads(as_text(parts["about"]))
    parts["about"] = as_array(json.dumps(told | {"format": "rallypoint-checkpoint-99"}))
    later = io.BytesIO()
    np.savez(later, **parts)
    (tmp_path / CHECKPOINT).write_bytes(later.getvalue())
    with pytest.raises(UnreadableFile, match="format 'rallypoint-checkpoint-99', not"):
        read_checkpoint(tmp_path)


def test_a_snapshot_of_other_networks_is_refused_and_changes_nothing():
    small, large = (
        rounds_of(GpomdpLearner(policy=units), roads(0), count=WORKERS) for units in ((8,), (9,))
    )
    small.train_round()
    before = large.server.parameters.copy()
    with pytest.raises(InvalidConfig, match="other runs, layers or optimiser"):
        large.restore(small.snapshot())
    np.testing.assert_array_equal(large.server.parameters, before)
