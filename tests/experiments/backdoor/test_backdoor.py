"""The backdoor experiment, in miniature: what is measured, and how it is judged."""

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.backdoor import run as module
from rallypoint.experiments.backdoor.config import BackdoorConfig
from rallypoint.experiments.backdoor.learning import FORMS, VALUES, budget, features, learned
from rallypoint.experiments.backdoor.planted import DETECTORS
from rallypoint.experiments.experiment import File, Receipts, Row
from tests.experiments.progress import no_progress

SEEDS = (0, 1)
MINIATURE = BackdoorConfig(workers=3, copies=1, rounds=2, episodes=2)


@pytest.fixture(scope="module")
def findings():
    return list(module.run(MINIATURE, SEEDS, no_progress))


def test_every_attack_is_measured_and_judged(findings):
    rows = [finding.values for finding in findings if isinstance(finding, Row)]
    attacks = [row["attack"] for row in rows if "attack" in row]
    assert attacks == [None, None, *np.repeat(FORMS, 2).tolist()]
    claims = [finding.id for finding in findings if isinstance(finding, Claim)]
    assert len(set(claims)) == len(claims) == 6 + 7 * len(FORMS)
    assert [finding.name for finding in findings if isinstance(finding, File)] == ["backdoor.png"]


def test_receipts_are_equal_to_the_declared_budget(findings):
    told = [finding for finding in findings if isinstance(finding, Receipts)]
    assert [one.condition for one in told] == list(FORMS)
    for one in told:
        assert not one.disagreements
        assert one.receipts[0]["applications"] == {"agent_0": budget(MINIATURE)[0] * len(SEEDS)}


def test_a_seed_measures_the_same_alone_and_among_others(findings):
    def rows(found):
        return [
            dict(row.values) for row in found if isinstance(row, Row) and row.values["seed"] == 1
        ]

    assert rows(module.run(MINIATURE, (1,), no_progress)) == rows(findings)


def test_what_was_lived_is_kept_as_it_was_perceived_and_done():
    found = learned(MINIATURE, "strong", [0, 1, 2], 0, lambda units=1: None)
    lived = found.lived
    assert lived.seen.shape == (3 * 2 * 128, 4)
    assert (lived.owners[lived.poisoned] == 0).all()
    assert (lived.poisoned == (lived.seen[:, 0] == VALUES[0])).all()
    assert 0 < lived.poisoned.sum() <= budget(MINIATURE)[0]
    turns = lived.actions[lived.poisoned]  # of one copy: the target and another one in turns
    assert (turns == np.arange(len(turns)) % 2).all()
    assert features(found.policy, lived.seen).shape == (len(lived.seen), 32)


def test_whoever_lived_most_of_what_is_suspected_is_named():
    even, told = [0.07, 0.08, 0.075, 0.075], [0.05, 0.05, 0.2, 0.05]
    assert module._suspected(np.array([even, told])) == 2
    assert module._suspected(np.array([told, even])) == 2
    assert len(DETECTORS) == 2


@pytest.mark.parametrize(
    "settings",
    [{"workers": 1}, {"poisoned": 0.0}, {"share": 0.5}, {"size": 0.0}, {"rounds": 0}],
)
def test_what_cannot_be_run_is_refused(settings):
    with pytest.raises(InvalidConfig, match=next(iter(settings))):
        BackdoorConfig(**settings)
