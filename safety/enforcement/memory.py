"""What one threat remembers, group by group, and what it draws from."""

from collections.abc import Sequence

from rallypoint.batch_env import BatchEnv, Mask, Snapshot
from rallypoint.draws import Draws
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.enforcement.proposals import (
    ForbidsWriting,
    check_initial_state,
    check_state,
)
from rallypoint.safety.enforcement.steady import is_steady
from rallypoint.safety.known import Rows, Span, sealed
from rallypoint.safety.threats import State, Threat

_AHEAD = 64  # steps whose numbers are drawn at a time, at most


class Memory:
    """The state and the draws of one threat, in E copies."""

    def __init__(
        self, threat: Threat, env: BatchEnv, spans: Sequence[Span], *, place: int, label: str
    ) -> None:
        """Remember nothing yet; see ``Leash`` for place."""
        self._threat = threat
        self._env = env
        self._spans = spans
        self._place = place
        self._label = label
        self._begins = type(threat).begin is not Threat.begin
        self._draws: dict[str, Draws] = {}
        self._states: dict[str, State] = {}

    def begin(self, rows: Mask, seed: int | None) -> None:
        """Begin episodes in the masked copies; a seed starts everything anew, what lasts too."""
        if seed is not None:
            self._open(seed)
        else:
            some = None if rows.all() else rows
            for draws in self._draws.values():
                draws.begin_episode(some)
        if seed is None and not self.remembers:
            return
        lasting = frozenset[str]() if seed is not None else self._threat.lasting
        for span in self._spans:
            group = span.group.name
            initial = self._initial_state(span)
            old = self._states.get(group, initial)
            news = {k: (old if k in lasting else initial)[k][rows] for k in initial}
            if self._begins:
                news = self._begun(group, rows, news)
            self._states[group] = _overlaid(old, rows, news)

    @property
    def remembers(self) -> bool:
        """Whether there is a state, or something else that an episode begins with."""
        return self._begins or any(self._states.values())

    def of(self, group: str, rows: Rows) -> State:
        """Return what it remembers of some copies, not to be written to."""
        return {name: sealed(array[rows]) for name, array in self._states[group].items()}

    def keep(self, group: str, rows: Rows, before: State, state: State) -> None:
        """Remember a new state of some copies.

        Raises:
            NotConformant: it could not be stored in the place of the one before.
        """
        if isinstance(state, dict) and not (before or state):
            return  # nothing is remembered
        check_state(self._label, before, state)
        self._states[group] = (
            _of_its_own(before, state)
            if isinstance(rows, slice)
            else _overlaid(self._states[group], rows, state)
        )

    def draws(self, name: str, rows: Rows) -> Draws:
        """Return the streams of some copies: "schedule", or a group's "own/<group>"."""
        draws = self._draws[name]
        return draws if isinstance(rows, slice) else draws.rows(rows)

    def foretold(self, span: Span) -> Mask | None:
        """Say whom of a group it is set to touch in this episode: (E, n); None if that is open."""
        return self._threat.foretold(self.of(span.group.name, slice(None)))

    def snapshot(self) -> Snapshot:
        """Return everything to go on from."""
        snapshot: Snapshot = {}
        for name, draws in self._draws.items():
            snapshot |= nested(f"draws/{name}", draws.snapshot())
        for group, state in self._states.items():
            kept = {name: array.copy() for name, array in state.items()}
            snapshot |= nested(f"state/{group}", kept)
        return snapshot

    def restore(self, snapshot: Snapshot, seed: int) -> None:
        """Go on from a snapshot of the same seed."""
        self._open(seed)
        for name, draws in self._draws.items():
            draws.restore(part_of(snapshot, f"draws/{name}"))
        for span in self._spans:
            state = part_of(snapshot, f"state/{span.group.name}")
            self._states[span.group.name] = {k: v.copy() for k, v in state.items()}

    def _open(self, seed: int) -> None:
        groups = [span.group.name for span in self._spans]
        alike = self._threat.groups_draw_alike
        channels = {f"own/{group}": "own" if alike else f"own/{group}" for group in groups}
        # One that is steady draws when an episode begins, and no more in it.
        ahead = 1 if is_steady(self._threat) else _ahead(self._env.time_limit)
        self._draws = {
            name: Draws(
                seed,
                f"threats/{self._threat.kind}/{channel}",
                self._env.copies,
                index=self._place,
                ahead=ahead,
            )
            for name, channel in (channels | {"schedule": "schedule"}).items()
        }

    def _initial_state(self, span: Span) -> State:
        num_copies = self._env.num_copies
        state = self._threat.init(num_copies, len(span.group.agents))
        check_initial_state(self._label, num_copies, state)
        return state

    def _begun(self, group: str, rows: Mask, state: State) -> State:
        before = {name: sealed(array) for name, array in state.items()}
        with ForbidsWriting(self._label):
            begun = self._threat.begin(before, self._draws[f"own/{group}"].rows(rows))
        check_state(self._label, before, begun)
        return begun


def _ahead(time_limit: int | None) -> int:
    """Return how many steps' numbers to draw at a time: equal parts of an episode, none left."""
    parts = -(-(time_limit or _AHEAD) // _AHEAD)
    return -(-(time_limit or _AHEAD) // parts)


def _of_its_own(before: State, state: State) -> State:
    """Return a state that shares nothing with what a threat was shown, which others write to."""
    return {
        name: array if array is before[name] or array.flags.writeable else array.copy()
        for name, array in state.items()
    }


def _overlaid(state: State, rows: Mask, news: State) -> State:
    """Return a state with some copies' rows replaced."""
    overlaid = {name: array.copy() for name, array in state.items()}
    for name, array in overlaid.items():
        array[rows] = news[name]
    return overlaid
