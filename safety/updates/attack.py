"""One attack on one round of updates, for scripts and experiments."""

from typing import Any

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.safety import threats
from rallypoint.safety.threats.update import Combine, Updates, UpdateThreat
from rallypoint.safety.updates.asking import ask
from rallypoint.safety.updates.known import KnownUpdates, Places


def attack(
    name: str,
    honest: Updates,
    f_real: int,
    *,
    rng: np.random.Generator,
    aggregator: Combine | None = None,
    own: Updates | None = None,
    **parameters: Any,
) -> Updates:
    """Return what f_real Byzantine contributors send, given what the honest do: (f_real, d).

    A threat to updates by its kind, in its first round, with the knowledge it declares; honest
    updates come first in what the aggregator is asked about, lies last. ``"optimal:std"`` is
    ``optimal`` with ``direction="std"``.

    Args:
        name: the kind of threat.
        honest: (m, d) floating.
        f_real: how many lie.
        rng: of the attackers.
        aggregator: the rule they attack, (n, d) -> (d,), for those that know it.
        own: (f_real, d), what they would have sent; the honest mean if not given.
        parameters: the threat's own keys.

    Raises:
        UnknownName: no such kind; names the nearest.
        InvalidConfig: no threat to updates, an unknown parameter, updates of the wrong form, or an
            attack on an aggregator that was not given.
    """
    if honest.ndim != 2 or not len(honest) or not np.issubdtype(honest.dtype, np.floating):
        raise InvalidConfig(
            f"honest updates are a floating array (m, d) with m >= 1, got {honest.shape} of "
            f"{honest.dtype}"
        )
    m, d = honest.shape
    found = np.broadcast_to(honest.mean(axis=0), (f_real, d)) if own is None else own
    if found.shape != (f_real, d):
        raise InvalidConfig(f"own updates are an array ({f_real}, {d}), got {found.shape}")
    threat = _made(name, parameters, knows_aggregator=aggregator is not None)
    if not f_real:
        return np.empty((0, d), honest.dtype)
    if aggregator is None and "aggregator" in threat.knowledge:
        raise InvalidConfig(f"{threat.kind} attacks an aggregator: give aggregator = a function")
    updates = np.concatenate([honest, found]).astype(honest.dtype, copy=False)
    known = KnownUpdates(
        threat,
        updates,
        Places(own=np.arange(m, m + f_real), colluders=np.arange(0), honest=np.arange(m)),
        opportunities=np.ones(f_real, dtype=bool),
        members=np.arange(m + f_real),
        round_number=0,
        aggregator=aggregator,
    )
    state, label = threat.init(f_real, d), f"the threat {threat.kind!r}"
    lies, _ = ask(threat, label, state, known, rng.spawn(f_real), found=updates)
    return lies


def _made(name: str, parameters: dict[str, Any], *, knows_aggregator: bool) -> UpdateThreat:
    kind, _, direction = name.partition(":")
    table = {"kind": kind, "victims": "all", **parameters}
    if direction:
        table["direction"] = direction
    if knows_aggregator and "knowledge" not in parameters:  # whoever is given it knows it
        table["knowledge"] = [*threats.threats[kind].facts()["knowledge"], "aggregator"]
    threat = threats.from_dict(table)
    if not isinstance(threat, UpdateThreat):
        raise InvalidConfig(
            f"{kind} stands at site {threat.site!r}; attack() is about threats to updates"
        )
    return threat
