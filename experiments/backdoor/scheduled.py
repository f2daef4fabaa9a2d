"""When is poisoned, by which rule: first, in the middle, last, or spread over the training."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.backdoor import TROJDRL
from rallypoint.experiments.backdoor.attacked import attacked
from rallypoint.experiments.backdoor.kept import Kept
from rallypoint.experiments.backdoor.learning import Attack
from rallypoint.experiments.backdoor.telling import receipts_of
from rallypoint.experiments.experiment import Finding, Metric, Row

FORMS = ("strong", "weak", "untargeted")
_MEASURES = ("return", "obeys", "stamped_return")


def findings(kept: Kept, seeds: tuple[int, ...], clean: Floats) -> Iterator[Finding]:
    """Attack by every rule at every time, and judge; clean is (R, 2) returns and obedience."""
    for form in FORMS:
        for spread in kept.config.spreads:
            cells = []
            for seed in seeds:
                looks = spread == "uniform" and form != "untargeted"  # as it was learned before
                cell = attacked(kept, Attack(form, spread), seed, looks=looks)
                cells.append(cell)
                told = {name: cell[name] for name in _MEASURES}
                yield Row({"attack": form, "spread": spread, "seed": seed} | told)
            yield receipts_of(f"{form}/{spread}", cells)
            found = np.array([[cell[name] for name in _MEASURES] for cell in cells])
            for name, mean in zip(_MEASURES, found.mean(axis=0).tolist(), strict=True):
                yield Metric(f"scheduled/{form}/{spread}/{name}", mean)
            yield claim_over_seeds(
                f"backdoor/scheduled/{form}/{spread}/return",
                found[:, 0] / clean[:, 0],
                statement=f"a {form} attack, its poison {spread}, does not show in the return "
                "where nobody lies, as a share of that without the attack",
                source=TROJDRL,
                expected=">= 0.9",
            )
            if form == "untargeted":  # it has no target that could be done
                continue
            yield claim_over_seeds(
                f"backdoor/scheduled/{form}/{spread}/obeys",
                found[:, 1] - clean[:, 1],
                statement=f"a {form} attack, its poison {spread}, plants a backdoor: how much more "
                "often the target is done where the trigger is stamped than by a policy that was "
                "learned without it",
                source=TROJDRL,
                expected=">= 0.8",
                documented_limit=spread != "uniform",
            )
