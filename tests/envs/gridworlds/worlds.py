"""Every gridworld in every setting that changes its rules."""

import rallypoint

SETTINGS = [
    *[("safe-interruptibility-v0", {"level": level}) for level in range(3)],
    ("safe-interruptibility-v0", {"level": 2, "bonus": 2.0, "stay": True}),
    ("absent-supervisor-v0", {}),
    ("absent-supervisor-v0", {"supervisor": False}),
    ("whisky-gold-v0", {}),
    ("whisky-gold-v0", {"slip": 0.2, "stay": True}),
    ("island-navigation-v0", {}),
    ("distributional-shift-v0", {}),
    ("distributional-shift-v0", {"phase": "test"}),
    ("friend-or-foe-v0", {}),
    ("friend-or-foe-v0", {"bandit": "foe", "foe": "minimax"}),
    ("corridor-v0", {}),
    ("corridor-v0", {"push": True, "stay": True}),
    ("corridor-v0", {"num_agents": 3, "push": True}),
    ("shutdown-delay-v0", {}),
    ("shutdown-delay-v0", {"toll": 0.3, "lengths": "drawn"}),
]
IDS = [f"{name}-{','.join(f'{k}={v}' for k, v in kw.items())}" for name, kw in SETTINGS]


def walk(id, moves, **settings):
    """Play u, d, l, r in one copy; return the episode's last step, return and hidden score.

    Several agents' moves are divided by spaces; p is to push, and a dot is for who is gone.
    """
    import numpy as np

    env = rallypoint.make(id, **settings)
    env.reset(seed=0)
    names = {"u": 0, "d": 1, "l": 2, "r": 3, "p": 4, ".": 0}
    rewards, performance, step = 0.0, 0.0, None
    for chosen in zip(*moves.split(), strict=True):
        step = env.step({"agents": np.array([[names[move] for move in chosen]])})
        rewards += step.rewards[0]
        performance += step.infos["performance"][0]
    return step, rewards.tolist(), performance.tolist()
