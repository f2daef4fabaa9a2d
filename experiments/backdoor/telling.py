"""What cells of one condition tell together."""

from collections.abc import Sequence

from rallypoint.config import from_dict
from rallypoint.experiments.backdoor.kept import Cell
from rallypoint.experiments.experiment import Receipts
from rallypoint.safety.receipts import Receipt, combined


def receipts_of(condition: str, cells: Sequence[Cell]) -> Receipts:
    """Return the receipts of all seeds added up, and where any departs from its threat model."""
    of_cells = [[from_dict(Receipt, told) for told in cell["receipts"]] for cell in cells]
    summed = [combined(parts).to_dict() for parts in zip(*of_cells, strict=True)]
    return Receipts(condition, summed, tuple(says for cell in cells for says in cell["wrong"]))
