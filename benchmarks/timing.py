"""Timing cases side by side.

Every round visits every case, so that whatever else the machine does meets all of them alike, and a
ratio can be taken within a round.
"""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")
Work = Callable[[], int]  # does a piece of work, whole episodes; returns its agent-steps


class Failed(Exception):
    """A case cannot be timed, for the reason given."""


class Sample(NamedTuple):
    """One case in one round."""

    agent_steps: int
    seconds: float
    cpu_seconds: float
    pieces: int  # how often the work was done

    @property
    def rate(self) -> float:
        """Agent-steps per second of CPU: to wait for a core, on a busy machine, is no work."""
        return self.agent_steps / max(self.cpu_seconds, 1e-9)


Sampler = Callable[[float], Sample]  # works for at least so many seconds


@dataclass(frozen=True, kw_only=True)
class Case:
    """Something to time: a cell of a table."""

    row: str
    prepare: Callable[[], Work]  # imports, builds and draws actions; not timed
    column: str = ""
    rounds: int | None = None  # fewer than the others get, for work that takes long
    seconds: float | None = None  # longer than the others get, for pieces that differ
    suite: str = ""

    @property
    def id(self) -> str:
        """What it is called in patterns and files."""
        return f"{self.row} {self.column}".strip()


@dataclass(kw_only=True)
class Timing:
    """All samples of one case, or why there are none."""

    case: Case
    samples: list[Sample] = field(default_factory=list)
    failure: str | None = None

    @property
    def rates(self) -> list[float]:
        """Agent-steps per second of CPU, in each round."""
        return [sample.rate for sample in self.samples]

    @property
    def rate(self) -> float:
        """Median agent-steps per second of CPU."""
        return median(self.rates)

    @property
    def cpu_seconds(self) -> list[float]:
        """CPU seconds of one piece of work, in each round."""
        return [sample.cpu_seconds / sample.pieces for sample in self.samples]


def opened(case: Case) -> Sampler:
    """Get a case ready in this very process."""
    work = case.prepare()
    if case.rounds is None:  # fill the caches; work that takes long does so by itself
        work()
    return partial(sample, work)


def measure(
    cases: Sequence[Case],
    *,
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
    open_case: Callable[[Case], Sampler] = opened,
) -> dict[str, Timing]:
    """Time every case for about so many seconds in each round.

    A case that cannot be prepared or fails is given up with the reason. An interruption from the
    keyboard ends the measuring; what was measured until then is returned.
    """
    timings = {case.id: Timing(case=case) for case in cases}
    samplers: dict[str, Sampler] = {}
    try:
        for case in cases:
            say(f"preparing {case.id}")
            sampler = _attempt(timings[case.id], partial(open_case, case))
            if sampler is not None:
                samplers[case.id] = sampler
        for number in range(rounds):
            for case in cases:
                timing = timings[case.id]
                if timing.failure is None and (case.rounds is None or number < case.rounds):
                    say(f"round {number + 1} of {rounds}: {case.id}")
                    at_least = max(seconds, case.seconds or 0.0)
                    found = _attempt(timing, partial(samplers[case.id], at_least))
                    timing.samples += [found] if found else []
    except KeyboardInterrupt:
        say("stopped")
    return timings


def sample(work: Work, seconds: float) -> Sample:
    """Repeat the work until so many seconds are over."""
    # Python looks for garbage whenever it has made enough objects: among those of this case, then,
    # and not among all that the process holds, which would fall to whichever case comes first.
    gc.collect()
    gc.freeze()
    try:
        return _repeated(work, seconds)
    finally:
        gc.unfreeze()


def _repeated(work: Work, seconds: float) -> Sample:
    agent_steps = pieces = 0
    began, began_cpu = time.perf_counter(), time.process_time()
    while True:
        agent_steps += work()
        pieces += 1
        took = time.perf_counter() - began
        if took >= seconds:
            return Sample(agent_steps, took, time.process_time() - began_cpu, pieces)


def reason(error: Exception) -> str:
    """Say in a line what went wrong."""
    text = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())


def _attempt(timing: Timing, call: Callable[[], Result]) -> Result | None:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - other libraries fail in their own ways
        timing.failure = reason(error)
        return None
