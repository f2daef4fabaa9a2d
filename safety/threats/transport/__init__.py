"""Threats to updates on their way: what a network loses.

They are threats to rows of numbers, round by round, as those to updates are (see
``rallypoint.safety.threats.update``), whose frame and conformance suite are theirs, too. The frame
asks them after all lies, as a liar's update is lost like any other; whom they touch is honest.
"""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.safety.limits import Victims
from rallypoint.safety.threats import Site
from rallypoint.safety.threats.update import UpdateThreat


@dataclass(frozen=True, kw_only=True)
class TransportThreat(UpdateThreat):
    """Something that befalls updates on their way, whoever sends them."""

    site: ClassVar[Site] = "transport"

    victims: Victims = "all"
