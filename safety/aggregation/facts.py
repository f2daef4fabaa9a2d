"""What is known about a rule before it is used, for lists and reports."""

from collections.abc import Mapping
from typing import Any

from rallypoint.errors import RallypointError
from rallypoint.safety.aggregation.parts import (
    Composite,
    CoordinateRule,
    Mixing,
    Part,
    SpanRule,
)

_KINDS = (
    (Mixing, "mixing"),
    (SpanRule, "span rule"),
    (CoordinateRule, "coordinate rule"),
    (Composite, "composite"),
)
_N, _F = 20, 4  # where constants are compared


def facts(kind: type[Part]) -> dict[str, Any]:
    """Return what a part declares, as plain values.

    ``kappa`` is the robustness constant with default parameters, and ``kappa_at`` says of which f
    among how many n; None where none is known, or the part is no rule.
    """
    kappa = _kappa(kind)
    return {
        "kind": next((name for base, name in _KINDS if issubclass(kind, base)), "prefix"),
        "bound": kind.bound,
        "kappa": kappa,
        "kappa_at": None if kappa is None else {"n": _N, "f": _F},
        "cost": kind.cost,
        "needs": sorted(kind.needs),
        "lacks": sorted(kind.lacks),
        "source": kind.source,
    }


def in_words(known: Mapping[str, Any]) -> str:
    """Return facts for people, without the source.

    >>> from rallypoint.safety.aggregation.rules import aggregators
    >>> in_words(facts(aggregators["median"]))
    'n >= 2 f + 1; one coordinate pass; kappa 1.29 at n = 20, f = 4; lacks rotation'
    """
    said = [known["bound"], known["cost"]]
    if known["kappa"] is not None:
        at = known["kappa_at"]
        said.append(f"kappa {known['kappa']:.3g} at n = {at['n']}, f = {at['f']}")
    said += [f"{what} {', '.join(known[what])}" for what in ("needs", "lacks") if known[what]]
    return "; ".join(said)


def _kappa(kind: type[Part]) -> float | None:
    try:
        part = kind()
        return part.robustness(_N, _F) if part.least(_F) <= _N else None
    except (TypeError, RallypointError):  # of somebody else's part, which has no defaults
        return None
