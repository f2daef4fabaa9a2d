"""How a policy gets on with teammates it has never met."""

from collections.abc import Mapping, Sequence

import numpy as np

from rallypoint.agents.teammates.focal import focal_returns
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Floats
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Policy
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threats.teammate.traitor import Traitor


def zero_shot(
    env: BatchEnv,
    policy: Policy,
    population: Mapping[str, Policy],
    *,
    background: Sequence[int],
    seed: int,
) -> dict[tuple[str, int], Floats]:
    """Play beside frozen policies of a population; return what the focal agents earn per capita.

    For every member, and every number of agents that it takes the place of, one episode in each
    copy: (member, number) -> (E,). Who they are is drawn in each copy, alike for all members, and
    nobody learns. With nobody replaced the policy is among its own.

    Args:
        env: the world. It is reset.
        policy: the one that is evaluated.
        population: those it has not met, by name.
        background: how many agents are theirs; each leaves at least one to the policy.
        seed: of world, policies and whom they replace.

    Raises:
        InvalidConfig: no population, or no focal agent.
    """
    if not population or not background:
        raise InvalidConfig("zero-shot evaluation needs a population, and how many of it there are")
    if not all(0 <= number < env.num_agents for number in background):
        raise InvalidConfig(
            f"background agents leave one of {env.num_agents} to the policy, got {background}"
        )
    return {
        (name, number): focal_returns(
            env,
            policy,
            Traitor(victims="byzantine", policy=member),
            Byzantine(count=number),
            seed=seed,
        )
        for name, member in population.items()
        for number in background
    }


def generalisation_gap(found: Mapping[tuple[str, int], Floats]) -> dict[tuple[str, int], float]:
    """Return by how much the policy does worse than among its own, where that was tried.

    Raises:
        InvalidConfig: it was not tried: background lacks 0.
    """
    if not all((name, 0) in found for name, _ in found):
        raise InvalidConfig("what is lost among strangers is told from background = (0, …)")
    return {
        (name, number): float(np.mean(found[name, 0]) - np.mean(returns))
        for (name, number), returns in found.items()
    }
