"""Which agents a team can spare least: the victims that a strong adversary would choose."""

from dataclasses import replace
from typing import NamedTuple

from rallypoint.agents.teammates.focal import focal_returns
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Floats
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Policy
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threats import Threat


class Critical(NamedTuple):
    """The most critical agents, and what the others have without them."""

    agents: tuple[str, ...]  # the most critical first: ``victims`` of a threat
    returns: tuple[float, ...]  # mean return per honest agent when the first k turn, k = 1, 2, …


def most_critical(
    env: BatchEnv, policy: Policy, threat: Threat, *, count: int, seed: int
) -> Critical:
    """Find agents whose turning costs the others most, one after another.

    At each step the agent is added whose turning, beside those found already, leaves the honest
    least: the greedy choice, which for some teams is not the worst set of its size. It tries
    ``count * N`` teams, one episode in every copy each, all on the same episodes.

    Args:
        env: the world; give it enough copies. It is reset.
        policy: acts for all its agents.
        threat: what critical agents do, such as ``Traitor()``; its own victims do not matter.
        count: how many to find.
        seed: of world, policy and threat.

    Raises:
        InvalidConfig: nobody to find, or nobody left to be harmed.
    """
    if not 1 <= count < env.num_agents:
        raise InvalidConfig(
            f"count is at least 1 and leaves one of {env.num_agents} agents honest, got {count}"
        )
    turned = replace(threat, victims="byzantine")
    found: list[str] = []
    left: list[float] = []
    for _ in range(count):
        worth = {
            agent: float(_without(env, policy, turned, (*found, agent), seed).mean())
            for agent in env.agents
            if agent not in found
        }
        worst = min(worth, key=lambda agent: (worth[agent], env.agents.index(agent)))
        found.append(worst)
        left.append(worth[worst])
    return Critical(tuple(found), tuple(left))


def _without(
    env: BatchEnv, policy: Policy, threat: Threat, members: tuple[str, ...], seed: int
) -> Floats:
    return focal_returns(env, policy, threat, Byzantine(members=members), seed=seed)
