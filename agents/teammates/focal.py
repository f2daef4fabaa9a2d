"""What those of a team earn who are themselves, beside others who are not."""

import numpy as np

from rallypoint.agents.episodes import play
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws, Floats
from rallypoint.policies import Policy
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat


def focal_returns(
    env: BatchEnv, policy: Policy, threat: Threat, others: Byzantine, *, seed: int
) -> Floats:
    """Play one episode in every copy; return what each honest agent earned in it, on average: (E,).

    The return per capita of the focal agents, as in Leibo et al. (2021), "Scalable Evaluation of
    Multi-Agent Reinforcement Learning with Melting Pot", ICML, arXiv:2107.06857.

    Args:
        env: the world. It is reset.
        policy: acts for all its agents; those who are not themselves do something else.
        threat: what they do; its victims are "byzantine".
        others: who they are, drawn in each copy, or always the same.
        seed: of world, policy and threat.
    """
    model = ThreatModel(byzantine=others, threats=(threat,))
    world = Threatened(env, model, policy=policy)
    earned = np.zeros((env.num_copies, env.num_agents))
    honest = np.zeros(earned.shape, dtype=bool)
    for moment in play(world, policy, Draws(seed, "teammates/focal", env.copies), seed=seed):
        rewards = moment.step.infos["true_rewards"]
        mine = moment.in_first_episode[:, None] & ~world.byzantine
        earned += np.where(mine, rewards, 0)
        honest |= mine
    returns: Floats = earned.sum(axis=1) / np.maximum(honest.sum(axis=1), 1)
    return returns
