"""Tori for hypothesis to try, and what happens on them."""

import numpy as np
from hypothesis import strategies as st

import rallypoint

SIZES = st.integers(1, 60)  # N


@st.composite
def tori(draw, num_agents=SIZES):
    """Draw settings, where everybody starts (E, N, 2), and actions for some steps (T, E, N)."""
    width = 2 * draw(st.integers(2, 11)) + 1
    limits = sorted(draw(st.sets(st.integers(0, width // 2), min_size=3, max_size=3)))
    shape = draw(st.integers(1, 3)), draw(num_agents)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    # Near one another more often than not, or rewards would nearly all be alike.
    spread = draw(st.integers(1, width))
    start = (rng.integers(width, size=2) + rng.integers(spread, size=(*shape, 2))) % width
    actions = rng.integers(5, size=(draw(st.integers(1, 4)), *shape))
    return {"width": width, "limits": tuple(limits)}, start, actions


def torus(settings, start, **more):
    copies, num_agents, _ = start.shape
    env = rallypoint.make(
        "torus-v0",
        copies=copies,
        num_agents=num_agents,
        start=start,
        max_cycles=99,
        **settings,
        **more,
    )
    env.reset(seed=0)
    return env


def run(env, actions):
    """Return all that is seen (T, E, N, 25) and earned (T, E, N)."""
    steps = [env.step({"agents": chosen}) for chosen in actions]
    seen = np.stack([step.observations["agents"] for step in steps])
    return seen, np.stack([step.rewards for step in steps])
