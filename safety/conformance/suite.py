"""Every promise of the contract, asked of a threat one after another."""

import dataclasses
import json
from typing import Any

import numpy as np

from rallypoint.batch_env import BatchEnv, Step
from rallypoint.config import check_frozen
from rallypoint.errors import InvalidConfig, NotConformant, NotOffered, RallypointError
from rallypoint.safety import threats
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.conformance.proving_ring import ProvingRing
from rallypoint.safety.conformance.scenes import sample
from rallypoint.safety.conformance.stand_in import Anything
from rallypoint.safety.conformance.trial import Trial
from rallypoint.safety.conformance.update_suite import assert_is_update_threat
from rallypoint.safety.enforcement.feasibility import refuse_impossible
from rallypoint.safety.enforcement.proposals import check_initial_state
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Schedule
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threats import Threat

_STEPS = 10


def assert_is_threat(threat: Threat | str, *, env: BatchEnv | None = None) -> None:
    """Fail, with one sentence that says what is wrong, unless a threat keeps the whole contract.

    It never warns. The checks are: a frozen, keyword-only dataclass, registered under its kind,
    that checks its limits and comes back from JSON unchanged; a first state with one row for each
    copy; then, in trials on a world, proposals of the right form, within the opportunities, from
    declared knowledge and its own draws alone, without writing to what it is given, and the same
    for a copy whether it is alone or among others. A threat to updates is tried on updates: lies
    of the right form, finite unless it says otherwise, with the rest as above.

    Args:
        threat: the threat, or its kind, which is then tried with its default settings.
        env: a world to try it in, if the proving ground lacks what it needs. It is reset.

    Raises:
        NotConformant: says what must hold and what the threat does.
    """
    given = _made(threat) if isinstance(threat, str) else threat
    if not isinstance(given, Threat):
        raise NotConformant(f"a threat is an instance of a subclass of Threat, not {given!r}")
    label = f"the threat {getattr(given, 'kind', type(given).__name__)!r}"
    for check in (check_frozen, _is_registered, _has_site, _checks_limits, _comes_back_from_json):
        check(given, label)
    if given.site in threats.OF_ROUNDS:
        assert_is_update_threat(given, label)
        return
    _has_initial_state(given, label)
    world = _ground_for(given) if env is None else env
    try:
        refuse_impossible(given, world, label)
    except (InvalidConfig, NotOffered) as error:
        raise NotConformant(f"it cannot be tried: {error}; give an env that it fits") from error
    world.reset(seed=0)
    for trial in Trial.all_of(given.fit(world), world, label):
        trial.proposes_within_its_opportunities()
        trial.is_pure()
        trial.treats_each_copy_alone()
        trial.goes_on_with_the_same()
    _is_nothing_without_victims(given, world, label)
    _agrees_with_its_receipt(given, world, label)


def _made(kind: str) -> Threat:
    found = threats.threats[kind]
    if found.kind != kind:
        raise NotConformant(
            f"the threat {kind!r} must be of the kind by which it is found, and is {found.kind!r}"
        )
    try:
        return found()
    except TypeError as error:
        raise NotConformant(
            f"the threat {kind!r} must have a default for each of its settings: {error}"
        ) from error


def _ground_for(threat: Threat) -> BatchEnv:
    """Return the world to try it in: with two groups, or one that says who is where."""
    asks_where = "geometry" in {*threat.needs, *threat.knowledge}
    return ProvingRing(copies=4) if asks_where else ProvingGround(copies=4)


def _is_registered(threat: Threat, label: str) -> None:
    kind = getattr(threat, "kind", None)
    if not isinstance(kind, str) or not kind.isidentifier():
        raise NotConformant(f"{label} must have a kind that is one word, got {kind!r}")
    if kind not in threats.threats or threats.threats[kind] is not type(threat):
        raise NotConformant(
            f"{label} must be registered under its kind: decorate it with @register"
        )


def _has_site(threat: Threat, label: str) -> None:
    site = getattr(threat, "site", None)
    if site not in threats.SITES:
        raise NotConformant(
            f"{label} must stand at one of {', '.join(threats.SITES)}, not {site!r}"
        )


def _checks_limits(threat: Threat, label: str) -> None:
    """A subclass that forgets ``super().__post_init__()`` would take anything."""
    scheduled: Any = dataclasses.replace(threat, when={"from": 3})
    if scheduled.when != Schedule(from_=3):
        raise NotConformant(f"{label} must call super().__post_init__(), which checks its limits")


def _comes_back_from_json(threat: Threat, label: str) -> None:
    try:
        text = json.dumps(threat.to_dict())
        back = threats.from_dict(json.loads(text))
    except (TypeError, RallypointError) as error:
        raise NotConformant(f"{label} must survive JSON: {error}") from error
    if back != threat:
        raise NotConformant(f"{label} must come back from JSON as it was, not as {back!r}")


def _has_initial_state(threat: Threat, label: str) -> None:
    alone = threat.init(1, 2)
    check_initial_state(label, 1, alone)
    many = threat.init(3, 2)
    check_initial_state(label, 3, many)
    for name in many:
        if name not in alone or any(not np.array_equal(row, alone[name][0]) for row in many[name]):
            raise NotConformant(f"{label} must begin every copy alike, and does not in {name!r}")


def _is_nothing_without_victims(threat: Threat, env: BatchEnv, label: str) -> None:
    nobody = dataclasses.replace(threat, victims=())
    null = Threatened(env, [nobody], policy=Anything(env.groups))
    for bare, threatened in zip(_play(env), _play(null), strict=True):
        same = all(
            bare.observations[name].tobytes() == threatened.observations[name].tobytes()
            for name in bare.observations
        )
        flags = ("rewards", "terminated", "truncated", "alive")
        same &= all(np.array_equal(getattr(bare, f), getattr(threatened, f)) for f in flags)
        if not same:
            raise NotConformant(f"{label} must change nothing when it has no victims")


def _agrees_with_its_receipt(threat: Threat, env: BatchEnv, label: str) -> None:
    victims = threat.victims if threat.victims != "byzantine" else [0]
    # Not "all" from step 0 on: everybody may be gone then, before anything was tried.
    tried = dataclasses.replace(threat, victims=victims, when={"from": 1})
    frame = Threatened(env, [tried], policy=Anything(env.groups))
    _play(frame)
    if wrong := disagreements(frame.model, frame.receipts()):
        raise NotConformant(f"{label} {wrong[0]}")


def _play(env: BatchEnv) -> list[Step]:
    """Play the first steps of the episodes of seed 0, until a copy ends."""
    env.reset(seed=0)
    steps: list[Step] = []
    while len(steps) < _STEPS and not (steps and steps[-1].ended.any()):
        seed = len(steps)
        shapes = {group.name: (env.num_copies, len(group.agents)) for group in env.groups}
        actions = {g.name: sample(g.action_space, shapes[g.name], seed) for g in env.groups}
        steps.append(env.step(actions))
    return steps
