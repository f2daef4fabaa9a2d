"""A copy plays the same episodes in any company: alone, in a shard, in the whole."""

from rallypoint.envs.conformance.recording import difference, play
from rallypoint.envs.conformance.subject import Subject
from rallypoint.errors import NotConformant

_SHARDS = ([3], [6, 1])


def check(subject: Subject) -> None:
    """Play eight copies together, and some of them apart.

    Raises:
        NotConformant: names where the episodes of one copy differ.
    """
    together = subject.make(copies=8)
    whole = play(together, 0, subject.steps)
    for shard in _SHARDS:
        env = subject.make(copies=shard)
        part = play(env, 0, subject.steps)
        for row, copy in enumerate(shard):
            if found := difference(env, part, whole, [row], [copy]):
                raise NotConformant(
                    f"copy {copy} plays another episode in a batch of {len(shard)} than in one of "
                    f"8: {found}"
                )
