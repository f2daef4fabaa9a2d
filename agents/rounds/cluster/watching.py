"""What can be watched of rounds on a cluster: Ray's metrics, and a log for every actor."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ray.util.metrics import Counter, Gauge

_TAGS = ("run",)


class Watch:
    """Numbers for whoever watches Ray: Prometheus has them as ``ray_rallypoint_…``."""

    def __init__(self, run: str) -> None:
        """Watch a run by its name."""
        self._tags = {"run": run}
        self._rounds = Counter("rallypoint_rounds", "Rounds that were finished", _TAGS)
        self._gauges = {
            name: Gauge(f"rallypoint_{name}", about, _TAGS)
            for name, about in (
                ("rounds_per_second", "How fast the last rounds were"),
                ("alive", "Contributors whose update came in the last round"),
                ("late", "Contributors who were asked again in the last round, or given up"),
                ("suspected", "Contributors whose answer was no update in the last round"),
                ("actors", "Actors that are running"),
            )
        }

    def tell(self, numbers: Mapping[str, float]) -> None:
        """Tell of a round."""
        self._rounds.inc(1, self._tags)
        for name, number in numbers.items():
            self._gauges[name].set(number, self._tags)


class Logs:
    """A file for every actor, in a folder of the run; nothing is written without one."""

    def __init__(self, folder: Path | None) -> None:
        """Write into a folder, which is made when there is something to write."""
        self._folder = folder

    def tell(self, name: str, lines: Iterable[str]) -> None:
        """Append to the log of an actor."""
        text = "".join(f"{line}\n" for line in lines)
        if self._folder is None or not text:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{name}.log").open("a", encoding="utf-8") as file:
            file.write(text)
