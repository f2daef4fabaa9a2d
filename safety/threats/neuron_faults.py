"""Neuron faults: the victims' networks are damaged."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from rallypoint.config import check_least, keep_plain
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.errors import InvalidConfig, NotOffered, did_you_mean
from rallypoint.networks import FaultPlan, Layer
from rallypoint.policies import InspectablePolicy, acting_for
from rallypoint.safety.certificates.synapse_faults import grid_of_bits
from rallypoint.safety.known import Known
from rallypoint.safety.neurons.plans import across, failing, rounding
from rallypoint.safety.neurons.positions import (
    among,
    marked,
    neurons_that_matter,
    spread,
    synapses_that_matter,
)
from rallypoint.safety.threats import Proposal, Site, State, Threat, register

FAULTS = {
    "crash": "neurons send 0",
    "byzantine": "neurons send one end of [-capacity, capacity] whatever they hear",
    "cut": "synapses carry 0",
    "synapse": "synapses carry capacity more, or less, than they are given",
    "precision": "neurons round what they send to so many bits of [-capacity, capacity]",
}
# What else each goes by; the rest says nothing of it.
_GOES_BY = {
    "crash": ("count", "choice"),
    "byzantine": ("count", "choice", "capacity"),
    "cut": ("count", "choice"),
    "synapse": ("count", "choice", "capacity"),
    "precision": ("capacity", "bits"),
}
CHOICES = {"random": "anew in each episode", "critical": "those that can move an output most"}


@register
@dataclass(frozen=True, kw_only=True)
class NeuronFaults(Threat):
    """Agents act as their own policy does with some of its neurons or synapses broken.

    The policy is a network that can be opened (``InspectablePolicy``); which neurons fail is drawn
    for each agent when an episode begins, and stays. The rest of the network computes on as it is.
    A Byzantine neuron sends its lie whatever it hears: by a certificate's measure, a distance from
    the truth, its capacity is its greatest signal more.

    Source: the faults of El Mhamdi & Guerraoui (2017), "When Neurons Fail", IPDPS,
    arXiv:1706.08884; ``rallypoint.safety.certificates.neuron_faults`` bounds what comes of them.
    """

    kind: ClassVar[str] = "neuron_faults"
    site: ClassVar[Site] = "action"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_percept", "policy"})
    takes_all: ClassVar[bool] = True
    idle_elsewhere: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("own_percept", "policy")
    fault: str = "crash"  # "crash", "byzantine", "cut", "synapse" or "precision"
    # Neurons or synapses that fail: in all layers together, or in each, the first one first. Of
    # precision, which all hidden neurons lose, neither it nor the choice is given.
    count: int | tuple[int, ...] = 1
    choice: str = "random"  # which ones: "random" or "critical"
    capacity: float = 1.0  # how large a lie may be, or how far signals reach, in their unit
    bits: int = 4  # of precision

    def __post_init__(self) -> None:
        super().__post_init__()
        for key, known in (("fault", FAULTS), ("choice", CHOICES)):
            if (given := getattr(self, key)) not in known:
                raise InvalidConfig(f"no {key} is called {given!r}{did_you_mean(given, known)}")
        keep_plain(self, "count")
        if min(self._counts, default=-1) < 0:
            raise InvalidConfig(
                f"count is how many fail, >= 0, or one for each layer, got {self.count!r}"
            )
        check_least(self, 0, "capacity")
        if self.fault == "precision":
            grid_of_bits(self.bits, self.capacity)
        unread = {"count", "choice", "capacity", "bits"} - set(_GOES_BY[self.fault])
        for setting in fields(self):
            if setting.name in unread and getattr(self, setting.name) != setting.default:
                raise InvalidConfig(
                    f"{setting.name} says nothing of {self.fault}, which goes by "
                    f"{' and '.join(_GOES_BY[self.fault])}; leave it out"
                )

    @property
    def _counts(self) -> tuple[int, ...]:
        return (self.count,) if isinstance(self.count, int) else self.count

    def init(self, E: int, N: int) -> State:
        """Return the lots by which it falls on neurons, and the signs of their lies."""
        shape = (E, N, sum(self._counts))
        return {"lots": np.zeros(shape), "signs": np.ones(shape)}

    def begin(self, state: State, draws: Draws) -> State:
        """Draw lots for the episode."""
        lots, signs = np.moveaxis(draws.random((*state["lots"].shape[1:], 2)), -1, 0)
        return {"lots": lots.copy(), "signs": np.where(signs < 0.5, -1.0, 1.0)}

    def in_words(self) -> dict[str, str]:
        """Say what fails, and how."""
        if self.fault == "precision":
            return {"does": f"its {FAULTS[self.fault]}: {self.bits}, capacity {self.capacity:g}"}
        what = "synapses" if self.fault in _OF_SYNAPSES else "neurons"
        how_many = " + ".join(map(str, self._counts))
        reach = f", capacity {self.capacity:g}" if self.fault in _LIES else ""
        return {
            "does": f"the agent acts as its policy does with {how_many} {what} broken "
            f"({CHOICES[self.choice]}): {FAULTS[self.fault]}{reach}"
        }

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Let the damaged policy act.

        Raises:
            NotOffered: the policy cannot be opened.
            InvalidConfig: more is to fail than there is.
        """
        policy = acting_for(known.policy, known.group.name)
        if not hasattr(policy, "with_faults"):
            raise NotOffered(
                f"{self.kind} damages a policy that can be opened, and a "
                f"{type(policy).__name__} cannot be: take one of a network, or crash and "
                "random_action, which break whole agents"
            )
        opened: InspectablePolicy = policy
        broken = opened.with_faults(self.plan(opened.layers(), state))
        name = known.group.name
        actions = broken.act({name: known.own_percept}, draws)
        return Proposal(known.affordable, np.asarray(actions[name])), state

    def plan(self, layers: Sequence[Layer], state: State) -> FaultPlan:
        """Return what is broken in each agent's network: leading axes (E, N).

        Raises:
            InvalidConfig: more is to fail than there is.
        """
        if self.fault == "precision":
            return rounding(layers, grid_of_bits(self.bits, self.capacity))
        sizes = [
            layer.weights.size if self.fault in _OF_SYNAPSES else len(layer.weights)
            for layer in (layers if self.fault in _OF_SYNAPSES else layers[:-1])
        ]
        chosen = self._chosen(layers, sizes, state["lots"])
        lies = self.capacity * state["signs"]
        if self.fault in _OF_SYNAPSES:
            is_cut = self.fault == "cut"
            return across(
                layers, chosen, float(not is_cut), np.zeros_like(lies) if is_cut else lies
            )
        failed = marked(chosen, sizes)
        return failing(failed, 0.0 if self.fault == "crash" else spread(chosen, lies, sizes))

    def _chosen(self, layers: Sequence[Layer], sizes: Sequence[int], lots: Floats) -> Integers:
        """Return which fail, numbered over all layers: (E, N, f)."""
        counts = self._counts
        pools = [sum(sizes)] if isinstance(self.count, int) else list(sizes)
        if len(counts) != len(pools) or any(c > p for c, p in zip(counts, pools, strict=False)):
            raise InvalidConfig(
                f"{self.kind}: {self.fault} can strike {pools} places, in all layers together or "
                f"in each of {len(sizes)}; got count = {self.count}"
            )
        matter = synapses_that_matter if self.fault in _OF_SYNAPSES else neurons_that_matter
        found, first, spent = [], 0, 0
        for count, pool in zip(counts, pools, strict=True):
            if self.choice == "critical":
                worst = np.argsort(-matter(layers)[first : first + pool], kind="stable")[:count]
                numbers = np.broadcast_to(worst, (*lots.shape[:-1], count))
            else:
                numbers = among(lots[..., spent : spent + count], pool)
            found.append(first + numbers)
            first, spent = first + pool, spent + count
        return np.concatenate(found, axis=-1)


_OF_SYNAPSES = frozenset({"cut", "synapse"})
_LIES = frozenset({"byzantine", "synapse"})
