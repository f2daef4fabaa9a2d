"""Small worlds with Discrete observations, and a person who overrides actions in them."""

import numpy as np
from gymnasium.spaces import Discrete

from rallypoint.batch_env import Group
from rallypoint.draws import Draws
from rallypoint.envs.batch import World
from rallypoint.wrapper import BatchWrapper

STATES = 5  # the last one is where an agent's part ends


class Wander(World):
    """Each agent wanders among its own states, and leaves when it comes to the last one.

    Agents have 2, 3, … actions if `unlike`, each a group of its own, whose numbers start with 1;
    what the others do adds to the reward. If `late`, the last one arrives after two steps.
    """

    def __init__(
        self, *, num_agents=2, copies=1, max_cycles=None, unlike=False, leave=True, late=False
    ):
        counts = [2 + i if unlike else 3 for i in range(num_agents)]
        names = tuple(f"agent_{i}" for i in range(num_agents))
        start = int(unlike)
        if unlike:
            groups = [
                Group(name, (name,), Discrete(STATES), Discrete(count, start=start))
                for name, count in zip(names, counts, strict=True)
            ]
        else:
            groups = [Group("agents", names, Discrete(STATES), Discrete(3))]
        super().__init__("wander-v0", groups, copies=copies, time_limit=max_cycles)
        self._first_action, self._late = start, late
        rng = np.random.default_rng(5)
        last = STATES if leave else STATES - 1
        self._leads = rng.integers(last, size=(STATES, max(counts), 3))
        self._pays = rng.normal(size=(STATES, max(counts)))
        self._places = np.zeros((self.num_copies, num_agents), dtype=np.int64)

    def _start(self, mask):
        drawn = self._draws.integers(STATES - 1, (self.num_agents,), mask)
        self._places[mask] = drawn
        self._alive[mask, -1] &= not self._late

    def _advance(self, actions):
        chosen = np.concatenate([actions[g.name] for g in self.groups], axis=1)
        chosen = chosen - self._first_action
        pays = self._pays[self._places, chosen] + 0.1 * chosen.sum(axis=1, keepdims=True)
        outcome = self._draws.integers(3, (self.num_agents,))
        alive = self.alive
        moved = self._leads[self._places, chosen, outcome]
        self._alive = alive.copy()
        self._alive[self._elapsed + 1 == 2, -1] |= self._late
        self._places = np.where(alive, moved, self._places)
        return np.where(alive, pays, 0.0), alive & (self._places == STATES - 1), {}

    def _observe(self):
        ends = np.cumsum([len(group.agents) for group in self.groups])
        return {
            group.name: self._places[:, end - len(group.agents) : end].copy()
            for group, end in zip(self.groups, ends, strict=True)
        }


class Overridden(BatchWrapper):
    """Somebody makes each agent do its first action, each with a probability, and says so."""

    def __init__(self, env, probability=0.4):
        super().__init__(env)
        self._probability = probability
        self._coins = None

    def reset(self, seed=None, mask=None):
        observations = super().reset(seed, mask)
        if seed is not None or self._coins is None:
            self._coins = Draws(self.seed, "test/override", self.copies)
        else:
            self._coins.begin_episode(mask)
        return observations

    def step(self, actions):
        coins = self._coins.random((self.num_agents,))
        interrupted = (coins < self._probability) & self.env.alive
        executed, infos, first = {}, {"interrupted": interrupted}, 0
        for group in self.groups:
            columns = slice(first, first + len(group.agents))
            first = columns.stop
            held = int(group.action_space.start)
            executed[group.name] = np.where(interrupted[:, columns], held, actions[group.name])
            infos[f"proposed/{group.name}"] = actions[group.name]
            infos[f"executed/{group.name}"] = executed[group.name]
        step = super().step(executed)
        return step._replace(infos=step.infos | infos)


class Leaving(BatchWrapper):
    """The last agent leaves without a word, or cut short; and whoever is not there is still paid.

    Other people's worlds do so: an agent is gone although nobody said that its part has ended, or
    is cut short alone, and gone from the next step on.
    """

    def __init__(self, env, *, cut_short):
        super().__init__(env)
        self._cut_short = cut_short

    def step(self, actions):
        before = self.env.alive
        step = super().step(actions)
        leaves = step.terminated.copy()
        leaves[:, :-1] = False
        return step._replace(
            rewards=np.where(before, step.rewards, 7.0),
            terminated=step.terminated & ~leaves,
            truncated=step.truncated | (leaves & self._cut_short),
            alive=step.alive | (leaves & self._cut_short),
        )
