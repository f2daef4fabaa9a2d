"""JaxMARL's simple_spread on one CPU thread, called step by step and as one compiled loop.

The loop is what its own learners use: nothing but JAX may stand between two steps. A call a step is
how any other learner meets it, and how all others here are called.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from timing import Case, Work

from suites import Suite

EPISODE = 25  # its own default
NUM_AGENTS = (3, 10)
COPIES = (1, 64, 1024, 4096)
_NUM_ACTIONS = 5


def id_of(num_agents: int, copies: int, *, compiled: bool) -> str:
    """Return the id of a size."""
    return f"{_row(num_agents, compiled=compiled)} E={copies}"


def cases(*, quick: bool) -> Sequence[Case]:
    """Return it at several sizes; to compile one takes seconds."""
    return [
        Case(
            row=_row(N, compiled=compiled),
            column=f"E={E}",
            prepare=partial(_loop if compiled else _calls, N, E),
        )
        for N in (NUM_AGENTS[1:] if quick else NUM_AGENTS)
        for compiled in (False, True)
        for E in (COPIES[:2] if quick else COPIES)
    ]


SUITE = Suite(cases=cases, packages=("jaxmarl", "jax", "jaxlib", "numpy"), needs="jaxmarl")


def _row(num_agents: int, *, compiled: bool) -> str:
    return f"JaxMARL{' loop' * compiled} N={num_agents}"


def _started(num_agents: int, copies: int) -> tuple[Any, Any, Any]:
    """Return its batched step, the state to begin with, and actions (EPISODE, E) by agent."""
    import jax
    import jaxmarl  # type: ignore[import-not-found]  # lives in .venv-peers

    env = jaxmarl.make("MPE_simple_spread_v3", num_agents=num_agents, num_landmarks=num_agents)
    key = jax.random.key(0)
    observations, state = jax.vmap(env.reset)(jax.random.split(key, copies))
    actions = {
        agent: jax.random.randint(jax.random.fold_in(key, i), (EPISODE, copies), 0, _NUM_ACTIONS)
        for i, agent in enumerate(env.agents)
    }

    def step(carried: Any, chosen: Any) -> tuple[Any, Any]:
        # What is seen is carried on, as it is to a policy: else the compiler would leave it out.
        key, state, _, earned = carried
        key, now = jax.random.split(key)
        seen, state, rewards, done, _ = jax.vmap(env.step)(
            jax.random.split(now, copies), state, chosen
        )
        earned = {agent: earned[agent] + rewards[agent] for agent in earned}
        return (key, state, seen, earned), done["__all__"]

    nothing = {agent: jax.numpy.zeros(copies) for agent in env.agents}
    return step, (key, state, observations, nothing), actions


def _loop(num_agents: int, copies: int) -> Work:
    import jax

    step, carried, actions = _started(num_agents, copies)
    whole = jax.jit(partial(jax.lax.scan, step))

    def episode() -> int:  # it resets by itself
        nonlocal carried
        carried, _ = jax.block_until_ready(whole(carried, actions))
        return EPISODE * copies * num_agents

    return episode


def _calls(num_agents: int, copies: int) -> Work:
    import jax

    step, carried, actions = _started(num_agents, copies)
    one = jax.jit(step)
    script = [{agent: chosen[t] for agent, chosen in actions.items()} for t in range(EPISODE)]

    def episode() -> int:  # it resets by itself
        nonlocal carried
        for chosen in script:
            carried, _ = jax.block_until_ready(one(carried, chosen))
        return EPISODE * copies * num_agents

    return episode
