"""Learners put together as ``rallypoint train`` does it, for several runs side by side."""

from itertools import product

import numpy as np
from gymnasium.spaces import Box, Discrete

import rallypoint
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.scsg import Scsg
from rallypoint.agents.gradient.server import Server
from rallypoint.batch_env import Group
from rallypoint.draws import Draws
from rallypoint.envs.batch import World
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats


class TollRoad(World):
    """Ten steps; whoever takes the toll road (1) gains 1 and pays 1, else it gains 0.4."""

    offers = frozenset({"cost", "state"})
    cost_names = ("toll",)
    _state_arrays = ("_paid",)

    def __init__(self, *, copies=1, num_agents=1, max_cycles=10):
        """Set up roads."""
        names = tuple(f"agent_{i}" for i in range(num_agents))
        group = Group("agents", names, Box(0, 1, (2,), np.float32), Discrete(2))
        super().__init__("toll-road-v0", [group], copies=copies, time_limit=max_cycles)
        self._paid = np.zeros((len(self.copies), num_agents))

    def cost(self):
        """Return what the last step cost: (E, N, 1)."""
        return self._paid[..., None].copy()

    def state(self):
        """Return what was paid: (E, N)."""
        return self._paid.copy()

    def _start(self, mask):
        self._paid[mask] = 0

    def _advance(self, actions):
        self._paid = actions["agents"].astype(float)
        rewards = np.where(self._paid > 0, 1.0, 0.4)
        return rewards, np.zeros(rewards.shape, dtype=bool), {}

    def _observe(self):
        return {"agents": np.ones((*self._paid.shape, 2), dtype=np.float32)}


def rounds_of(
    learner,
    world,
    *,
    count,
    seeds=(0,),
    rule="mean",
    f=0,
    who="workers",
    liars=None,
    own=None,
    **attack,
):
    """Return rounds; liars is a kind of threat to updates, of contributors 0 …, f of them.

    ``own`` is the world of the server itself.
    """
    networks = learner.architecture(world.groups[0])
    start = [networks.initial(np.random.default_rng(s), scheme=learner.initial) for s in seeds]
    threats = None
    if liars is not None:
        model = ThreatModel.from_dict(
            {
                "byzantine": {"members": list(range(f))},
                "threats": [{"kind": liars, "victims": "byzantine", **attack}],
            }
        )
        threats = [UpdateThreats(model, contributors=count, seed=seed) for seed in seeds]
    server = Server(
        np.stack(start),
        [Aggregator.parse(rule)] * len(seeds),
        f=f,
        seeds=seeds,
        optimiser=learner.server_optimiser,
        pace=learner.pace,
        riders=learner.riders(networks),
    )
    settings = {}
    if own is not None:
        settings["descent"] = Scsg(own, networks, learner, batch=learner.own_batch)
    return Rounds(
        Rollout(world, Draws(0, "test/gradient", world.copies)),
        networks,
        learner,
        Contributors(who=who, count=count, runs=len(seeds)),
        server,
        steps=learner.steps,
        seeds=seeds,
        contribution=learner.contribution,
        threats=threats,
        **settings,
    )


def carts(copies, max_cycles=12):
    """Return carts whose episodes are so short that some last to the end in every run."""
    return rallypoint.make("cartpole-v1", copies=copies, max_cycles=max_cycles)


def gone_on(make, rounds, *, at):
    """Return the parameters of rounds that went through, and of ones that were taken up again."""
    whole = make()
    list(whole.run(rounds))
    first, second = make(), make()
    list(first.run(at))
    saved = {name: part.copy() for name, part in first.snapshot().items()}
    list(first.run(1))
    second.restore(saved)
    list(second.run(rounds - at))
    return whole, second


def chance_of(gains):
    """Return how likely gains of runs are as large together if each could as well be a loss.

    All signs are tried, 2^R of them.
    """
    signs = np.array(list(product([-1, 1], repeat=len(gains))))
    return float((signs @ np.abs(gains) >= gains.sum() - 1e-9).mean())
