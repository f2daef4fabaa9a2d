"""The unlearning experiment, in miniature: what is measured, and how it is judged."""

import numpy as np

from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Row
from rallypoint.experiments.unlearning import chain
from rallypoint.experiments.unlearning.distances import problem
from tests.experiments.in_miniature import of_kind
from tests.experiments.unlearning.miniature import MINIATURE, SEEDS


def test_both_parts_are_measured_and_judged(findings):
    assert [finding.id for finding in of_kind(findings, Claim)] == [
        "unlearning/near/0.05",
        "unlearning/beats-sgd/0.05",
        "unlearning/ball",
        "unlearning/downdate",
        "unlearning/chain/named",
        "unlearning/chain/harm",
        "unlearning/chain/mended",
    ]
    assert len(of_kind(findings, Row)) == 2 * len(SEEDS)
    files = [finding.name for finding in of_kind(findings, File)]
    assert files == ["distances.png", "chain.png"]


def test_what_is_to_be_forgotten_is_what_was_flipped():
    head, forget = problem(0, 0, 0.2)
    clean, none = problem(0, 0, 0.0005)
    assert forget.sum() == 200
    assert ((head.y != clean.y) == (forget ^ none)).all()


def test_teammates_say_what_the_expert_does_of_what_they_see():
    seen = chain._taught(MINIATURE, 3)
    said = (seen.features[:, :4] @ np.array([0.3, 0.6, 3.0, 2.0])) > 0
    assert (np.where(said, 1, -1) == seen.said).all()
    assert np.bincount(seen.owners.astype(int)).tolist() == [400] * 4
