"""What each threat really did, and where that departs from what was declared."""

from rallypoint.safety.receipts.disagreements import disagreements
from rallypoint.safety.receipts.receipt import VIOLATIONS, Receipt, Seen
from rallypoint.safety.receipts.sums import combined

__all__ = ["VIOLATIONS", "Receipt", "Seen", "combined", "disagreements"]
