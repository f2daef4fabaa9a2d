"""The network that believes: a gated recurrent unit, and a probability for each teammate."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from rallypoint.agents.belief.features import Singles
from rallypoint.agents.gradient.perceptron import TOGETHER
from rallypoint.counts import check_weights
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.files import write_atomically
from rallypoint.parameter_files import in_order

_FORMAT = "rallypoint-belief-1"
_GAIN = 2.0  # of the encoder's first weights: numbers that are mostly 0 and 1 are small inputs


class BeliefNetwork(nn.Module):
    """From what an agent has seen and done so far to who of its team is hostile.

    Source: the belief network of Li et al. (2024), "Byzantine Robust Cooperative Multi-Agent
    Reinforcement Learning as a Bayesian Game", ICLR, arXiv:2305.12872: a GRU trained by binary
    cross-entropy on the types that Nature drew. Gates: Cho et al. (2014), arXiv:1406.1078.
    """

    def __init__(self, inputs: int, num_agents: int, *, hidden: int = 32, seed: int = 0) -> None:
        """Draw the weights for a seed, uniform within the inverse root of a layer's inputs.

        Raises:
            InvalidConfig: they would fill memory.
        """
        super().__init__()
        of_cell = 6 * hidden * (hidden + 1)  # three gates see what comes in and what is remembered
        whole = (inputs + 1) * hidden + of_cell + (hidden + 1) * num_agents
        check_weights(whole, whose="a belief")
        self.inputs, self.num_agents, self.hidden = inputs, num_agents, hidden
        self.encoder = nn.Linear(inputs, hidden)
        self.cell = nn.GRUCell(hidden, hidden)
        self.head = nn.Linear(hidden, num_agents)
        rng = stream(seed, "belief/initial")
        with torch.no_grad():
            for name, weight in self.named_parameters():
                reach = _GAIN * inputs**-0.5 if name.startswith("encoder") else hidden**-0.5
                drawn = rng.uniform(-reach, reach, size=tuple(weight.shape))
                weight.copy_(torch.from_numpy(drawn))

    def forward(
        self,
        inputs: Tensor,
        memory: Tensor | None = None,
        looks: Tensor | None = None,
        forgets: Tensor | None = None,
    ) -> Tensor:
        """Return logits at each step of courses: (T, rows, inputs) -> (T, rows, N).

        Args:
            inputs: of each step.
            memory: (rows, hidden) before the first one; nothing is remembered if not given.
            looks: (T, rows) who takes the step in; the others remember what they did. All.
            forgets: (T, rows) for whom a new episode begins with the step. Nobody.
        """
        if memory is None:
            memory = inputs.new_zeros(inputs.shape[1], self.hidden)
        logits = []
        for step, now in enumerate(inputs):
            if forgets is not None:
                memory = torch.where(forgets[step, :, None], 0.0, memory)
            after = self._remember(now, memory)
            memory = after if looks is None else torch.where(looks[step, :, None], after, memory)
            logits.append(self.head(memory))
        return torch.stack(logits)

    def follow(self, inputs: Singles, memory: Singles) -> tuple[Singles, Singles]:
        """Return probabilities (rows, N) and what is remembered (rows, hidden) after one step.

        The same as ``forward`` to rounding; a row brings the same bits whoever is beside it.
        """
        weights = {name: weight.detach().numpy() for name, weight in self.named_parameters()}

        def layer(name: str, kind: str, columns: Singles) -> Singles:
            made: Singles = weights[f"{name}.weight{kind}"] @ columns
            made += weights[f"{name}.bias{kind}"][:, None]
            return made

        before = _in_columns(memory)
        gates = layer("cell", "_ih", np.tanh(layer("encoder", "", _in_columns(inputs))))
        again = layer("cell", "_hh", before)
        (reset, update, new), (reset_again, update_again, new_again) = (
            np.split(part, 3, axis=1) for part in (gates, again)
        )
        kept = _sigmoid(update + update_again)
        drawn = np.tanh(new + _sigmoid(reset + reset_again) * new_again)
        after = (1 - kept) * drawn + kept * before
        found = _sigmoid(layer("head", "", after))
        return _in_rows(found, len(inputs)), _in_rows(after, len(inputs))

    def _remember(self, inputs: Tensor, memory: Tensor) -> Tensor:
        remembered: Tensor = self.cell(torch.tanh(self.encoder(inputs)), memory)
        return remembered


def _in_columns(rows: Singles) -> Singles:
    """Return rows (n, K) as columns, so many at a time, the last padded: (chunks, K, TOGETHER)."""
    chunks = max(-(-len(rows) // TOGETHER), 1)
    padded = np.zeros((chunks * TOGETHER, rows.shape[1]), dtype=np.float32)
    padded[: len(rows)] = rows
    return np.ascontiguousarray(padded.reshape(chunks, TOGETHER, -1).swapaxes(1, 2))


def _in_rows(columns: Singles, rows: int) -> Singles:
    found: Singles = columns.swapaxes(1, 2).reshape(-1, columns.shape[1])[:rows]
    return found


def _sigmoid(logits: Singles) -> Singles:
    shares: Singles = 0.5 * (1 + np.tanh(0.5 * logits))
    return shares


def save_belief(path: Path, network: BeliefNetwork) -> None:
    """Write a network into a safetensors file.

    Raises:
        UnwritablePath: nothing half-written is left behind.
    """
    sizes = {name: getattr(network, name) for name in ("inputs", "num_agents", "hidden")}
    about = {"format": _FORMAT, "sizes": json.dumps(sizes)}
    write_atomically(path, in_order(save(dict(network.state_dict()), metadata=about)))


def load_belief(path: Path) -> BeliefNetwork:
    """Read a network.

    Raises:
        UnreadableFile: no such file, a damaged one, or one that holds something else.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            if about.get("format") != _FORMAT:
                raise UnreadableFile(f"{path} holds no belief of this version")
            sizes: dict[str, Any] = json.loads(about["sizes"])
            network = BeliefNetwork(**sizes)
            network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118  # no mapping
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, UnreadableFile):
            raise
        raise UnreadableFile(f"{path} is no readable belief ({error})") from error
    return network


def check_fits(network: BeliefNetwork, inputs: int, num_agents: int, world: str) -> None:
    """Refuse a network made for another world.

    Raises:
        InvalidConfig: says what it was made for.
    """
    if (network.inputs, network.num_agents) != (inputs, num_agents):
        raise InvalidConfig(
            f"this belief is about {network.num_agents} agents from {network.inputs} numbers, and "
            f"{world} has {num_agents} agents that see and do {inputs}"
        )
