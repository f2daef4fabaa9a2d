"""Rounds on a Ray cluster: actors compute, in whatever process and on whatever node they are."""

from rallypoint.agents.rounds.cluster.asking import AskedThere
from rallypoint.agents.rounds.cluster.delivery import Cluster

__all__ = ["AskedThere", "Cluster"]
