"""One copy of a world as a PettingZoo AECEnv: for code that needs one, not for speed."""

from typing import Any

from pettingzoo import AECEnv
from pettingzoo.utils.conversions import parallel_to_aec

from rallypoint.batch_env import BatchEnv
from rallypoint.envs.views.parallel import ParallelView


def aec_view(env: BatchEnv) -> AECEnv[str, Any, Any]:
    """Show a world of one copy as agents that act in turn; calls out of order are refused.

    All still move at once: the world steps when the last living agent has chosen.

    Raises:
        InvalidConfig: it has more than one copy.
    """
    return parallel_to_aec(ParallelView(env))
