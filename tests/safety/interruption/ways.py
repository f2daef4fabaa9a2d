"""Interruptions of every kind, for the proving ground."""

from rallypoint.safety.threats.interruption import Interruption

EVERY_WAY = [
    Interruption(),
    Interruption(initiation={"region": "high"}, victims=["walker_0", "glider_1"]),
    Interruption(initiation={"region": "high"}, knowledge=["true_state"]),
    Interruption(initiation={"agent": "glider_0", "region": "low"}, draw="episode"),
    Interruption(initiation={"steps": [1, 3]}, theta=0.9, budget={"agents": 1}),
    Interruption(initiation={"every": 2}, resume_after=2, budget={"steps_per_episode": 3}),
    Interruption(theta={"schedule": "visits", "c": 0.5}),
    Interruption(theta={"schedule": "log", "c": 0.2}, policy="uniform"),
    Interruption(theta={"schedule": "log"}, draw="episode", shared=True),
    Interruption(victims=["walker_2"], policy={"action": 2}, shared=True),
    Interruption(policy={"policy": "tests.safety.interruption.policies:Contrary"}),
]
