"""The actors of a training: who is there, who does what, and who replaces the gone."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError

from rallypoint.agents.rounds.cluster.session import first_line
from rallypoint.agents.rounds.cluster.watching import Logs
from rallypoint.agents.rounds.host import Host, Recipe
from rallypoint.agents.rounds.placement import Placement
from rallypoint.errors import CannotGoOn

_HOPELESS = 3  # starts in a row that failed

Ref = Any  # of something that Ray is to bring: its types say nothing of what


@dataclass(eq=False)
class Member:
    """One actor."""

    name: str
    handle: Any
    started: Ref
    pid: int | None = None  # of its process, on whichever node
    is_ready: bool = False
    is_gone: bool = False
    played: dict[int, int] = field(default_factory=dict)  # the last round of its blocks, as it is


class Crew:
    """Actors, always as many as were asked for: a new one starts where one is gone."""

    def __init__(
        self,
        recipe: Recipe,
        placement: Placement,
        count: int,
        environment: Mapping[str, Any],
        logs: Logs,
    ) -> None:
        """Start them, and wait until they have; the recipe travels once, as an object.

        Raises:
            CannotGoOn: they do not start; says why, as far as that is known.
        """
        self._recipe = ray.put(recipe)
        self._launch: Any = ray.remote(Host).options(  # a plain class, wrapped where it is launched
            num_cpus=placement.cpus,
            num_gpus=placement.gpus,
            scheduling_strategy="SPREAD",
            runtime_env=dict(environment),
            max_restarts=0,  # the protocol decides what is done again, and where
            max_task_retries=0,
        )
        self._logs = logs
        self._failures = 0  # to start, in a row
        self.replaced = 0
        self._numbers = 0
        self.members = [self._started() for _ in range(count)]
        try:
            self._wait(placement.start_seconds)
        except BaseException:
            self.close()
            raise

    @property
    def ready(self) -> list[Member]:
        """Who can be given work."""
        return [member for member in self.members if member.is_ready]

    def chosen(
        self, block: int, idle: Sequence[Member], tried: Collection[Member], *, anybody: bool
    ) -> Member | None:
        """Return who of the idle is to do a block, if it is not better to wait.

        Args:
            block: which.
            idle: who could begin at once.
            tried: who has been asked already, and is asked again only if all have.
            anybody: whether the block need not be done at home, where its world is.
        """
        home = self.members[block % len(self.members)]
        if home in idle and home not in tried:
            return home
        if home.is_ready and not anybody:
            return None
        fresh = [member for member in idle if member not in tried]
        if not fresh and all(member in tried for member in self.ready):
            fresh = list(idle)
        return fresh[0] if fresh else None

    def replace(self, member: Member) -> None:
        """Put a new actor in the place of one that is gone, or is to go."""
        if member.is_gone:
            return
        member.is_gone, member.is_ready = True, False
        ray.kill(member.handle)
        self.replaced += 1
        self.members[self.members.index(member)] = self._started()

    def take(self, member: Member) -> None:
        """Take note of whether an actor has started, as soon as that is known.

        Raises:
            CannotGoOn: one after another cannot, and nobody else is there.
        """
        try:
            member.pid, lines = ray.get(member.started)
        except RayError as error:
            self._failures += 1
            self.say(member, f"could not start: {first_line(error)}")
            if self._failures >= _HOPELESS and not self.ready:
                raise CannotGoOn(f"no actor can start: {first_line(error)}") from error
            self.replace(member)
            return
        self._failures = 0
        member.is_ready = True
        self._logs.tell(member.name, lines)

    def say(self, member: Member, line: str) -> None:
        """Write something into an actor's log that it cannot say itself."""
        self._logs.tell(member.name, [f"{time.strftime('%Y-%m-%d %H:%M:%S')} (driver) {line}"])

    def close(self) -> None:
        """Stop all."""
        for member in self.members:
            ray.kill(member.handle)
        self.members = []

    def _started(self) -> Member:
        name = f"actor-{self._numbers}"
        self._numbers += 1
        handle = self._launch.remote(self._recipe, name)
        return Member(name, handle, handle.ready.remote())

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while starting := {m.started: m for m in self.members if not m.is_ready}:
            left = max(0.0, until - time.monotonic())
            ready, _ = ray.wait([*starting], num_returns=1, timeout=left)
            if not ready:
                raise CannotGoOn(
                    f"{len(starting)} of {len(self.members)} actors have not started within "
                    f"{seconds:g} seconds; the cluster may be busy: ask for fewer, or give them "
                    "longer, as in --ray-set start_seconds=300"
                )
            self.take(starting[ready[0]])
