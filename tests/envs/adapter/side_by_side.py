"""An adapted batch beside the environments themselves, step by step."""

import numpy as np

from rallypoint.envs.conformance.actor import Actor


def assert_same_as_raw(env, make_raw, *, steps, seed=3, choose=None):
    """Fail unless each copy shows exactly what the environment itself does, given its seed.

    Actions are random, or chosen by what is seen. Return how many agents died before the others.
    """
    raws = [make_raw() for _ in env.copies]
    actor = Actor(env)
    seen = env.reset(seed=seed)
    deaths = 0
    _begin(env, raws, seen, range(len(raws)))
    for _ in range(steps):
        actions = choose(seen) if choose else actor.choose()
        step = env.step(actions)
        seen = step.observations
        deaths += step.terminated[~step.ended].sum()
        for row, raw in enumerate(raws):
            _same_step(env, row, raw, actions, step)
        ended = step.ended
        assert ended.tolist() == [not raw.agents for raw in raws]
        if ended.any():
            seen = env.reset(mask=ended)
            _begin(env, raws, seen, np.flatnonzero(ended))
    for one in (env, *raws):
        one.close()
    return deaths


def _begin(env, raws, seen, rows):
    for row in rows:
        observations, _ = raws[row].reset(seed=int(env.episode_seeds[row]))
        _same_observations(env, row, observations, seen)
        assert _living(env, env.alive[row]) == set(raws[row].agents)


def _same_step(env, row, raw, actions, step):
    acted = list(raw.agents)
    by_agent = {
        agent: actions[group.name][row, slot]
        for group in env.groups
        for slot, agent in enumerate(group.agents)
    }
    told = raw.step({agent: by_agent[agent] for agent in acted})
    observations, rewards, terminated, truncated, _ = told
    _same_observations(env, row, observations, step.observations)
    for place, agent in enumerate(env.agents):
        assert step.rewards[row, place] == (rewards[agent] if agent in acted else 0)
        died = agent in acted and terminated[agent]
        cut = agent in acted and truncated[agent] and not died
        assert (step.terminated[row, place], step.truncated[row, place]) == (died, cut)
    if raw.agents:  # at the end the flags say who is left
        assert _living(env, step.alive[row]) == set(raw.agents)


def _same_observations(env, row, observations, seen):
    for group in env.groups:
        for slot, agent in enumerate(group.agents):
            here = seen[group.name][row, slot]
            there = observations.get(agent, np.zeros_like(here))
            np.testing.assert_array_equal(here, there, strict=True)


def _living(env, alive):
    return {agent for agent, lives in zip(env.agents, alive, strict=True) if lives}
