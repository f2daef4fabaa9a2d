"""Tables of action values: choosing by them, keeping them in a file, taking them elsewhere."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from rallypoint.agents.tabular.encoding import ENCODINGS, Encoding
from rallypoint.batch_env import Actions, Observations
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.errors import InvalidConfig, UnreadableFile, did_you_mean
from rallypoint.files import write_atomically

_FORMAT = "rallypoint-tables-1"


def choose(values: Floats, epsilon: float, draws: Draws) -> Integers:
    """Choose epsilon-greedily: (E, N, A) -> (E, N); ties are uniform among the maximal actions."""
    num_agents, num_actions = values.shape[1:]
    numbers = draws.random((num_agents, num_actions + 1))  # (E, N, A + 1)
    is_best = values == values.max(axis=2, keepdims=True)
    greedy: Integers = np.where(is_best, numbers[:, :, :-1], -1.0).argmax(axis=2)
    if epsilon == 0:
        return greedy
    # Below epsilon the last number is uniform again, and names the random action.
    explored = numbers[:, :, -1] * (num_actions / epsilon)
    chosen: Integers = np.where(explored < num_actions, explored, greedy).astype(np.int64)
    return chosen


@dataclass(frozen=True)
class TabularPolicy:
    """Acts by tables: agent i of copy e by table ``[replicate of e, i mod N']``.

    So the tables of N' agents serve any number of agents, and the tables of R training runs can be
    tried side by side.
    """

    tables: Floats  # (R, N', S, A)
    encoding: Encoding
    epsilon: float = 0.0
    replicates: Integers | None = None  # (E,), which of the R each copy uses; None: all the first
    group: str = "agents"

    def __post_init__(self) -> None:
        """Refuse tables that do not fit the encoding, and an epsilon that is no probability."""
        if self.tables.ndim != 4 or self.tables.shape[2] != self.encoding.num_states:
            raise InvalidConfig(
                f"tables are (replicates, agents, {self.encoding.num_states} states, actions), "
                f"got {self.tables.shape}"
            )
        if not 0 <= self.epsilon <= 1:
            raise InvalidConfig(f"epsilon is a probability, got {self.epsilon}")

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent."""
        percepts = self.encoding(observations[self.group])
        num_copies, num_agents = percepts.shape
        _, num_tables, num_states, num_actions = self.tables.shape
        replicates = np.zeros(num_copies, np.int64) if self.replicates is None else self.replicates
        tables = np.arange(num_agents) % num_tables
        rows = (replicates[:, None] * num_tables + tables) * num_states + percepts
        values = self.tables.reshape(-1, num_actions)[rows]
        return {self.group: choose(values, self.epsilon, draws)}


def save_tables(path: Path | str, tables: Floats, encoding: Encoding, **about: Any) -> None:
    """Write one replicate's tables (N', S, A), with what they need to be read.

    Raises:
        UnwritablePath: nothing half-written is left behind.
    """
    write_atomically(Path(path), tables_file(tables, encoding, **about))


def tables_file(tables: Floats, encoding: Encoding, **about: Any) -> bytes:
    """Return the bytes of a safetensors file with one replicate's tables (N', S, A)."""
    metadata = {
        "format": _FORMAT,
        "encoding": encoding.name,
        "encoding_settings": json.dumps(asdict(encoding)),  # type: ignore[call-overload]  # Encoding is a dataclass by contract
        "about": json.dumps(about, sort_keys=True),
    }
    return save({"tables": np.ascontiguousarray(tables)}, metadata=metadata)


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
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        if isinstance(error, UnreadableFile):
            raise
        raise UnreadableFile(
            f"{path} is no readable table file ({error}); it must come from save_tables"
        ) from error
    encoding = _encoding(Path(path), name, settings)
    if tables.ndim != 3 or tables.shape[1] != encoding.num_states or 0 in tables.shape:
        raise UnreadableFile(
            f"{path} must hold tables (agents, {encoding.num_states} states, actions), "
            f"got {tables.shape}"
        )
    if tables.dtype.kind != "f" or not np.isfinite(tables).all():
        raise UnreadableFile(f"{path} has entries that are no finite numbers")
    return tables.astype(np.float64), encoding


def _encoding(path: Path, name: str, settings: Any) -> Encoding:
    if name not in ENCODINGS:
        hint = did_you_mean(name, ENCODINGS)
        raise UnreadableFile(f"{path} needs an encoding {name!r} that is not known{hint}")
    try:
        return ENCODINGS[name](**settings)
    except (TypeError, InvalidConfig) as error:
        raise UnreadableFile(f"{path}: settings {settings!r} do not fit {name!r}") from error
