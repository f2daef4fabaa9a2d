"""Teams with a traitor among them, played: the second agent does as a threat says."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import rallypoint
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.tabular.exploration import drawn
from rallypoint.batch_env import Actions, Observations
from rallypoint.draws import Draws, Floats, Mask
from rallypoint.experiments.experiment import Receipts
from rallypoint.experiments.toy_game.playing import GAME
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel

TRAITORS: dict[str, dict[str, Any]] = {
    "none": {},
    "random": {"kind": "random_action"},
    "always-0": {"kind": "constant_action", "action": 0},
    "always-1": {"kind": "constant_action", "action": 1},
}


class Remembering:
    """Acts by laws that may change once some step has paid nothing.

    That is seen: whatever pays leads to the second state, whatever does not to the first.
    """

    def __init__(self, laws: Floats, episodes: int) -> None:
        """Act in so many copies for each run by its laws (R, 2, 2 S, A); see ``with_memory``."""
        self._laws = np.repeat(laws, episodes, axis=0)  # (E, 2, 2 S, A)
        self._num_states = laws.shape[2] // 2
        self._betrayed: Mask = np.zeros(len(self._laws), dtype=bool)
        self._is_first: Mask = np.ones(len(self._laws), dtype=bool)

    def begin_episode(self, mask: Mask | None) -> None:
        """Forget."""
        rows: slice | Mask = slice(None) if mask is None else mask
        self._betrayed[rows] = False
        self._is_first[rows] = True

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for both agents."""
        states = observations["agents"]  # (E, 2), the same for both
        self._betrayed |= ~self._is_first & (states[:, 0] == 0)
        self._is_first[:] = False
        rows = states + self._num_states * self._betrayed[:, None]
        law = np.take_along_axis(self._laws, rows[:, :, None, None], axis=2)[:, :, 0]
        return {"agents": drawn(law, draws.random((2,)))}


def returns(
    team: str, laws: Floats, seeds: Sequence[int], traitor: str, *, episodes: int
) -> tuple[Floats, Receipts]:
    """Return what runs with laws (R, 2, 2 S, A) earn on average with a traitor: (R,).

    Raises:
        UnknownName: no such traitor.
    """
    ids = np.add.outer(np.array(seeds) * episodes, np.arange(episodes)).ravel().tolist()
    threats = [{**TRAITORS[traitor], "victims": ["agent_1"]}] if TRAITORS[traitor] else []
    model = ThreatModel.from_dict({"threats": threats})
    world = Threatened(rallypoint.make(GAME, copies=ids), model)
    found = evaluate(world, Remembering(laws, episodes), episodes=len(ids), seed=1)
    receipts = world.receipts()
    told = Receipts(
        f"{team}/{traitor}",
        [receipt.to_dict() for receipt in receipts],
        tuple(disagreements(world.model, receipts)),
    )
    mean: Floats = found.returns[:, 0].reshape(len(seeds), episodes).mean(axis=1)
    return mean, told
