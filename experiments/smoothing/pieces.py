"""What is measured under one noise, on one seed: each piece by itself, or as it was kept."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from rallypoint.batch_env import Array
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import Advance, Receipts
from rallypoint.experiments.kept import Kept
from rallypoint.experiments.smoothing.attacks import attacked, threat_of
from rallypoint.experiments.smoothing.config import SmoothingConfig
from rallypoint.experiments.smoothing.one_by_one import OneByOne, certified
from rallypoint.experiments.smoothing.policies import learned, of_weights, poles, returns
from rallypoint.plain_json import to_json
from rallypoint.safety.smoothing import SmoothedPolicy
from rallypoint.snapshots import as_array, as_text

# Episodes that nobody has seen while learning, certifying or choosing a way to attack.
_CERTIFIED, _ATTACKED, _SEARCHED = 10_000, 20_000, 30_000


class Pieces:
    """A policy that learned under noise, and what comes of it."""

    def __init__(
        self, config: SmoothingConfig, kept: Kept, *, sigma: float, seed: int, advance: Advance
    ) -> None:
        """Let a policy learn, or take it as it was kept.

        Args:
            config: how much.
            kept: what is finished already.
            sigma: of the noise.
            seed: of all of it.
            advance: told of each round of learning.
        """
        self.sigma, self.seed = sigma, seed
        self._config, self._kept = config, kept
        left = [config.rounds]

        def counted(units: int = 1) -> None:
            left[0] -= units
            advance(units)

        def learn() -> dict[str, Array]:
            return {"weights": learned(sigma, config.rounds, seed, counted).parameters}

        found = self._piece("learned", {}, learn)
        advance(left[0])  # all of it, where it was kept
        self.policy = of_weights(found["weights"])  # beneath the noise

    def paid(self) -> tuple[Floats, float]:
        """Return what episodes under noise paid, and the CPU seconds that they took."""

        def make() -> dict[str, Array]:
            begun = time.process_time()
            world = poles(self._config.certified)
            smoothed = SmoothedPolicy(self.policy, self.sigma)
            paid = returns(world, smoothed, _CERTIFIED + self.seed)
            return {"paid": paid, "seconds": np.array(time.process_time() - begun)}

        found = self._piece("certified", {"episodes": self._config.certified}, make)
        return found["paid"], float(found["seconds"])

    def attacked(self, name: str, budget: float) -> tuple[Floats, Receipts]:
        """Return what episodes paid under an attack, and what it really did."""
        config, sigma, seed = self._config, self.sigma, self.seed

        def make() -> dict[str, Array]:
            threat = threat_of(
                name,
                self.policy,
                sigma,
                budget * sigma,
                episodes=config.searched,
                seed=_SEARCHED + seed,
            )
            left = attacked(
                threat, self.policy, sigma, episodes=config.attacked, seed=_ATTACKED + seed
            )
            told = {"receipt": left.receipt.to_dict(), "wrong": left.disagreements}
            return {"paid": left.returns, "told": as_array(to_json(told))}

        about = {"attack": name, "budget": budget, "episodes": config.attacked}
        title = f"{name.replace(', ', '-').replace(' ', '-')}-{budget:g}"
        found = self._piece(title, about | {"searched": config.searched}, make)
        told = msgspec.json.decode(as_text(found["told"]) or "")
        label = f"{sigma:g}/{name}/budget-{budget:g}/seed-{seed}"
        return found["paid"], Receipts(label, [told["receipt"]], tuple(told["wrong"]))

    def one_by_one(self, states: Array, noise: float) -> OneByOne:
        """Return what is certified of the actions in some states, under another noise."""
        config = self._config

        def make() -> dict[str, Array]:
            found = certified(config, self.policy, states, noise, self.seed)
            radii = {"radii": found.radii, "radii_of_values": found.radii_of_values}
            return radii | {"changed": np.array(found.changed)}

        about = {"states": config.states, "samples": config.samples, "noise": noise}
        found = self._piece(f"actions-{noise:g}", about, make)
        return OneByOne(found["radii"], found["radii_of_values"], int(found["changed"]))

    def _piece(
        self, name: str, about: Mapping[str, Any], make: Callable[[], dict[str, Array]]
    ) -> Mapping[str, Array]:
        own = {"sigma": self.sigma, "seed": self.seed, "rounds": self._config.rounds}
        return self._kept.piece(f"{self.sigma:g}/seed-{self.seed}/{name}", {**own, **about}, make)
