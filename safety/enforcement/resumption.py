"""What the threats' part of a snapshot must be before a frame goes on from it."""

from collections.abc import Sequence

import numpy as np

from rallypoint.batch_env import BatchEnv, Snapshot
from rallypoint.errors import InvalidConfig
from rallypoint.safety.enforcement.ballot import Ballot
from rallypoint.safety.enforcement.leash import Leash
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.snapshots import check_snapshot


def checked_part(
    snapshot: Snapshot, kept: Snapshot, env: BatchEnv, lots: Ballot, leashes: Sequence[Leash]
) -> Snapshot:
    """Return the threats' part of a snapshot, refusing what does not fit this world.

    Args:
        snapshot: as it came.
        kept: what the frame itself keeps, as it must be.
        env: the world under threats.
        lots: who lies; new ones, since they are begun here to see what they keep.
        leashes: the threats; likewise.

    Raises:
        InvalidConfig: says what must hold and what came.
    """
    of = f"{env.id} under threats"
    check_snapshot(snapshot, {}, of=of)
    came = part_of(snapshot, "threats")
    kinds = {name.partition("/")[0] for name in came if name[:1].isdigit()}
    mine = {f"{index}.{leash.threat.kind}" for index, leash in enumerate(leashes)}
    if "seed" not in came or kinds != mine:
        raise InvalidConfig(
            f"the snapshot is of a world under threats {sorted(kinds)}, this one is under "
            f"{sorted(mine)}"
        )
    everybody = np.ones(env.num_copies, dtype=bool)
    lots.begin(everybody, 0)
    like = {**kept, "seed": np.array(0, dtype=np.uint64)} | nested("byzantine", lots.snapshot())
    for index, leash in enumerate(leashes):
        leash.begin(everybody, 0)
        place = f"{index}.{leash.threat.kind}"
        like |= nested(place, leash.snapshot())
        like |= _of_any_length(came, f"{place}/tally/seeds", like)
    if any(leash.threat.site == "observation" for leash in leashes):
        like |= nested("perceived", _percepts(env, came))
    check_snapshot(came, like, of=of)
    if not lots.is_drawn and (came["byzantine/chosen"] != lots.chosen).any():
        raise InvalidConfig(
            "the snapshot is of a world in which others are Byzantine; go on from it with those "
            "who were"
        )
    return came


def _of_any_length(came: Snapshot, name: str, like: Snapshot) -> Snapshot:
    """Return an array as it must be, with as many rows as came."""
    shape = getattr(came.get(name), "shape", ())
    return {name: np.zeros((*shape[:1], *like[name].shape[1:]), like[name].dtype)}


def _percepts(env: BatchEnv, came: Snapshot) -> Snapshot:
    """Return what is seen as it must be, of the types that came: those are the world's affair."""
    percepts = {}
    for group in env.groups:
        shape = (env.num_copies, len(group.agents), *(group.observation_space.shape or ()))
        kind = getattr(came.get(f"perceived/{group.name}"), "dtype", np.float64)
        percepts[group.name] = np.broadcast_to(np.zeros((), dtype=kind), shape)
    return percepts
