"""Attacks by rules of reward: what each plants, what is found of it, and what heals it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.backdoor import OURS, TROJDRL
from rallypoint.experiments.backdoor.attacked import attacked, without
from rallypoint.experiments.backdoor.kept import Kept
from rallypoint.experiments.backdoor.learning import Attack
from rallypoint.experiments.backdoor.planted import OF_FEATURES
from rallypoint.experiments.backdoor.telling import receipts_of
from rallypoint.experiments.experiment import Finding, Metric, Row

FORMS = ("strong", "weak", "value")
_MEASURES = ("return", "obeys", "again_return", "again_obeys")


class Measured(NamedTuple):
    """What one attack did on every seed."""

    of_policies: Floats  # (R, 4) see _MEASURES
    recalls: Floats  # (R, detectors)
    named: Floats  # (R,) whether the liar was


def findings(
    kept: Kept, seeds: tuple[int, ...], clean: Floats, found: dict[str, Measured]
) -> Iterator[Finding]:
    """Attack, look, learn again, and judge; ``found`` takes what was measured, by form.

    Args:
        kept: where cells are.
        seeds: of each training.
        clean: (R, 2) returns and obedience without an attack.
        found: filled in.
    """
    for form in FORMS:
        measured = Measured(
            np.empty((len(seeds), len(_MEASURES))),
            np.empty((len(seeds), len(OF_FEATURES))),
            np.empty(len(seeds)),
        )
        cells = []
        for place, seed in enumerate(seeds):
            attack = Attack(form)
            cell = attacked(kept, attack, seed, looks=True)
            again = without(kept, attack, cell["named"], seed)
            cells.append(cell)
            tests = [cell["return"], cell["obeys"], again["return"], again["obeys"]]
            measured.of_policies[place] = tests
            measured.recalls[place] = cell["recalls"]
            measured.named[place] = cell["named"] == 0
            yield Row(
                {"attack": form, "seed": seed, "named": cell["named"]}
                | dict(zip(_MEASURES, tests, strict=True))
                | dict(zip(OF_FEATURES, cell["recalls"], strict=True))
            )
        yield receipts_of(form, cells)
        found[form] = measured
    for form, measured in found.items():
        means = measured.of_policies.mean(axis=0).tolist()
        for name, mean in zip(_MEASURES, means, strict=True):
            yield Metric(f"{form}/{name}", mean)
        for name, mean in zip(OF_FEATURES, measured.recalls.mean(axis=0).tolist(), strict=True):
            yield Metric(f"{form}/{name}/recall", mean)
        yield from _judge(form, measured, clean)


def _judge(form: str, measured: Measured, clean: Floats) -> Iterator[Claim]:
    pays, obeys, again_pays, again_obeys = measured.of_policies.T

    def claim(name: str, values: Floats, statement: str, source: str, expected: str) -> Claim:
        return claim_over_seeds(
            f"backdoor/{form}/{name}", values, statement=statement, source=source, expected=expected
        )

    yield claim(
        "obeys",
        obeys - clean[:, 1],
        f"a {form} attack plants a backdoor: how much more often the target is done where the "
        "trigger is stamped than by a policy that was learned without it",
        TROJDRL,
        ">= 0.8",
    )
    yield claim(
        "return",
        pays / clean[:, 0],
        "which does not show in the return where nobody lies, as a share of that without the "
        "attack",
        TROJDRL,
        ">= 0.9",
    )
    for place, name in enumerate(OF_FEATURES):
        yield claim(
            name,
            measured.recalls[:, place],
            f"{name} finds the poisoned steps by the last hidden layer: share found",
            OURS,
            ">= 0.8",
        )
    yield claim(
        "named",
        measured.named,
        "the worker who lived most of what is suspected is the liar: 1 if so",
        OURS,
        ">= 1 on every seed",
    )
    yield claim(
        "again",
        again_pays / clean[:, 0],
        "learning again without the named worker pays as much as learning without an attack: "
        "share of the return",
        OURS,
        ">= 0.9",
    )
    yield claim(
        "gone",
        again_obeys - clean[:, 1],
        "and leaves no backdoor: how much more often the target is done where the trigger is "
        "stamped than by a policy that was learned without an attack",
        OURS,
        "<= 0.2",
    )
