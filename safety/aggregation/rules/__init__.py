"""The rules there are, one to a file; a file added here is a rule added."""

from typing import TypeVar

from rallypoint.registry import Registry
from rallypoint.safety.aggregation.parts import Part

Kind = TypeVar("Kind", bound="type[Part]")


def register(kind: Kind) -> Kind:
    """Register a part under its name."""
    aggregators.add(kind.name, kind)
    return kind


aggregators: Registry[type[Part]] = Registry("aggregator", __package__)
