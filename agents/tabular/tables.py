"""Tables of action values: choosing by them, keeping them in a file, taking them elsewhere."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import ENCODINGS, Encoding
from rallypoint.agents.tabular.exploration import Ties, drawn, epsilon_greedy
from rallypoint.batch_env import Actions, BatchEnv, Observations
from rallypoint.config import Config, from_dict
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.errors import Diverged, InvalidConfig, UnreadableFile, did_you_mean
from rallypoint.files import write_atomically
from rallypoint.parameter_files import in_order

_FORMAT = "rallypoint-tables-1"


@dataclass(frozen=True)
class TabularPolicy(Config):
    """Acts by tables: agent i of copy e by table ``[replicate of e, i mod N']``.

    So the tables of N' agents serve any number of agents, and the tables of R training runs can be
    tried side by side.
    """

    tables: Floats  # (R, N', S, A), -inf for actions that an agent does not have
    encoding: Encoding
    epsilon: float = 0.0
    replicates: Integers | None = None  # (E,), which of the R each copy uses; None: all the first
    columns: Columns | None = None  # of the world's groups; None: the only one, "agents"
    ties: Ties = "random"
    softmax: bool = False  # tables are preferences, acted by in proportion to their exponentials

    def __post_init__(self) -> None:
        """Refuse tables that do not fit the encoding, and settings that are none."""
        if self.tables.ndim != 4 or self.tables.shape[2] != self.encoding.num_states:
            raise InvalidConfig(
                f"tables are (replicates, agents, {self.encoding.num_states} states, actions), "
                f"got {self.tables.shape}"
            )
        if not 0 <= self.epsilon <= 1:
            raise InvalidConfig(f"epsilon is a probability, got {self.epsilon}")
        if self.columns is None:
            return
        most, teams = int(self.columns.num_actions.max()), self.tables.shape[1]
        are_alike = (self.columns.num_actions == most).all()
        if self.tables.shape[3] != most or not (are_alike or teams == self.columns.num_agents):
            raise InvalidConfig(
                f"tables of {teams} agents with {self.tables.shape[3]} actions do not fit agents "
                f"with {self.columns.num_actions.tolist()}"
            )

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent."""
        if self.columns is None:
            percepts = self.encoding(observations["agents"])
        else:
            percepts = self.columns.percepts(self.encoding, observations)
        num_copies, num_agents = percepts.shape
        _, num_tables, num_states, num_actions = self.tables.shape
        replicates = np.zeros(num_copies, np.int64) if self.replicates is None else self.replicates
        tables = np.arange(num_agents) % num_tables
        rows = (replicates[:, None] * num_tables + tables) * num_states + percepts
        values = self.tables.reshape(-1, num_actions)[rows]
        if self.columns is None:
            return {"agents": self._chosen(values, np.array([num_actions]), draws)}
        return self.columns.actions(self._chosen(values, self.columns.num_actions, draws))

    def _chosen(self, values: Floats, counts: Integers, draws: Draws) -> Integers:
        if not self.softmax:
            return epsilon_greedy(values, self.epsilon, draws, ties=self.ties, num_actions=counts)
        legal = np.arange(values.shape[2]) < counts[:, None]  # (N, A)
        powers = np.where(legal, np.exp(values - values.max(axis=2, keepdims=True)), 0)
        law = (1 - self.epsilon) * powers / powers.sum(axis=2, keepdims=True)
        law += self.epsilon * legal / counts[:, None]
        return drawn(law, draws.random((values.shape[1],)))


def refuse_no_numbers(env: BatchEnv, tables: Floats) -> None:
    """Refuse tables (copies or runs, N, S, A) that hold NaN or infinity.

    An action that an agent does not have is -inf, and so in all of its states.

    Raises:
        Diverged: says whose they are.
    """
    missing = np.isneginf(tables).all(axis=2, keepdims=True)
    if (wrong := ~(np.isfinite(tables) | missing)).any():
        whose, agent = (int(place) for place in np.argwhere(wrong)[0][:2])
        raise Diverged(
            f"what {env.agents[agent]} learned in {env.id}, number {whose} of those side by side, "
            "are no numbers any more: the world, or a threat to feedback, paid NaN or infinity; or "
            "take a smaller step size"
        )


def save_tables(path: Path | str, tables: Floats, encoding: Encoding, **about: Any) -> None:
    """Write one replicate's tables (N', S, A), with what they need to be read.

    Raises:
        InvalidConfig: tables that could not be read again; see ``tables_file``.
        UnwritablePath: nothing half-written is left behind.
    """
    write_atomically(Path(path), tables_file(tables, encoding, **about))


def tables_file(tables: Floats, encoding: Encoding, **about: Any) -> bytes:
    """Return the bytes of a safetensors file with one replicate's tables (N', S, A).

    Raises:
        InvalidConfig: tables of another shape than the encoding has, or numbers that are not
            finite; -inf marks the last actions of an agent that has fewer than others.
    """
    missing = np.isneginf(tables)  # actions that an agent does not have
    # In C's order, since the library writes memory as it lies.
    kept = np.ascontiguousarray(np.where(missing, 0, tables), dtype=np.float64)
    if fault := _fault(kept, encoding):
        raise InvalidConfig(f"tables {fault}")
    counts = (~missing[:, 0]).sum(axis=1)
    if not counts.all() or (missing != ~_has(counts, kept.shape[2])[:, None]).any():
        raise InvalidConfig(
            "tables are -inf for actions that an agent does not have: the last ones, in all of its "
            "states, and never all of them; elsewhere they are finite"
        )
    metadata = {
        "format": _FORMAT,
        "encoding": encoding.name,
        "encoding_settings": json.dumps(asdict(encoding)),  # type: ignore[call-overload]  # Encoding is a dataclass by contract
        "about": json.dumps(about, sort_keys=True),
    }
    if missing.any():
        metadata["num_actions"] = json.dumps(counts.tolist())
    return in_order(save({"tables": kept}, metadata=metadata))


def load_tables(path: Path | str) -> tuple[Floats, Encoding]:
    """Read tables (N', S, A) and the encoding they were learned with.

    Raises:
        UnreadableFile: no such file, a damaged one, or one that holds something else.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise UnreadableFile(
                    f"{path} holds no tables of this version: its format is "
                    f"{metadata.get('format')!r}, expected {_FORMAT!r}"
                )
            tables: NDArray[Any] = file.get_tensor("tables")
            name, settings = metadata["encoding"], json.loads(metadata["encoding_settings"])
            counts = json.loads(metadata.get("num_actions", "null"))
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        if isinstance(error, UnreadableFile):
            raise
        raise UnreadableFile(
            f"{path} is no readable table file ({error}); it must come from save_tables"
        ) from error
    encoding = _encoding(Path(path), name, settings)
    if fault := _fault(tables, encoding):
        raise UnreadableFile(f"the tables in {path} {fault}")
    return _with_counts(Path(path), tables.astype(np.float64), counts), encoding


def _fault(tables: NDArray[Any], encoding: Encoding) -> str | None:
    """Say what a file's tables must be and are not."""
    if tables.ndim != 3 or tables.shape[1] != encoding.num_states or 0 in tables.shape:
        return f"are (agents, {encoding.num_states} states, actions), got {tables.shape}"
    if tables.dtype.kind != "f" or not np.isfinite(tables).all():
        return "are finite numbers, and some of these are not"
    return None


def _has(counts: NDArray[Any], width: int) -> NDArray[np.bool_]:
    """Say which of so many actions agents have: (N',) -> (N', A)."""
    has: NDArray[np.bool_] = np.arange(width) < counts[:, None]
    return has


def _with_counts(path: Path, tables: Floats, counts: Any) -> Floats:
    """Mark the actions that agents of fewer than the table has do not have."""
    if counts is None:
        return tables
    num_agents, _, width = tables.shape
    if not (
        isinstance(counts, list)
        and len(counts) == num_agents
        and all(type(count) is int and 0 < count <= width for count in counts)
    ):
        raise UnreadableFile(
            f"{path}: num_actions says for each of {num_agents} agents how many of {width} "
            f"actions it has, got {counts!r}"
        )
    return np.where(_has(np.array(counts), width)[:, None], tables, -np.inf)


def _encoding(path: Path, name: str, settings: Any) -> Encoding:
    if name not in ENCODINGS:
        hint = did_you_mean(name, ENCODINGS)
        raise UnreadableFile(f"{path} needs an encoding {name!r} that is not known{hint}")
    try:
        return from_dict(ENCODINGS[name], settings)
    except InvalidConfig as error:
        raise UnreadableFile(f"{path}: settings {settings!r} do not fit {name!r}") from error
