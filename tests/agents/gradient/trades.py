"""A world of two groups that have little in common, and learners of it put together."""

import numpy as np
from gymnasium.spaces import Box, Discrete

from rallypoint.agents.gradient.actors import Actors
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import LEARNERS
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.server import Server
from rallypoint.agents.gradient.team_lies import TeamLies
from rallypoint.batch_env import Group
from rallypoint.draws import Draws
from rallypoint.envs.batch import World
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats

SMALL = {"policy": (8,), "steps": 12}
LEARNS = {
    "reinforce": {},
    "gpomdp": {},
    "a2c": {"value": (8,)},
    "ppo": {"value": (8,), "minibatch": 10**6, "epochs": 2},
    "ppo_lagrangian": {"value": (8,), "minibatch": 10**6, "epochs": 2, "first_price": 0.5},
    "sa_ppo": {"value": (8,), "minibatch": 10**6, "epochs": 2},
    "fedpg_br": {"fewest": 3, "most": 3, "own_batch": 2},
    "decbyzpg": {"many": 3, "few": 3},
}


class Trades(World):
    """Eight steps. Sorters press the button that is lit, tuners say the pitch that they hear.

    Sorters have a third button, which is always locked, and pay for the first; tuners pay for what
    they say. Nobody's reward depends on anybody else.
    """

    offers = frozenset({"action_mask", "cost", "state"})
    cost_names = ("effort",)
    _state_arrays = ("_lit", "_pitch", "_paid")

    def __init__(self, *, copies=1, sorters=3, tuners=2, max_cycles=8):
        """Open a workshop."""
        groups = [
            Group(
                "sorters", tuple(f"sorter_{i}" for i in range(sorters)), Discrete(2), Discrete(3)
            ),
            Group(
                "tuners",
                tuple(f"tuner_{i}" for i in range(tuners)),
                Box(-1, 1, (2,), np.float32),
                Box(-1, 1, (1,), np.float32),
            ),
        ]
        super().__init__("trades-v0", groups, copies=copies, time_limit=max_cycles)
        count = len(self.copies)
        self._lit = np.zeros((count, sorters), dtype=np.int64)
        self._pitch = np.zeros((count, tuners))
        self._paid = np.zeros((count, sorters + tuners))

    def action_mask(self):
        """Return which buttons are not locked."""
        return {"sorters": np.tile([True, True, False], (*self._lit.shape, 1))}

    def cost(self):
        """Return what the last step cost: (E, N, 1)."""
        return self._paid[..., None].copy()

    def state(self):
        """Return what is lit and heard."""
        return np.concatenate([self._lit, self._pitch], axis=1)

    def _start(self, mask):
        self._paid[mask] = 0
        self._show(mask)

    def _show(self, mask):
        drawn = self._draws.random((self.num_agents,), mask)
        sorters = self._lit.shape[1]
        self._lit[mask] = drawn[:, :sorters] > 0.5
        self._pitch[mask] = 2 * drawn[:, sorters:] - 1

    def _advance(self, actions):
        pressed, said = actions["sorters"], actions["tuners"][..., 0].astype(float)
        rewards = np.concatenate([pressed == self._lit, -((said - self._pitch) ** 2)], axis=1)
        self._paid = np.concatenate([pressed == 0, np.abs(said)], axis=1).astype(float)
        self._show(np.ones(len(self.copies), dtype=bool))
        return rewards.astype(float), np.zeros(rewards.shape, dtype=bool), {}

    def _observe(self):
        heard = np.stack([self._pitch, np.ones_like(self._pitch)], axis=-1)
        return {"sorters": self._lit.copy(), "tuners": heard.astype(np.float32)}


def learner_of(agent, **settings):
    """Return a small learner by its name."""
    return LEARNERS[agent](**{**SMALL, **LEARNS[agent], **settings})


def actors_of(learner, world):
    """Return the actors of a world."""
    size = world.num_agents if learner.central_critic else None
    networks = [learner.architecture(group, size) for group in world.groups]
    return Actors(world.groups, networks, [learner.riders(made) for made in networks])


def rounds_in(
    learner,
    world,
    *,
    count=3,
    seeds=(0,),
    rule="mean",
    f=0,
    who="workers",
    liars=None,
    rollout=Rollout,
    own=Trades,
    **attack,
):
    """Return rounds in a world of several groups; liars is a threat to updates, by member 1."""
    actors = actors_of(learner, world)
    start = [actors.initial(np.random.default_rng(s), scheme=learner.initial) for s in seeds]
    threats = None
    if liars is not None:
        model = ThreatModel.from_dict(
            {
                "byzantine": {"members": [1]},
                "threats": [{"kind": liars, "victims": "byzantine", **attack}],
            }
        )
        frames = [
            TeamLies(model, actors.each, world.agents, seed=seed)
            if who == "team"
            else UpdateThreats(model, contributors=count, seed=seed)
            for seed in seeds
        ]
        threats = frames
    server = Server(
        np.stack(start),
        [Aggregator.parse(rule)] * len(seeds),
        f=f,
        seeds=seeds,
        optimiser=learner.server_optimiser,
        pace=learner.pace,
        riders=actors.riders,
        parts=actors.parts,
    )
    return Rounds(
        rollout(world, Draws(0, "test/trades", world.copies), central=learner.central_critic),
        actors,
        learner,
        Contributors(who=who, count=world.num_agents if who == "team" else count, runs=len(seeds)),
        server,
        steps=learner.steps,
        seeds=seeds,
        contribution=learner.contribution,
        threats=threats,
        descent=learner.descent(lambda copies: own(copies=copies * len(seeds)), actors),
    )
