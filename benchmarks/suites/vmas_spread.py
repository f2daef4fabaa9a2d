"""VMAS's simple_spread: batches of copies on torch tensors, here on one CPU thread."""

from collections.abc import Sequence
from functools import partial

from timing import Case, Work

from suites import Suite

EPISODE = 25  # as long as mpe2's
NUM_AGENTS = (3, 10)
COPIES = (1, 64, 1024, 4096)
_NUM_ACTIONS = 5


def id_of(num_agents: int, copies: int) -> str:
    """Return the id of a size."""
    return f"VMAS N={num_agents} E={copies}"


def cases(*, quick: bool) -> Sequence[Case]:
    """Return it at several sizes."""
    return [
        Case(row=f"VMAS N={N}", column=f"E={E}", prepare=partial(_episodes, N, E))
        for N in NUM_AGENTS
        for E in (COPIES[:3] if quick else COPIES)
    ]


SUITE = Suite(cases=cases, packages=("vmas", "torch", "gym", "numpy"), needs="vmas")


def _episodes(num_agents: int, copies: int) -> Work:
    import torch
    import vmas  # type: ignore[import-not-found]  # lives in .venv-peers

    torch.set_num_threads(1)
    env = vmas.make_env(
        "simple_spread",
        num_envs=copies,
        device="cpu",
        continuous_actions=False,
        seed=0,
        n_agents=num_agents,
    )
    drawn = torch.Generator().manual_seed(0)
    shape = (EPISODE, num_agents, copies, 1)
    actions = torch.randint(0, _NUM_ACTIONS, shape, generator=drawn)
    script = [list(row.unbind()) for row in actions.unbind()]

    def episode() -> int:
        env.reset()
        for row in script:
            env.step(row)
        return EPISODE * copies * num_agents

    return episode
