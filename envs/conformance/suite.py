"""Every promise of the contract, asked of a world one after another."""

from collections.abc import Callable
from typing import Any

from rallypoint.batch_env import BatchEnv
from rallypoint.envs.conformance import (
    declarations,
    episodes,
    hash_seeds,
    independence,
    parts,
    pictures,
    purity,
    randomness,
    refusals,
    removal,
    resets,
    snapshots,
    time_limit,
)
from rallypoint.envs.conformance.faults import during
from rallypoint.envs.conformance.subject import Subject
from rallypoint.errors import NotConformant, RallypointError

# Each stands on those before it, so that the fault named first explains what else is wrong.
_CHECKS = (
    declarations.check,
    parts.check,
    episodes.check,
    time_limit.check,
    randomness.check,
    refusals.check,
    purity.check,
    resets.check,
    independence.check,
    removal.check,
    snapshots.check,
    pictures.check,
)


def assert_is_env(
    env: str | Callable[..., BatchEnv],
    *,
    processes: bool = True,
    max_steps: int = 1000,
    **settings: Any,
) -> None:
    """Fail, with one sentence that says what is wrong, unless a world keeps the whole contract.

    >>> assert_is_env("gathering-v0", processes=False, num_agents=3, cells=5)

    Args:
        env: an id, or something to call with ``copies`` and the settings that makes the world.
        processes: also play whole episodes in fresh processes, under other values of
            PYTHONHASHSEED. They import what makes the world, which must be importable therefore.
        max_steps: how long an episode is followed, where its time limit is later or none.
        **settings: the environment's own.

    Raises:
        NotConformant: the promise that is broken, and where: agent, row, step and value.
        InvalidConfig: fresh processes cannot make the world, or nobody can with these settings.
        UnknownName: there is no such id.
    """
    subject = Subject(env, settings, max_steps)
    if isinstance(env, str):
        try:
            subject.make()
        except RallypointError:  # an unknown id or setting is no fault of the world
            raise
        except Exception as error:
            raise NotConformant(
                f"{env}: making it with copies=1 raises {type(error).__name__}: {error}"
            ) from error
    if processes:
        hash_seeds.refuse_unless_importable(subject)
    try:
        for check in (*_CHECKS, hash_seeds.check) if processes else _CHECKS:
            with during(f"the check of {check.__module__.rpartition('.')[2]}"):
                check(subject)
        subject.close()
    except NotConformant as error:
        raise NotConformant(f"{subject.name}: {error}") from error.__cause__
