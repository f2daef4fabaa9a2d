"""SA-PPO: PPO with a price on actions that change when what is seen changes a little."""

from dataclasses import dataclass

import numpy as np

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.estimators import shares
from rallypoint.agents.gradient.estimators.ppo import Ppo
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.config import keep_plain
from rallypoint.errors import InvalidConfig

_BESIDE = 0.1  # share of the way at which a climb begins


@dataclass(frozen=True, kw_only=True)
class SaPpo(Ppo):
    """PPO plus ``kappa`` times the mean over rows of max KL(pi(s) || pi(s~)), s~ near s.

    The inner maximum is climbed: one step along the sign of the gradient of the likeliest action's
    surprise, since the divergence has no slope at the truth, then along that of the divergence.
    pi(s) is taken as given, and only what is done at s~ is drawn towards it. Of actions that are
    numbers the divergence is the squared distance of means over twice the variance.

    Source: Zhang, Chen, Xiao, Li, Liu, Boning & Hsieh (2020), "Robust Deep Reinforcement Learning
    against Adversarial Perturbations on State Observations", NeurIPS, arXiv:2003.08938, section
    3.2. There the inner maximum is stochastic Langevin dynamics or an interval bound, and ramps up.
    """

    kappa: float = 1.0  # price of a divergence
    near: float = 0.1  # how far s~ may lie from s, in each entry
    units: tuple[float, ...] = (1.0,)  # of each entry; one for all
    climbs: int = 3  # steps

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        super().__post_init__()
        keep_plain(self, "units")
        if not (self.kappa >= 0 and self.near >= 0 and min(self.units) >= 0):
            raise InvalidConfig(
                f"kappa, near and units are numbers >= 0, got {self.kappa}, {self.near} and "
                f"{self.units}"
            )
        if self.climbs < 1:
            raise InvalidConfig(f"climbs is a number of steps >= 1, got {self.climbs}")

    def gradient(self, networks: ActorCritic, parameters: Parameters, batch: Batch) -> Floats:
        """Return each contributor's gradient."""
        found = super().gradient(networks, parameters, batch)
        entries = batch.seen.shape[-1]
        if len(self.units) not in {1, entries}:
            raise InvalidConfig(
                f"units are one for all or one for each of {entries} entries, got {self.units}"
            )
        if not self.kappa or not self.near:
            return found
        pull = _Pull(networks, parameters, batch)
        far = np.float32(self.near) * np.asarray(self.units, dtype=np.float32)
        shown = self._climbed(pull, batch.seen, far)
        prices = np.float32(self.kappa) * shares(batch.weights)
        slopes = pull.slopes(shown) * prices[..., None]
        of_actor = np.zeros_like(found)
        networks.actor.backward(slopes, of_actor)
        return found + of_actor

    def plain_gradient(self, networks: ActorCritic, parameters: Parameters, batch: Batch) -> Floats:
        """Return it without the price, which depends on nothing that was done or told."""
        return super().gradient(networks, parameters, batch)

    def _climbed(self, pull: "_Pull", seen: Floats, far: Floats) -> Floats:
        uphill = pull.back(pull.surprise(seen))
        shown = seen + far * np.float32(_BESIDE if self.climbs > 1 else 1) * np.sign(uphill)
        step = far * np.float32(2 / max(1, self.climbs - 1))  # enough to cross all that is near
        for _ in range(self.climbs - 1):
            uphill = pull.back(pull.slopes(shown))
            moved = shown + step * np.sign(uphill)
            shown = np.clip(moved, seen - far, seen + far)
        return shown


class _Pull:
    """The divergence of what an actor would do from what it would do at the truth."""

    def __init__(self, networks: ActorCritic, parameters: Parameters, batch: Batch) -> None:
        self._networks = networks
        self._allowed = batch.allowed
        self._parameters = parameters
        self._is_choice = networks.architecture.kind == "categorical"
        self._true = self._outputs(batch.seen)
        made = networks.architecture
        if made.log_std is not None:
            spread = np.exp(parameters[:, made.log_std.at])  # (R, K)
            self._variance = np.square(spread)[:, None, None]

    def _outputs(self, seen: Floats) -> Floats:
        """Return probabilities, or means: (R, n, b, K)."""
        outputs = self._networks.actor.forward(self._parameters, seen).copy()
        if not self._is_choice:
            return outputs
        choice = self._networks.choice(self._parameters, self._allowed)
        law: Floats = np.exp(choice.settled(outputs))
        return law

    def slopes(self, shown: Floats) -> Floats:
        """Return derivatives of the divergence by what the actor puts out, shown that."""
        apart: Floats = self._outputs(shown) - self._true
        if not self._is_choice:
            apart /= self._variance
        return apart

    def surprise(self, seen: Floats) -> Floats:
        """Return derivatives of the likeliest action's surprise; of a push, for actions of numbers.

        It is asked at the truth.
        """
        law = self._outputs(seen)
        if not self._is_choice:
            return np.ones_like(law)
        likeliest = law.argmax(axis=-1)[..., None]
        np.put_along_axis(law, likeliest, np.take_along_axis(law, likeliest, axis=-1) - 1, axis=-1)
        return law

    def back(self, slopes: Floats) -> Floats:
        """Follow derivatives of the last outputs back to what was seen."""
        return self._networks.actor.follow(slopes)
