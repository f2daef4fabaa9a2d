"""Layer by layer: the rest of the chain, on the columns of each layer alone."""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.safety.aggregation.parts import Need, Part, Property
from rallypoint.safety.aggregation.rules import register


@register
@dataclass(frozen=True, kw_only=True)
class PerLayer(Part):
    """The rest of the chain, for each layer alone: ``per_layer+nnm+krum``; comes first.

    Layers differ in scale, and a rule that looks at whole updates sees little but the largest. A
    lie confined to one layer is then judged there. But nobody ties the layers together any more:
    f contributors may lie in one and others in the next, and kappa of the whole is the worst of
    the layers'. Each layer is an aggregation of its own also in who leaves for not being finite.

    It lacks rotation: layers are made of axes.

    Source: ours. Published code, such as AggregaThor's, joins all layers into one vector.
    """

    name: ClassVar[str] = "per_layer"
    bound: ClassVar[str] = "n >= 1"
    cost: ClassVar[str] = "that of the rest"
    source: ClassVar[str] = "ours"
    needs: ClassVar[frozenset[Need]] = frozenset({"layout"})
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})
